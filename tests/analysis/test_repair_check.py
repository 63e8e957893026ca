"""A repair is safe only with a proof that no name, value or bracket was lost or moved."""

from typing import Any

import pytest

from analysis.reading import repair
from analysis.reading.repair import safe_repair
from analysis.reading.repair_check import RepairUnproven, items_of_text, items_of_value

TEXT = '{"a": "x" "b": [1, 2]}'
VALUE = {"a": "x", "b": [1, 2]}
HARMLESS = {"text": "While parsing a string in object value context, we found a comma that"}


def repaired_to(
    value: Any, monkeypatch: pytest.MonkeyPatch, log: list[dict[str, str]] | None = None
) -> None:
    """Let the library return this value and log."""

    def repair_json(text: str, **_: Any) -> tuple[Any, list[dict[str, str]]]:
        return value, log or []

    monkeypatch.setattr(repair, "repair_json", repair_json)


def test_a_repair_of_commas_alone_is_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a log that says no more."""
    repaired_to(VALUE, monkeypatch, [HARMLESS])

    assert VALUE == safe_repair(TEXT)


@pytest.mark.parametrize(
    "value",
    [
        {"a": "x"},
        {"a": "x", "b": [1]},
        {"a": "x", "b": [2, 1]},
        {"a": "x", "b": [1, 2], "c": None},
        {"a": "y", "b": [1, 2]},
        {"a": "x", "b": ["1", 2]},
        {"b": [1, 2], "a": "x"},
    ],
)
def test_a_repair_that_added_dropped_or_moved_something_is_not_safe(
    value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the library logs."""
    repaired_to(value, monkeypatch)

    with pytest.raises(RepairUnproven, match="added, dropped or moved"):
        safe_repair(TEXT)


def test_a_repair_with_an_unknown_log_entry_is_not_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version of the library may do what this one does not."""
    repaired_to(VALUE, monkeypatch, [HARMLESS, {"text": "Guessed the rest"}])

    with pytest.raises(RepairUnproven, match="more than punctuation"):
        safe_repair(TEXT)


def test_a_text_without_its_closing_brace_at_the_end_is_not_repaired_safely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More may have followed."""
    repaired_to(VALUE, monkeypatch)

    with pytest.raises(RepairUnproven, match="closing brace"):
        safe_repair(TEXT + ",")


@pytest.mark.parametrize(
    "text", ['{"a": [1}]', '{"a": [1]', '{"a": 1}}', '{"a": "\\x41"}', '{"a": word}', '{"a": "b}']
)
def test_a_text_that_cannot_be_read_item_by_item_is_not_repaired_safely(text: str) -> None:
    """Brackets that do not match, escapes and words that mean nothing, an open string."""
    with pytest.raises(RepairUnproven):
        items_of_text(text)


def test_a_name_is_told_from_a_value() -> None:
    """By its colon; both keep their place."""
    assert list(items_of_value(VALUE)) == items_of_text(TEXT)
    assert ("str", "a") in items_of_text('{"a" "x"}')
    assert ("name", "a") not in items_of_text('{"a" "x"}')
