"""Mends that provably lose nothing: what was taken away is not part of the answer.

Each is one linear pass. A text that needs more than these is a matter for `repair`.
"""

import re

_STRING_OR_COMMA = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)|,(?=[ \t\r\n]*+[}\]])', re.DOTALL
)
_COMMA = re.compile(r",[ \t\r\n]*+[}\]]")
_NO_PROSE = re.compile(r'[{}\[\]"\\\x00\ud800-\udfff]')
_BOM = "\ufeff"


def unwrap(text: str) -> tuple[str, list[str]]:
    """The one object inside byte-order mark, code fence or prose, and what was around it.

    Prose has no brackets and no quotes: with those it could be a lost part of the answer.
    """
    mends = []
    bare = text.strip()
    if bare.startswith(_BOM):
        bare = bare.lstrip(_BOM).lstrip()
        mends.append("bom")
    start, end = bare.find("{"), bare.rfind("}") + 1
    if start < 0 or end <= start:
        return bare, mends
    before, body, after = bare[:start], bare[start:end], bare[end:]
    if not (before or after) or not _prose(before, after):
        return bare, mends
    fenced = before.rstrip().startswith("```") and after.strip() == "```"
    mends.append("fence" if fenced and "\n" not in before.strip() else "prose")
    return body, mends


def _prose(before: str, after: str) -> bool:
    around = before + after
    apart = not after or after[0].isspace() or after.startswith("```")
    return apart and not _NO_PROSE.search(around)


def without_trailing_commas(text: str) -> str:
    """The same text without commas right before a closing bracket; strings stay untouched."""
    return _STRING_OR_COMMA.sub(_keep_string, text) if _COMMA.search(text) else text


def _keep_string(match: re.Match[str]) -> str:
    return match["string"] or ""
