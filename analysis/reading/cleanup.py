"""Cleanups that lose nothing: they remove only text that is not part of the answer.

Each is one linear pass. Text that needs more than this goes to `repair`.
"""

import re

# Whole strings are matched first, so that a comma inside a string is never taken for a trailing
# one. Possessive quantifiers (`*+`) do not backtrack: the search is linear in any text.
_STRING_OR_COMMA = re.compile(
    r'(?P<string>"[^"\\]*+(?:\\.[^"\\]*+)*+"?)|,(?=[ \t\r\n]*+[}\]])', re.DOTALL
)
_TRAILING_COMMA = re.compile(r",[ \t\r\n]*+[}\]]")
_NOT_PROSE = re.compile(r'[{}\[\]"\\\x00\ud800-\udfff]')
_BOM = "\ufeff"


def unwrap(text: str) -> tuple[str, list[str]]:
    """Remove a byte-order mark, code fence or prose around one object.

    Returns the object's text and the names of the cleanups: bom, fence, prose. Text with brackets,
    quotes or backslashes is not prose: it could be a lost part of the answer, so it stays.
    """
    cleanups = []
    bare = text.strip()
    if bare.startswith(_BOM):
        bare = bare.lstrip(_BOM).lstrip()
        cleanups.append("bom")
    start, end = bare.find("{"), bare.rfind("}") + 1
    if start < 0 or end <= start:
        return bare, cleanups
    before, body, after = bare[:start], bare[start:end], bare[end:]
    if not (before or after) or not _is_prose(before, after):
        return bare, cleanups
    fenced = before.rstrip().startswith("```") and after.strip() == "```"
    cleanups.append("fence" if fenced and "\n" not in before.strip() else "prose")
    return body, cleanups


def _is_prose(before: str, after: str) -> bool:
    is_apart = not after or after[0].isspace() or after.startswith("```")
    return is_apart and not _NOT_PROSE.search(before + after)


def without_trailing_commas(text: str) -> str:
    """Remove commas right before a closing bracket; strings stay untouched."""
    return _STRING_OR_COMMA.sub(_keep_string, text) if _TRAILING_COMMA.search(text) else text


def _keep_string(match: re.Match[str]) -> str:
    return match["string"] or ""
