"""Strict JSON (RFC 8259): no NaN, no infinities, no property that is given twice.

Every other parser here takes the last of two properties of one name in silence. So whatever comes
from outside (commands, source rows, prediction lines, settings) passes `check_unique` as well.
"""

import json
import re
from typing import Any

import msgspec

_PLAIN_NAME = re.compile(r"[A-Za-z_$][\w$-]{0,39}", re.ASCII)
_LONGEST_PATH = 70
"""Characters of a path in an error; of a longer one the end is given."""


class NotStrict(ValueError):
    """The text is not strict JSON."""


class DuplicateKey(NotStrict):
    """An object has two properties of one name, so its value is ambiguous.

    `path` names the second one, such as `response.candidates[0].finishReason`; it is empty when
    `parse` raised the error, which does not search for it.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        super().__init__(f"{path or 'a property'} is given twice")


class InvalidJson(NotStrict):
    """The text is not JSON.

    `is_control_character`: the first error is an unescaped control character in a string.
    """

    def __init__(self, *, is_control_character: bool = False) -> None:
        self.is_control_character = is_control_character
        super().__init__("not JSON, or nested too deep")


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
    except DuplicateKey:
        raise
    except json.JSONDecodeError as error:
        raise InvalidJson(is_control_character=error.msg.startswith("Invalid control")) from None
    except (ValueError, RecursionError):
        raise InvalidJson from None


def check_unique(data: bytes) -> None:
    """Check that no object of a JSON text has two properties of one name, at any depth.

    Names are compared after unescaping. Raises `DuplicateKey` with the path, or `InvalidJson`.
    """
    # Bytes that are not UTF-8 pass here: to refuse them is the decoder's task, for a field it reads.
    text = data.decode("utf-8", "surrogateescape")
    try:
        _CHECKER.decode(text)
    except DuplicateKey:
        raise DuplicateKey(_repeated_path(text)) from None
    except (ValueError, RecursionError):
        raise InvalidJson from None


def is_canonical(data: bytes) -> bool:
    """Whether the text is JSON just as msgspec writes it; then no property is given twice.

    A decoder drops the first of two properties, so that its value is encoded to other bytes.
    This costs a third of `check_unique`, which decides about every other text.
    """
    try:
        return bool(_ENCODE(_DECODE(data)) == data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return False


_DECODE = msgspec.json.Decoder().decode
_ENCODE = msgspec.json.Encoder().encode


class _Repeated(str):
    """Stands for an object with a property that is given twice: the name of that property."""

    __slots__ = ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise DuplicateKey
    return members


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Repeated:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            return _Repeated(name)
        members[name] = value
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


# Numbers stay text: one of thousands of digits is refused by the decoder that needs it, if any.
_CHECKER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_int=str, parse_float=str
)
_MARKER = json.JSONDecoder(object_pairs_hook=_marked, parse_int=str, parse_float=str)


def _repeated_path(text: str) -> str:
    """Return the path of the first property that is given twice, in the order of the text."""
    try:
        waiting: list[tuple[str, Any]] = [("", _MARKER.decode(text))]
    except (ValueError, RecursionError):
        return ""  # broken, or nested too deep, behind that property
    # Not recursive: the parser admits texts that are nested as deep as the stack is.
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Repeated):
            return shortened(path_below(path, value))
        if isinstance(value, dict):
            inner = [(path_below(path, name), child) for name, child in value.items()]
        elif isinstance(value, list):
            inner = [(path_below(path, index), child) for index, child in enumerate(value)]
        else:
            continue
        waiting += reversed(inner)
    return ""


def path_below(path: str, name: str | int) -> str:
    """Return the path of a property, or of an element of a list, below a path.

    >>> path_below("response.candidates", 0)
    'response.candidates[0]'
    """
    if isinstance(name, int):
        return f"{path}[{name}]"
    shown = name if _PLAIN_NAME.fullmatch(name) else json.dumps(name)[:40]
    return f"{path}.{shown}" if path else shown


def shortened(path: str) -> str:
    """Return the path as an error shows it: its end when it is long."""
    return path if len(path) <= _LONGEST_PATH else f"…{path[-_LONGEST_PATH:]}"
