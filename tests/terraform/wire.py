"""The part of protobuf's wire format that Terraform's plugin protocol, version 6, needs.

Field numbers follow docs/plugin-protocol of hashicorp/terraform; values travel as msgpack.
"""

from typing import Any

import msgspec

Fields = dict[int, list[Any]]

UNKNOWN = msgspec.msgpack.Ext(0, b"\x00")
"""A value that is known only after an apply."""


def varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 127
        out.append(low | 128 if number else low)
        if not number:
            return bytes(out)


def piece(field: int, content: bytes) -> bytes:
    """Encode a length-delimited field: a message, bytes or text."""
    return varint(field << 3 | 2) + varint(len(content)) + content


def text(field: int, content: str) -> bytes:
    return piece(field, content.encode()) if content else b""


def number(field: int, value: int | None) -> bytes:
    """Encode a number. Zero is left out, as in protobuf."""
    return varint(field << 3) + varint(value) if value else b""


def fields_of(message: bytes) -> Fields:
    """Return every field of a message, by number."""
    fields: Fields = {}
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        kind, length = key & 7, {1: 8, 5: 4}.get(key & 7, 0)
        value: int | bytes
        if kind == 0:
            value, at = _read_varint(message, at)
        else:
            if kind == 2:
                length, at = _read_varint(message, at)
            value, at = message[at : at + length], at + length
        fields.setdefault(key >> 3, []).append(value)
    return fields


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value, at, shift = value | (byte & 127) << shift, at + 1, shift + 7
        if byte < 128:
            return value, at


def first(fields: Fields, field: int) -> Any:
    return fields.get(field, [b""])[0]


def to_value(value: object) -> bytes:
    """Encode a DynamicValue."""
    return piece(1, msgspec.msgpack.encode(value))


def from_value(message: bytes) -> Any:
    fields = fields_of(message)
    if 1 in fields:
        return msgspec.msgpack.decode(fields[1][0])
    return msgspec.json.decode(first(fields, 2) or b"null")
