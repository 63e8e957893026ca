"""Strict JSON (RFC 8259): no NaN, no infinities, no property that is given twice.

Every other parser here takes the last of two properties of one name in silence. So whatever comes
from outside (commands, source rows, prediction lines, settings) passes `check_unique` as well.
"""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

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
        return (_WITH_CONTROLS if allow_controls else _STRICT).decode(text)
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
        raise DuplicateKey(_path_in(text)) from None
    except (ValueError, RecursionError):
        raise InvalidJson from None


class Members(dict[str, Any]):
    """An object of which the first value of each property counts."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: Iterable[tuple[str, Any]] = ()) -> None:
        self.repeated: str | None = None
        """The first property that is given twice."""
        for name, value in pairs:
            self.add(name, value)

    def add(self, name: str, value: Any) -> None:
        if name in self:
            self.repeated = name if self.repeated is None else self.repeated
        else:
            self[name] = value


def unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise DuplicateKey
    return members


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Members(pairs)


def _bounded(digits: str) -> int | float:
    """Return an integer; infinity for one of more digits than Python reads (4,300)."""
    try:
        return int(digits)
    except ValueError:
        return math.inf


def _nothing(_: str) -> None:
    return None


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


# Made once: that costs more than to decode a short text.
_STRICT, _WITH_CONTROLS = (
    json.JSONDecoder(object_pairs_hook=unique_members, parse_constant=_refuse, strict=strict)
    for strict in (True, False)
)
# Numbers stay text: one of thousands of digits is refused by the decoder that needs it, if any.
_CHECKER = json.JSONDecoder(
    object_pairs_hook=unique_members, parse_constant=_refuse, parse_int=str, parse_float=str
)


def lenient_decoder(*, unique: bool) -> json.JSONDecoder:
    """Make a decoder for which NaN is null, and an integer of thousands of digits is infinite.

    `unique`: it raises `DuplicateKey`; otherwise `repeated_path` finds such a property.
    """
    hook = unique_members if unique else _marked
    return json.JSONDecoder(object_pairs_hook=hook, parse_int=_bounded, parse_constant=_nothing)


_MARKER = lenient_decoder(unique=False)


def _path_in(text: str) -> str:
    try:
        return repeated_path(_MARKER.decode(text)) or ""
    except (ValueError, RecursionError):
        return ""  # broken, or nested too deep, behind that property


def repeated_path(document: Any) -> str | None:
    """Return the path of the first property that is given twice, in the order of the text."""
    waiting: list[tuple[str, Any]] = [("", document)]
    # Not recursive: the parser admits texts that are nested as deep as the stack is.
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Members) and value.repeated is not None:
            return shortened(path_below(path, value.repeated))
        if isinstance(value, dict):
            inner = [(path_below(path, name), child) for name, child in value.items()]
        elif isinstance(value, list):
            inner = [(path_below(path, index), child) for index, child in enumerate(value)]
        else:
            continue
        waiting += reversed(inner)
    return None


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
