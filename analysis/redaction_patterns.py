"""Check the pattern and the replacement of a redaction rule before BigQuery or DuckDB compile them.

Both use RE2. Allowed is the part of its syntax that means the same in both and nothing unexpected: its
\\d, \\s, \\w and \\b know ASCII alone, so that they leave what a person wrote with other characters.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
_CATEGORY = re.compile(
    r"[pP](?:([LMNPSZC])|\{(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cf]?)\})"
)
_HEX = re.compile(r"x\{([0-9A-Fa-f]{1,6})\}")
_REPEAT = re.compile(r"\{([0-9]{1,4})(,([0-9]{0,4}))?\}")
_CONTROLS = {"t": "\t", "r": "\r", "n": "\n"}
_BROAD = 64
"""A class of more characters, or of a category, is broad."""
_CATEGORY_SIZE = 30
MOST_REPEATS = 100
MOST_BROAD_REPEATS = 8
"""`[\\pL.]{1,64}@` takes 75 times as long as `[\\pL.]+@`: RE2 follows each place where it may begin."""
MOST_SIZE = 10_000
MOST_REPLACEMENT = 100

_INSTEAD = {
    "d": r"[0-9]; other digits are turned into these before the rules apply",
    "D": r"[^0-9]",
    "w": r"[\pL\pM\pN_]",
    "W": r"[^\pL\pM\pN_]",
    "s": r"[\t\r\n\p{Zs}]",
    "S": r"[^\t\r\n\p{Zs}]",
    "B": r"the characters that may stand there, in a group that the replacement puts back",
    "A": "^",
    "z": "$",
    "Z": "$",
    "Q": "a backslash before each sign",
    "u": r"\x{00E9} with the number of the character",
    "h": r"[\t\p{Zs}]",
    "R": r"[\r\n]",
    "X": r"\pL\pM*",
}
_GROUPS = {
    "(?=": "RE2 has no look-ahead: put what follows into a group, and back with \\1",
    "(?!": "RE2 has no look-ahead: put what follows into a group, and back with \\1",
    "(?<=": "RE2 has no look-behind: put what precedes into a group, and back with \\1",
    "(?<!": "RE2 has no look-behind: put what precedes into a group, and back with \\1",
    "(?<": "a group has no name: write (…) and \\1",
    "(?P": "a group has no name: write (…) and \\1",
    "(?i)": "(?i) stands at the start of a pattern only",
}


class UnsafePattern(ValueError):
    """A pattern or replacement is outside of the allowed syntax; the text says what to write."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What is known of a part of a pattern."""

    nullable: bool
    """It may match nothing."""
    starts: bool
    """What it matches begins with an ASCII letter or digit."""
    ends: bool
    broad: bool
    size: int
    """About how many instructions RE2 makes of it."""
    is_edge: bool = False
    """It is a \\b."""


_NOTHING = _Part(True, True, True, False, 1)


def check_pattern(pattern: str) -> int:
    """Return the number of groups of a pattern. Raises `UnsafePattern`."""
    if not unicodedata.is_normalized("NFC", pattern):
        raise UnsafePattern("it is not in the Unicode form NFC, in which texts are: write é as é")
    parser = _Parser(pattern)
    whole = parser.whole()
    if whole.nullable:
        raise UnsafePattern(
            "it matches the empty text, so it would replace what is not there: let it need a character"
        )
    if whole.size > MOST_SIZE:
        raise UnsafePattern("it is too large for RE2: use fewer words or smaller repeats")
    return parser.groups


