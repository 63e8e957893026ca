"""Redaction in SQL: the text that is sent, as an expression over the transcript of the source.

Patterns are parameters. One that came from a column would be compiled again for each row, which takes
five hundred times as long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .statements import fragment

_DIGITS = (
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6,
)  # fmt: skip
"""The zero of each script's digits: Arabic, Indian and South-East Asian ones, full-width, mathematical."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WIDE = f"{_LETTERS}{_LETTERS.upper()}+@.-_"
"""Signs of e-mail and telephone whose full-width form, as Chinese and Japanese keyboards write it, is
folded. Others, such as the full-width comma, stay: they are the punctuation of these languages."""
_SMALL_FORMS = {0xFE52: ".", 0xFE62: "+", 0xFE63: "-", 0xFE6B: "@"}
FOREIGN_SIGNS = "".join(
    [
        *(chr(zero + value) for zero in _DIGITS for value in range(10)),
        *(chr(ord(sign) + 0xFEE0) for sign in _WIDE),
        *map(chr, _SMALL_FORMS),
    ]
)
ASCII_SIGNS = "0123456789" * len(_DIGITS) + _WIDE + "".join(_SMALL_FORMS.values())
UNFOLDED = r"[^\x{0}-\x{2FF}\x{2002}-\x{20CF}\x{FE00}-\x{FE0F}\x{1F300}-\x{1FAFF}]"
"""What may change in NFC or be a foreign digit or letter. Most texts have none, and to fold costs as much as five
rules: outside are Latin letters, quotation marks, currencies and emoji, which stay as they are."""


class RedactionRule(NamedTuple):
    """Replace each match of an RE2 pattern."""

    name: str
    pattern: str
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What a plan replaces in the transcripts of its source; without rules nothing."""

    rules: Sequence[RedactionRule] = ()
    counted: bool = False
    """Whether the plan counts what each rule replaced."""

    def names(self, source: Mapping[str, str]) -> dict[str, str]:
        """Return the parts of SQL for the statements that read the source of these names."""
        return {
            "sent_text": self.redacted("s.transcript"),
            "redaction_counts": self._counts(source)
            if self.counted and self.rules
            else fragment("no_redactions"),
        }

    def params(self) -> dict[str, str]:
        """Return the parameters of these parts."""
        folding = {
            "unfolded": UNFOLDED, "foreign_signs": FOREIGN_SIGNS, "ascii_signs": ASCII_SIGNS,
        }  # fmt: skip
        return (folding if self.rules else {}) | {
            f"{kind}_{number}": value
            for number, rule in enumerate(self.rules, start=1)
            for kind, value in zip(("rule", "pattern", "replacement"), rule, strict=True)
        }

    def folded(self, text: str) -> str:
        """Write the text that the first rule sees."""
        return fragment("folded_text", text=text) if self.rules else text

    def step(self, text: str, number: int) -> str:
        """Write a text after the rule of this number, counted from 1."""
        return fragment("redacted_text", text=text, number=str(number))

    def redacted(self, text: str) -> str:
        """Write a text after all rules; without rules the text itself."""
        text = self.folded(text)
        for number in range(1, len(self.rules) + 1):
            text = self.step(text, number)
        return text

    def _counts(self, source: Mapping[str, str]) -> str:
        """An array of counts. One step follows the other: inside each other they would be repeated."""
        steps = fragment("redaction_texts", folded=self.folded("s.transcript"), **source)
        numbers = [str(number) for number in range(1, len(self.rules) + 1)]
        for number in numbers:
            steps = fragment("redaction_step", number=number, earlier=steps)
        counts = (fragment("redaction_count", number=number) for number in numbers)
        return fragment("redaction_counts_of", counts=",\n".join(counts), steps=steps)
