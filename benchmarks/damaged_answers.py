"""Damage answers in the ways that models and jobs do, with the row that would be right.

Each kind of damage is deterministic for its random generator.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Damaged:
    """A damaged text, with the finish reason of its response."""

    text: str
    truth: Answer | None
    """The answer that a right row stores; None when no row can be right."""
    finish_reason: str = "STOP"
    swapped: bool = False
    """The line has another record's key."""


Damage = Callable[[random.Random, Answer], Damaged]


def _text(rng: random.Random, answer: Answer) -> str:
    indent = 2 if rng.random() < 0.5 else None
    return json.dumps(answer, ensure_ascii=False, indent=indent)


def cut_unreported(rng: random.Random, answer: Answer) -> Damaged:
    text = _text(rng, answer)
    return Damaged(text[: rng.randrange(len(text) // 10, len(text))], answer)


def cut_reported(rng: random.Random, answer: Answer) -> Damaged:
    return Damaged(cut_unreported(rng, answer).text, answer, "MAX_TOKENS")


def inner_quotes(rng: random.Random, answer: Answer) -> Damaged:
    """Words of a text in quotes that are not escaped."""
    marked = _in_a_text(rng, answer, lambda word: f"\x01{word}\x01")
    return _unmarked(rng, marked, '"')


def nested_quotes(rng: random.Random, answer: Answer) -> Damaged:
    """A quotation that looks like JSON, and is not escaped."""
    marked = _in_a_text(rng, answer, lambda word: f"said \x01{word}\x01, \x01no\x01: \x01yes\x01")
    return _unmarked(rng, marked, '"')


def fence(rng: random.Random, answer: Answer) -> Damaged:
    return Damaged(f"```{rng.choice(('json', ''))}\n{_text(rng, answer)}\n```", answer)


def trailing_comma(rng: random.Random, answer: Answer) -> Damaged:
    text = _text(rng, answer)
    ends = [at for at in _outside(text) if text[at] in "}]" and text[:at].rstrip()[-1] not in "{["]
    at = rng.choice(ends)
    return Damaged(text[:at] + "," + text[at:], answer)


def missing_comma(rng: random.Random, answer: Answer) -> Damaged:
    text = _text(rng, answer)
    at = rng.choice([at for at in _outside(text) if text[at] == ","])
    return Damaged(text[:at] + text[at + 1 :], answer)


def prose_around(rng: random.Random, answer: Answer) -> Damaged:
    before = rng.choice(("Here is the analysis:\n\n", "Sure!\n", ""))
    after = rng.choice(("\n\nLet me know if you need more.", "\n"))
    return Damaged(before + _text(rng, answer) + after, answer)


def doubled_key(rng: random.Random, answer: Answer) -> Damaged:
    """A property occurs twice, with two values."""
    name = rng.choice([name for name in answer if isinstance(answer[name], str)])
    other = json.dumps({name: "neutral" if name == "callTone" else "en"})[1:]
    return Damaged(_text(rng, answer).rstrip()[:-1].rstrip() + ", " + other, None)


def swapped_key(rng: random.Random, answer: Answer) -> Damaged:
    """A valid answer to another record's transcript."""
    return Damaged(_text(rng, answer), None, swapped=True)


def single_quotes(_: random.Random, answer: Answer) -> Damaged:
    return Damaged(str(answer), answer)


def raw_newlines(rng: random.Random, answer: Answer) -> Damaged:
    marked = _in_a_text(rng, answer, lambda word: f"{word}\x01")
    return _unmarked(rng, marked, "\n")


def python_literals(rng: random.Random, answer: Answer) -> Damaged:
    """`None` and `True` where `null` and `true` belong."""
    answer = {
        **answer,
        "callTone": None,
        "agentResponse": {**answer["agentResponse"], "action": "x"},
    }
    text = _text(rng, answer)
    return Damaged(
        text.replace(": null", ": None").replace(": true", ": True").replace(": false", ": False"),
        answer,
    )


KINDS: dict[str, Damage] = {
    "cut, finish reason STOP": cut_unreported,
    "cut, finish reason MAX_TOKENS": cut_reported,
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


def _unmarked(rng: random.Random, marked: Answer, character: str) -> Damaged:
    """Replace the marks by the character itself, without an escape."""
    summary = str(marked["callSummary"]).replace("\x01", character)
    text = _text(rng, marked).replace("\\u0001", character)
    return Damaged(text, {**marked, "callSummary": summary})


def _in_a_text(rng: random.Random, answer: Answer, change: Callable[[str], str]) -> Answer:
    """Change one word of the summary."""
    words = str(answer["callSummary"]).split()
    at = rng.randrange(1, len(words) - 1)
    words[at] = change(words[at])
    return {**answer, "callSummary": " ".join(words)}


def _outside(text: str) -> list[int]:
    """The indices of a JSON text that are outside of strings."""
    indices, inside, escaped = [], False, False
    for at, character in enumerate(text):
        if not inside:
            indices.append(at)
        if escaped:
            escaped = False
        elif inside and character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return indices
