"""Damage as models and jobs do it: an answer goes in, a damaged line of its text comes out.

Each kind is deterministic for its random source, and tells what a right row would say.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Damaged:
    """The text as it stands in the response, and how the model says it ended."""

    text: str
    truth: Said | None
    """What a right row says; None when no row can be right."""
    finish_reason: str = "STOP"
    swapped: bool = False
    """The line stands under another record's key."""


Damage = Callable[[random.Random, Said], Damaged]


def _text(chance: random.Random, said: Said) -> str:
    indent = 2 if chance.random() < 0.5 else None
    return json.dumps(said, ensure_ascii=False, indent=indent)


def cut_untold(chance: random.Random, said: Said) -> Damaged:
    text = _text(chance, said)
    return Damaged(text[: chance.randrange(len(text) // 10, len(text))], said)


def cut_told(chance: random.Random, said: Said) -> Damaged:
    return Damaged(cut_untold(chance, said).text, said, "MAX_TOKENS")


def inner_quotes(chance: random.Random, said: Said) -> Damaged:
    """Words of a text in quotes that nobody escaped."""
    marked = _in_a_text(chance, said, lambda word: f"\x01{word}\x01")
    return _unmarked(chance, marked, '"')


def nested_quotes(chance: random.Random, said: Said) -> Damaged:
    """A quotation that looks like JSON itself, and is not escaped."""
    marked = _in_a_text(chance, said, lambda word: f"said \x01{word}\x01, \x01no\x01: \x01yes\x01")
    return _unmarked(chance, marked, '"')


def fence(chance: random.Random, said: Said) -> Damaged:
    return Damaged(f"```{chance.choice(('json', ''))}\n{_text(chance, said)}\n```", said)


def trailing_comma(chance: random.Random, said: Said) -> Damaged:
    text = _text(chance, said)
    ends = [at for at in _outside(text) if text[at] in "}]" and text[:at].rstrip()[-1] not in "{["]
    at = chance.choice(ends)
    return Damaged(text[:at] + "," + text[at:], said)


def missing_comma(chance: random.Random, said: Said) -> Damaged:
    text = _text(chance, said)
    at = chance.choice([at for at in _outside(text) if text[at] == ","])
    return Damaged(text[:at] + text[at + 1 :], said)


def prose_around(chance: random.Random, said: Said) -> Damaged:
    before = chance.choice(("Here is the analysis:\n\n", "Sure!\n", ""))
    after = chance.choice(("\n\nLet me know if you need more.", "\n"))
    return Damaged(before + _text(chance, said) + after, said)


def doubled_key(chance: random.Random, said: Said) -> Damaged:
    """A property stands twice, with two values."""
    name = chance.choice([name for name in said if isinstance(said[name], str)])
    other = json.dumps({name: "neutral" if name == "callTone" else "en"})[1:]
    return Damaged(_text(chance, said).rstrip()[:-1].rstrip() + ", " + other, None)


def swapped_key(chance: random.Random, said: Said) -> Damaged:
    """A healthy answer to another record's transcript."""
    return Damaged(_text(chance, said), None, swapped=True)


def single_quotes(_: random.Random, said: Said) -> Damaged:
    return Damaged(str(said), said)


def raw_newlines(chance: random.Random, said: Said) -> Damaged:
    marked = _in_a_text(chance, said, lambda word: f"{word}\x01")
    return _unmarked(chance, marked, "\n")


def python_literals(chance: random.Random, said: Said) -> Damaged:
    """`None` and `True` where `null` and `true` belong."""
    said = {**said, "callTone": None, "agentResponse": {**said["agentResponse"], "action": "x"}}
    text = _text(chance, said)
    return Damaged(
        text.replace(": null", ": None").replace(": true", ": True").replace(": false", ": False"),
        said,
    )


KINDS: dict[str, Damage] = {
    "cut, finish reason STOP": cut_untold,
    "cut, finish reason MAX_TOKENS": cut_told,
    "inner quotes not escaped": inner_quotes,
    "nested quotes not escaped": nested_quotes,
    "code fence": fence,
    "trailing comma": trailing_comma,
    "comma missing": missing_comma,
    "prose around": prose_around,
    "property doubled": doubled_key,
    "answer under another key": swapped_key,
    "single quotes": single_quotes,
    "raw newlines": raw_newlines,
    "Python literals": python_literals,
}


def _unmarked(chance: random.Random, marked: Said, sign: str) -> Damaged:
    """The sign as it is, without its escape, where the mark stands."""
    summary = str(marked["callSummary"]).replace("\x01", sign)
    text = _text(chance, marked).replace("\\u0001", sign)
    return Damaged(text, {**marked, "callSummary": summary})


def _in_a_text(chance: random.Random, said: Said, change: Callable[[str], str]) -> Said:
    """One word of the summary changed."""
    words = str(said["callSummary"]).split()
    at = chance.randrange(1, len(words) - 1)
    words[at] = change(words[at])
    return {**said, "callSummary": " ".join(words)}


def _outside(text: str) -> list[int]:
    """The places of a JSON text that are in no string."""
    places, inside, escaped = [], False, False
    for at, sign in enumerate(text):
        if not inside:
            places.append(at)
        if escaped:
            escaped = False
        elif inside and sign == "\\":
            escaped = True
        elif sign == '"':
            inside = not inside
    return places
