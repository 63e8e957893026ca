"""`python -m benchmarks.wrong_rows [--number N]`: count silently wrong rows of three readers.

All get the same damaged answers: our reader, json-repair with our check against the schema, and
the requirements' algorithm.
"""

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from json_repair import repair_json

from analysis import Analysis, Reader, Request, fingerprint, render
from analysis.schema import Mismatch, check
from benchmarks import samples
from benchmarks.damaged_answers import KINDS, Answer, Damaged

NUMBER = 1_500
SEED = 20261121
PAGE = Path(__file__).parent.parent / "docs" / "wrong-rows.md"

Row = dict[str, Any]
ReadsIt = Callable[[Damaged], "Row | None"]
_BRACKETS = re.compile(r"[()]")
_EXTRAS = (
    '"Plus"',
    "(VIP)",
    "{draft}",
    "[1]",
    "https://a.example/x?y=1,2",
    "a: b",
    "no,",
    "\n",
    "'s",
)


class Readers:
    """The three readers, with one analysis."""

    def __init__(self) -> None:
        self._analysis: Analysis = samples.call_review()
        self._reader = Reader(self._analysis)
        self._numbers = count()
        self.all: dict[str, ReadsIt] = {
            "ours": self._ours,
            "json-repair + schema": self._repaired_and_checked,
            "the requirements' algorithm": self._as_required,
        }

    def columns(self, answer: Mapping[str, Any]) -> Row:
        """The row of an answer, with the columns of the analysis."""
        row = {name: _at(answer, path) for name, path in self._analysis.columns.items()}
        return row | {"products": _products(row["products"])}

    def _ours(self, damaged: Damaged) -> Row | None:
        """Our reader, with the comparison of fingerprints that the closing of an attempt does."""
        planned, sent = next(self._numbers), next(self._numbers)
        reading = self._reader.read_line(self._line(damaged, planned, sent), 1)[0]
        if reading.answer is msgspec.UNSET:
            return None
        expected = fingerprint(_transcript(planned))
        if reading.text_fingerprint != expected:
            return None
        return self.columns(msgspec.json.decode(reading.answer))

    def _repaired_and_checked(self, damaged: Damaged) -> Row | None:
        try:
            answer = repair_json(damaged.text, return_objects=True)
            return self.columns(check(self._analysis.contract.root, answer))
        except (Mismatch, ValueError, RecursionError):
            return None

    def _as_required(self, damaged: Damaged) -> Row | None:
        """The requirements' algorithm: it removes round brackets, and checks nothing."""
        text = _BRACKETS.sub("", damaged.text)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = repair_json(text, return_objects=True)
        return self.columns(answer) if isinstance(answer, dict) and answer else None

    def _line(self, damaged: Damaged, planned: int, sent: int) -> bytes:
        """The prediction line with the planned record's key; swapped, with another call's answer."""
        about = sent if damaged.swapped else planned
        # One of two swapped lines is detected by its fence, the other by its fingerprint alone.
        fenced = about if sent % 4 == 1 else planned
        request = Request(samples.record_id(fenced), _transcript(about), 2048)
        (line,) = render(self._analysis, [request])
        row = json.loads(line)
        response = {
            "candidates": [
                {
                    "content": {"parts": [{"text": damaged.text}], "role": "model"},
                    "finishReason": damaged.finish_reason,
                }
            ]
        }
        key = f"k-{samples.record_id(planned)}"
        # The label is swapped too, so that only the transcript itself shows it.
        row["request"]["labels"]["record"] = key
        return json.dumps({**row, "key": key, "response": response}).encode()


def wrong_rows(number: int, seed: int = SEED) -> dict[str, dict[str, Counter[str]]]:
    """Counts of equal and wrong rows and refused answers, by kind of damage and reader."""
    readers = Readers()
    table: dict[str, dict[str, Counter[str]]] = {}
    for kind, damage in KINDS.items():
        rng = random.Random(f"{seed} {kind}")
        counts = {name: Counter[str]() for name in readers.all}
        for _ in range(number):
            damaged = damage(rng, _answer(rng))
            truth = None if damaged.truth is None else readers.columns(damaged.truth)
            for name, read in readers.all.items():
                row = read(damaged)
                counts[name][_row_class(row, truth)] += 1
        table[kind] = counts
    return table


def _row_class(row: Row | None, truth: Row | None) -> str:
    if row is None:
        return "refused"
    return "equal" if row == truth else "wrong"


def page(table: dict[str, dict[str, Counter[str]]], number: int) -> str:
    """The page of the documentation with the table."""
    names = list(next(iter(table.values())))
    return "\n".join([*_HEAD, "", *_rows(table, names), "", *_tail(number, len(table))]) + "\n"


_HEAD = (
    "# Silently wrong rows",
    "",
    "Written by `python -m benchmarks.wrong_rows` from a seed.",
    "Each cell: rows stored = equal to what the model said + **silently wrong**;",
    "the rest of the answers was refused, and is asked again.",
    "A doubled property and an answer under another record's key cannot give a right row. The",
    "three readers get the same answers; both schema checks are the same one. The requirements'",
    "algorithm is wrong on harmless damage as well, because it takes round brackets out of texts.",
)


def _rows(table: dict[str, dict[str, Counter[str]]], names: list[str]) -> Iterator[str]:
    yield f"| damage | {' | '.join(names)} |"
    yield "|---|" + "---|" * len(names)
    for kind, counts in table.items():
        yield f"| {kind} | {' | '.join(_cell(counts[name]) for name in names)} |"
    totals = [sum((counts[name] for counts in table.values()), Counter[str]()) for name in names]
    yield f"| **all** | {' | '.join(map(_cell, totals))} |"


def _cell(counts: Counter[str]) -> str:
    stored = counts["equal"] + counts["wrong"]
    text = f"{stored:,} = {counts['equal']:,} + **{counts['wrong']:,}**"
    return f"{text}; refused {counts['refused']:,}"


def _tail(number: int, kinds: int) -> Iterator[str]:
    yield f"{number:,} answers of each kind, {number * kinds:,} in all, for each reader."
    yield ""
    yield "What no reader of text can see: an answer that is healthy JSON and simply not true, and"
    yield "the answer to another call under an echo of the right one. The grounding that every row"
    yield "carries is for those."


def _answer(rng: random.Random) -> Answer:
    """An answer whose texts contain characters of JSON and of speech."""

    def words(number: int) -> str:
        text = samples.sentence(rng, number).split()
        for _ in range(rng.randrange(3)):
            text.insert(rng.randrange(1, len(text)), rng.choice(_EXTRAS))
        return " ".join(text)

    return samples.answer(rng, words)


def _transcript(number: int) -> str:
    return f"CUSTOMER: This is call {number}.\nAGENT: Thanks."


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _products(products: object) -> object:
    if not isinstance(products, list):
        return [] if products is None else products
    return [p | {"context": p.get("context")} if isinstance(p, dict) else p for p in products]


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wrong_rows", description=__doc__)
    parser.add_argument("--number", type=int, default=NUMBER, help="answers of each kind")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    options.out.write_text(page(wrong_rows(options.number), options.number), encoding="utf-8")


if __name__ == "__main__":
    main()
