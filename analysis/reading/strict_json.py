"""JSON as the standard has it, and nothing more."""

import json
from typing import Any


class Repeated(Exception):
    """A property stands twice in one object: nobody knows which one was meant."""


class Malformed(Exception):
    """The text is not JSON. `over_a_control`: because of a raw control sign in a string."""

    def __init__(self, *, over_a_control: bool = False) -> None:
        self.over_a_control = over_a_control
        super().__init__()


def parse(text: str, *, raw_controls: bool = False) -> Any:
    """The value of a JSON text. Raises `Repeated` or `Malformed`, never anything else.

    NaN and infinities are no JSON. `raw_controls` takes line breaks and tabs that were not
    escaped inside a string for what they are.
    """
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            strict=not raw_controls,
        )
    except json.JSONDecodeError as error:
        raise Malformed(over_a_control=error.msg.startswith("Invalid control")) from None
    except (ValueError, RecursionError):
        raise Malformed from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Repeated
    return members


def _refuse(constant: str) -> Any:
    raise ValueError(constant)