def check_replacement(replacement: str, groups: int) -> None:
    """Raise `UnsafePattern` for a replacement that is not put in as meant, or disturbs a prompt."""
    if len(replacement) > MOST_REPLACEMENT:
        raise UnsafePattern(
            f"the replacement has {len(replacement):,} characters: use at most {MOST_REPLACEMENT}, "
            "such as [CUSTOMER]"
        )
    for sign in ("<", ">", "{{", "}}"):
        if sign in replacement:
            raise UnsafePattern(
                f"the replacement has {sign}, with which a prompt marks its parts: write [CUSTOMER]"
            )
    if re.search(r"\$[0-9{]", replacement):
        raise UnsafePattern(r"the replacement has $: a group is put back with \1, not with $1")
    for escaped in re.finditer(r"\\(.?)", replacement, re.DOTALL):
        sign = escaped[1]
        if sign == "0":
            raise UnsafePattern(r"the replacement has \0, which puts back all that was found")
        if sign.isdecimal() and int(sign) > groups:
            raise UnsafePattern(
                f"the replacement has \\{sign}, and the pattern has {groups} groups in (…)"
            )
        if not sign.isdecimal() and sign != "\\":
            raise UnsafePattern(
                r"the replacement has a backslash: write \\ for one, \1 for the first group"
            )


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.text, self.at, self.groups = pattern, 0, 0

    def whole(self) -> _Part:
        if self.text.startswith("(?i)"):
            self.at = 4
        part = self._alternatives()
        if self.at < len(self.text):
            raise self._error("it has a ) too many: write \\) for the sign itself")
        return part

    def _alternatives(self) -> _Part:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        return _Part(
            any(p.nullable for p in parts),
            all(p.starts for p in parts),
            all(p.ends for p in parts),
            any(p.broad for p in parts),
            sum(p.size for p in parts) + len(parts),
        )

    def _sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self._repeated(self._atom()))
        for at, part in enumerate(parts):
            if part.is_edge and not (_first(parts[at + 1 :]) or _last(parts[:at])):
                raise UnsafePattern(
                    "it has a \\b that is not beside an ASCII letter or digit, where RE2 sees no edge: "
                    "write (^|[^\\pL\\pM\\pN]) before or ($|[^\\pL\\pM\\pN]) behind, and put them "
                    "back with \\1 and \\2"
                )
        return _Part(
            all(p.nullable for p in parts),
            _first(parts) or all(p.nullable and p.starts for p in parts),
            _last(parts) or all(p.nullable and p.ends for p in parts),
            any(p.broad for p in parts),
            sum(p.size for p in parts),
        )

    def _repeated(self, part: _Part) -> _Part:
        if self.at >= len(self.text) or self.text[self.at] not in "?*+{":
            return part
        least, most = self._bounds()
        if self.at < len(self.text) and self.text[self.at] in "?*+{":
            raise self._error("it has two repeats in a row: write one of them")
        if part.nullable:
            raise self._error("it repeats what may be empty: let it need a character")
        bound = max(least, most or 0)
        limit = MOST_BROAD_REPEATS if part.broad else MOST_REPEATS
        if bound > limit:
            why = "of many different characters" if part.broad else "of one part"
            raise self._error(
                f"it repeats up to {bound} times, which is slow: write + or *, or at most {limit} "
                f"{why}"
            )
        size = part.size * max(1, bound) + (part.size if most is None else 0)
        return replace(part, nullable=part.nullable or least == 0, size=size)

    def _bounds(self) -> tuple[int, int | None]:
        sign = self.text[self.at]
        if sign != "{":
            self.at += 1
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        found = _REPEAT.match(self.text, self.at)
        if not found:
            raise self._error("it has a { that is no repeat: write \\{ for the sign itself")
        self.at = found.end()
        least = int(found[1])
        most = None if found[2] == "," else int(found[3] or found[1])
        if most is not None and most < least:
            raise self._error(f"its repeat {found[0]} ends before it begins")
        return least, most

    def _atom(self) -> _Part:
        sign = self.text[self.at]
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        self.at += 1
        if sign in "^$":
            return _NOTHING
        if sign == "\\":
            return self._escape()
        if sign in "?*+{":
            raise self._error(f"it has {sign} with nothing to repeat: write \\{sign} for the sign")
        if sign in "]}":
            raise self._error(f"it has {sign} alone: write \\{sign} for the sign itself")
        if sign == ".":
            raise self._error(
                "it has a dot, which is any character but a new line: write [^\\n], or \\."
            )
        return _one(self._plain(sign))

    def _group(self) -> _Part:
        for start, problem in _GROUPS.items():
            if self.text.startswith(start, self.at):
                raise self._error(problem)
        if self.text.startswith("(?:", self.at):
            self.at += 3
        elif self.text.startswith("(?", self.at):
            raise self._error("it has a flag: (?i) at the start is the only one")
        else:
            self.at += 1
            self.groups += 1
        part = self._alternatives()
        if not self._take(")"):
            raise self._error("it has a ( without its )")
        return part

    def _escape(self) -> _Part:
        if self._take("b"):
            return replace(_NOTHING, is_edge=True)
        found = self._escaped()
        return _Part(False, False, False, True, _CATEGORY_SIZE) if found is None else _one(found)

    def _escaped(self) -> str | None:
        """Read what stands behind a backslash; None for a category such as \\pL."""
        if self.at >= len(self.text):
            raise self._error("it ends with a backslash: write \\\\ for the sign itself")
        sign = self.text[self.at]
        for kind in (_CATEGORY, _HEX):
            found = kind.match(self.text, self.at)
            if found:
                self.at = found.end()
                return None if kind is _CATEGORY else self._character(int(found[1], 16))
        self.at += 1
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign in _INSTEAD:
            raise self._error(f"it has \\{sign}: write {_INSTEAD[sign]}")
        if sign in "pP":
            raise self._error(
                "it has \\p without a category: write such as \\pL, \\p{Nd} or \\p{Zs}"
            )
        if sign == "x":
            raise self._error("it has \\x: write the number in braces, such as \\x{00A0}")
        if sign.isdecimal():
            raise self._error(f"it has \\{sign}: RE2 cannot refer to a group in a pattern")
        if not sign.isascii() or sign.isalnum() or sign < " ":
            raise self._error(f"it has \\ before {sign!r}: write the sign alone")
        return sign

    def _class(self) -> _Part:
        self.at += 1
        negated = self._take("^")
        count, ascii_only, broad = 0, not negated, negated
        first = self.at
        while True:
            if self.at >= len(self.text):
                raise self._error("it has a [ without its ]")
            if self.text[self.at] == "]":
                if self.at == first:
                    raise self._error("it has an empty class: write \\] for the sign itself")
                self.at += 1
                break
            low = self._member(first)
            if low is None:
                broad, ascii_only = True, False
                continue
            high = self._range_end(low)
            count += ord(high) - ord(low) + 1
            ascii_only = (
                ascii_only
                and all(chr(code) in _WORD for code in range(ord(low), min(ord(high), 128) + 1))
                and high.isascii()
            )
        broad = broad or count > _BROAD
        return _Part(False, ascii_only, ascii_only, broad, _CATEGORY_SIZE if broad else 1)

    def _member(self, first: int) -> str | None:
        sign = self.text[self.at]
        if sign == "[":
            raise self._error(
                "it has a class such as [:digit:], which knows ASCII alone: write 0-9, \\pL …"
                if self.text.startswith("[:", self.at)
                else "it has a [ in a class: write \\["
            )
        self.at += 1
        if sign == "\\":
            if self._take("b"):
                raise self._error("it has \\b in a class: list the characters")
            return self._escaped()
        if sign == "-" and self.at - 1 != first and self.text[self.at : self.at + 1] != "]":
            raise self._error("it has a - in the middle of a class: write \\-")
        return self._plain(sign)

    def _range_end(self, low: str) -> str:
        if self.text[self.at : self.at + 1] != "-" or self.text[self.at + 1 : self.at + 2] in (
            "]",
            "",
        ):
            return low
        self.at += 1
        high = self._member(self.at)
        if high is None or high < low:
            raise self._error("it has a range that ends before it begins")
        return high

    def _character(self, code: int) -> str:
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise self._error(f"it has \\x{{{code:X}}}, which is no character")
        return chr(code)

    def _plain(self, sign: str) -> str:
        if sign < " " or sign == "\x7f":
            raise self._error("it has a control character: write \\t, \\r, \\n or \\x{0000}")
        return sign

    def _take(self, sign: str) -> bool:
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _error(self, problem: str) -> UnsafePattern:
        return UnsafePattern(f"{problem} (at character {self.at} of the pattern)")


def _one(sign: str) -> _Part:
    return _Part(False, sign in _WORD, sign in _WORD, False, 1)


def _first(parts: Sequence[_Part]) -> bool:
    """Whether what these match begins with an ASCII letter or digit, and is not empty."""
    for part in parts:
        if not part.starts:
            return False
        if not part.nullable:
            return True
    return False


def _last(parts: Sequence[_Part]) -> bool:
    """Whether what these match ends with an ASCII letter or digit, and is not empty."""
    for part in reversed(parts):
        if not part.ends:
            return False
        if not part.nullable:
            return True
    return False
