"""Hostile text: bounded work, contained to its record, and never a row that it does not say.

Work is counted, in calls and sizes; no test looks at a clock.
"""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from analysis import Reader, encode_reading
from analysis.reading import repair
from analysis.reading.partial_json import BrokenJson, values_of
from analysis.reading.repair import RepairFailed, lossy_repair, safe_repair
from analysis.reading.repair_check import RepairUnproven, items_of_text
from analysis.schema import check
from tests.analysis.making import ANSWER, CALL_REVIEW, answer, prediction, read

WHOLE = json.dumps(ANSWER, ensure_ascii=False)

SHAPES = {
    "nested lists": "[" * 100_000,
    "nested objects": '{"a":' * 100_000,
    "closed nesting": '{"callSummary": "x", "y": ' + "[" * 50_000 + "]" * 50_000 + "}",
    "commas": "{" + "," * 500_000 + "}",
    "quotes": "{" + '"' * 100_001 + "}",
    "escaped quotes": '{"' + '\\"' * 100_000 + "}",
    "unquoted words": "{" + "a: b c, " * 30_000 + "}",
    "round brackets": "((((" * 20_000 + "}",
    "repetition": '{"callSummary": "' + "and so on " * 400_000,
    "fences": "```" * 50_000 + "{}",
    "many objects": "{}" * 50_000,
    "a long number": '{"callSummary": ' + "9" * 100_000 + "}",
    "strings without commas": '{"callSummary": "x" ' + '"y" ' * 30_000 + "}",
    "blanks": "{" + " " * 1_000_000 + '"callSummary" "x"}',
    "backslashes": '{"callSummary": "' + "\\" * 200_001 + "}",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_hostile_text_is_an_error_of_its_own_record(shape: str) -> None:
    """With a name, and a detail that does not grow with the text."""
    reading = read(SHAPES[shape])

    assert reading.error_type in {
        "json_parse_error", "repaired_lossy", "schema_mismatch", "missing_summary",
    }  # fmt: skip
    assert len(str(reading.detail)) < 100
    assert len(encode_reading(reading)) < 1_000


@pytest.mark.parametrize("admit_lossy", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_json_repair_only_sees_what_it_can_finish(
    shape: str, admit_lossy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is quadratic on some shapes, so it is asked once or never, and about little."""
    asked: list[str] = []

    def repaired(text: str, **_: Any) -> tuple[Any, list[dict[str, str]]]:
        asked.append(text)
        return {}, []

    monkeypatch.setattr(repair, "repair_json", repaired)
    Reader(CALL_REVIEW, admit_lossy=admit_lossy).read_line(prediction(SHAPES[shape]), 1)

    assert len(asked) <= 1
    assert all(len(text) <= repair.MAX_CHARACTERS for text in asked)


@pytest.mark.parametrize("error", [RecursionError, ValueError, IndexError, KeyError, TypeError])
def test_whatever_json_repair_raises_is_contained(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library's accident is not the batch's."""

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(repair, "repair_json", fails)
    text = WHOLE.replace('", "callTone', '" "callTone')

    assert read(text).error_type == "json_parse_error"
    for way in (safe_repair, lossy_repair):
        with pytest.raises(RepairFailed):
            way(text)


@pytest.mark.parametrize("shape", ["quotes", "escaped quotes", "backslashes", "repetition"])
def test_proof_goes_over_a_text_once(shape: str) -> None:
    """Its pattern gives nothing back, so that it cannot try the same signs again."""
    text = SHAPES[shape]
    with suppress(RepairUnproven):
        assert len(items_of_text(text)) <= len(text)


def test_a_scan_gives_up_after_a_bound_of_signs() -> None:
    """A line of a million small values costs as much as one of two hundred thousand signs."""
    text = "[" + "0," * 1_000_000 + "0]"
    seen: list[object] = []
    with suppress(BrokenJson):
        seen.extend(values_of(text))

    assert 0 < len(seen) <= 100_000


POISON = [
    b"[" * 200_000,
    b'{"request":' * 100_000,
    b'{"key":"' + b"\\" * 100_001,
    b'{"status":"' + b"\xf0\x9f" * 100_000 + b'"}',
    b"\x00" * 1_000,
    b"\xff\xfe{}",
    prediction("[" * 100_000),
    prediction('{"callSummary": "\\ud800"}'),
    prediction('{"callSummary": NaN}'),
    prediction(WHOLE[:-1] + ', "callSummary": "Another."}'),
]


@pytest.mark.parametrize("at", range(len(POISON)))
def test_one_poison_line_never_fails_a_batch(at: int) -> None:
    """Its neighbours are rows, under their own numbers."""
    good = prediction(WHOLE)
    blocks = [good + b"\n", POISON[at] + b"\n", good]
    readings = list(Reader(CALL_REVIEW).read(blocks))

    assert [1, 2, 3] == [reading.line for reading in readings]
    assert ["exact", None, "exact"] == [reading.repair_grade for reading in readings]
    assert all(encode_reading(reading).count(b"\n") == 1 for reading in readings)


@pytest.mark.parametrize("sign", ["\\u0000", "\\ud800", "\\udc00\\ud800"])
@pytest.mark.parametrize("field", ["callSummary", "callSentimentSummary"])
def test_what_no_table_can_store_is_refused_in_every_field(sign: str, field: str) -> None:
    """Escaped as JSON allows it, in a text that is otherwise whole."""
    text = json.dumps(answer(**{field: "A@B"})).replace("A@B", f"A{sign}B")

    assert read(text).error_type == "schema_mismatch"


def test_a_pair_of_surrogates_is_one_character() -> None:
    """Escaped emoji are content like any other."""
    text = json.dumps(answer(callSummary="A fox: 🦊"), ensure_ascii=True)

    assert read(text).columns["call_summary"] == "A fox: 🦊"


@pytest.mark.parametrize(
    "doubled",
    [
        '"callSummary": "b"',
        '"callTone": null, "callTone": null',
        '"products": [], "products": []',
        '"agentResponse": {"resolved": true, "resolved": true, "summary": null}',
        '"products": [{"name": "a", "name": "a"}]',
        '"x": {"y": 1, "y": 1}',
    ],
)
def test_a_doubled_property_is_never_exact(doubled: str) -> None:
    """Also with equal values, at any depth, and where nobody asked for it."""
    for quote in ("", '\\"'):
        text = f'{{"callSummary": "a{quote}", {doubled}}}'
        assert (read(text).error_type, read(text).repair_grade) == ("json_parse_error", None)


def test_the_quick_way_and_the_thorough_way_agree() -> None:
    """The typed decode is only a shorter way: what it takes, the general check takes the same."""
    contract = CALL_REVIEW.contract
    changes: list[dict[str, Any]] = [
        {},
        {"callTone": ...},
        {"products": []},
        {"callSummary": 'x "y" \\ z'},
    ]
    for changed in changes:
        said = answer(**changed)
        for indent in (None, 2):
            text = json.dumps(said, indent=indent)
            quick = msgspec.to_builtins(contract.from_text(text))
            assert quick is None or quick == contract.from_value(check(contract.root, said))
