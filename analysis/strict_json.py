"""Strict JSON (RFC 8259): no NaN, no infinities, no duplicate keys."""

import json
from typing import Any


class DuplicateKey(Exception):
    """An object has two properties of one name, so its value is ambiguous."""


class InvalidJson(Exception):
    """The text is not JSON.

    `is_control_character`: the first error is an unescaped control character in a string.
    """

    def __init__(self, *, is_control_character: bool = False) -> None:
        self.is_control_character = is_control_character
        super().__init__()


def parse(text: str, *, allow_controls: bool = False) -> Any:
    """Parse a JSON text. Raises `DuplicateKey` or `InvalidJson`, and nothing else.

    `allow_controls` accepts unescaped control characters, such as line breaks, inside strings.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            strict=not allow_controls,
        )
    except json.JSONDecodeError as error:
        raise InvalidJson(is_control_character=error.msg.startswith("Invalid control")) from None
    except (ValueError, RecursionError):
        raise InvalidJson from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise DuplicateKey
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
