"""How a refusal is worded: the field and what may stand there, and never what stood there."""

import re
from typing import get_args, get_type_hints

from .commands import IN_WORDS

_A_TIME = "Expected a time such as 2026-01-31T00:00:00Z"


def in_words(error: Exception, kind: type) -> str:
    """What is wrong with data that was to be read as `kind`."""
    if isinstance(error, UnicodeDecodeError):
        return "the text is not UTF-8"
    told = re.sub(r"Invalid enum value '.*?'( - at|$)", r"Invalid enum value\1", str(error))
    for pattern, words in IN_WORDS.items():
        told = told.replace(f"`str` matching regex {pattern!r}", words)
    told = told.replace("Invalid RFC3339 encoded datetime", _A_TIME)
    chosen = re.fullmatch(r"Invalid enum value - at `\$\.(\w+)`", told)
    if chosen:
        choices = ", ".join(get_args(get_type_hints(kind)[chosen.group(1)]))
        told = told.replace("Invalid enum value", f"Expected one of {choices}")
    return told
