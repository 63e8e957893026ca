"""Real cases: read as stated, refused with an error type, or differing, which ends with 1."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.real_cases import main


def _write(folder: Path, name: str, *cases: dict[str, Any]) -> None:
    (folder / name).write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")


def _line(**changed: Any) -> str:
    candidate = {"content": {"parts": [{"text": "Hello."}]}, "finishReason": "STOP"}
    return json.dumps({"status": "", "response": {"candidates": [candidate]}} | changed)


def test_cases_are_counted_by_their_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each with its grade or its error type."""
    _write(
        tmp_path,
        "malformed.jsonl",
        {"name": "a", "kind": "valid", "input": '{"a": 1}', "expected": {"a": 1}},
        {"name": "b", "kind": "repair", "input": '{"a": 1,}', "expected": {"a": 1}},
        {"name": "c", "kind": "repair", "input": '{"a": "x', "expected": {"a": "x"}},
        {"name": "d", "kind": "repair", "input_base64": base64.b64encode(b"\xff").decode()},
        {"name": "e", "kind": "valid", "input": "[]", "expected": []},
    )
    _write(
        tmp_path,
        "vertex_samples.jsonl",
        {"line": _line(), "expected_outcome": "success", "expected_text": "Hello."},
        {"line": _line(status="Bad"), "expected_outcome": "row_error", "expected_text": None},
        {"line": "{", "expected_outcome": "unparseable_line", "expected_text": None},
    )

    assert 0 == main(str(tmp_path))
    assert [
        "malformed.jsonl: 5 cases",
        "      1 as stated: exact",
        "      1 as stated: mended",
        "      2 refused: json_parse_error",
        "      1 refused: schema_mismatch",
        "vertex_samples.jsonl: 3 cases",
        "      1 as stated: success read",
        "      1 refused: json_parse_error",
        "      1 refused: vertex_ai_error",
    ] == _without_lossy(capsys.readouterr().out)


def _without_lossy(text: str) -> list[str]:
    """A truncated text may be refused as lossy or as invalid JSON; both are refusals."""
    lines = text.splitlines()
    if "      1 refused: repaired_lossy" in lines:
        lines.remove("      1 refused: repaired_lossy")
        at = lines.index("      1 refused: json_parse_error")
        lines[at] = "      2 refused: json_parse_error"
    return lines


def test_a_case_that_differs_ends_with_1(tmp_path: Path) -> None:
    """It is read as another value than its source states."""
    _write(
        tmp_path,
        "malformed.jsonl",
        {"name": "a", "kind": "repair", "input": '{"a": 1}', "expected": {"a": 2}},
    )

    assert 1 == main(str(tmp_path))


def test_a_folder_without_cases_ends_with_1(tmp_path: Path) -> None:
    """Nothing was tested."""
    assert 1 == main(str(tmp_path))
