"""`python -m benchmarks.real_cases DIR`: read real and damaged inputs, and count the results.

DIR holds `malformed.jsonl` (input or input_base64, expected, expected_type, kind) and
`vertex_samples.jsonl` (line, expected_outcome, expected_text), either or both. Each case is
read as its source states, refused with a named error, or differs. No case may differ.
"""

import base64
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from analysis import ERRORS
from analysis.fitting import Fitted, Rules
from analysis.reading.answer_parsing import Contract, RejectedAnswer, read_answer
from analysis.reading.documents import documents_of
from analysis.reading.finish_reason import finished
from analysis.reading.prediction_line import prediction_line
from analysis.schema import Node

Case = dict[str, Any]
STATED, REFUSED, DIFFERS = "as stated", "refused", "DIFFERS"
UNCHANGED = "as it stands, where the source renames values by a schema of its own"

OUTCOMES = {
    "row_error": {"vertex_ai_error", "service_error"},
    "unparseable_line": {"json_parse_error"},
    "truncated_empty": {"truncated"},
    "empty_content": {"empty_answer", "vertex_ai_error"},  # nothing, after STOP or after OTHER
    "no_candidates": {"empty_answer", "vertex_ai_error"},
    "candidate_blocked": {"blocked"},
    "prompt_blocked": {"blocked"},
    "other_finish": {"vertex_ai_error"},
}
"""The error types that an outcome of the source may be refused with."""


class AnyObject(Contract):
    """Accepts every object as it is, so that the parsing steps alone are judged."""

    def __init__(self) -> None:
        root = Node("object", "")
        rules = Rules(root, {}, frozenset(), 0.0, exact_only=True)
        super().__init__(root, {}, "", rules, lambda _: None)

    def fit(self, value: object, *, reject_unknown: bool = False) -> Fitted:
        if not isinstance(value, dict):
            raise RejectedAnswer("schema_mismatch", "not an object")
        return Fitted(value)


def judge_text(case: Case) -> tuple[str, str]:
    """Compare the reading of a text with the object that its source states."""
    try:
        answer = read_answer(_text_of(case), AnyObject())
    except UnicodeDecodeError:
        return REFUSED, "json_parse_error"
    except RejectedAnswer as rejected:
        return REFUSED, rejected.error_type
    if "invalid" in case["kind"] and answer.repair_grade == "exact":
        return DIFFERS, f"{case['name']} is not JSON and was read as such"
    free = case["kind"] in {"implementation_defined", "invalid_must_not_parse_strictly"}
    if free or _without_nulls(answer.fitted and answer.fitted.answer) == _without_nulls(
        case["expected"]
    ):
        return STATED, answer.repair_grade
    if case["kind"].startswith("schema_aligned") and answer.repair_grade in {"exact", "mended"}:
        return UNCHANGED, answer.repair_grade
    return DIFFERS, f"{case['kind']}, {case['name']}: {answer.method}"


def judge_line(case: Case) -> tuple[str, str]:
    """Compare the reading of a prediction line with the outcome and text that its source states."""
    line = case["line"].encode("utf-8", "surrogatepass")
    outcome = case["expected_outcome"].partition(":")[0]
    document = next(documents_of(line))
    try:
        if not document.is_whole:
            raise RejectedAnswer("json_parse_error", "the line is broken")
        _, text = finished(prediction_line(document.value))
    except RejectedAnswer as rejected:
        stated = rejected.error_type in OUTCOMES.get(outcome, ())
        return (REFUSED if stated else DIFFERS), rejected.error_type
    stated = outcome == "success" and text == case["expected_text"]
    return (STATED if stated else DIFFERS), f"{outcome} read"


def _without_nulls(value: Any) -> Any:
    """Remove nulls: some sources add null for each missing property of their schema."""
    if isinstance(value, dict):
        return {name: _without_nulls(v) for name, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _text_of(case: Case) -> str:
    if "input_base64" in case:
        return base64.b64decode(case["input_base64"]).decode()
    return str(case["input"])


FILES: dict[str, Callable[[Case], tuple[str, str]]] = {
    "malformed.jsonl": judge_text,
    "vertex_samples.jsonl": judge_line,
}


def real_cases(folder: Path) -> dict[str, Counter[tuple[str, str]]]:
    """Counts of results by file. Raises `AssertionError` for a refusal without a known error type."""
    counted: dict[str, Counter[tuple[str, str]]] = {}
    for name, judge in FILES.items():
        if (folder / name).exists():
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
            counted[name] = Counter(judge(json.loads(line)) for line in lines)
    for how, what in (each for counts in counted.values() for each in counts):
        if how == REFUSED and what not in ERRORS:
            raise AssertionError(f"{what} is not a known error type")
    return counted


def main(folder: str) -> int:
    """Print the counts; returns 1 when a case differs or there is no case."""
    counted = real_cases(Path(folder))
    for name, counts in counted.items():
        sys.stdout.write(f"{name}: {sum(counts.values())} cases\n")
        for (how, what), number in sorted(counts.items()):
            sys.stdout.write(f"  {number:5} {how}: {what}\n")
    return 0 if counted and not any(how == DIFFERS for c in counted.values() for how, _ in c) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
