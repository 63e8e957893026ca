"""The table of error types, keys of the earlier system, and fingerprints."""

import pytest

from analysis import ERRORS, composite_key, fingerprint
from scripts.reference.error_types import error_types_table

RELEASED = {
    "empty_transcript",
    "request_too_large",
    "cancelled",
    "cleared",
    "not_reread",
    "budget_exhausted",
    "breaker_tripped",
    "run_too_old",
    "job_refused",
    "job_failed",
    "outage",
    "service_error_repeated",
    "discarded",
}
FAILED = {"blocked", "lookup_miss", "attempts_exhausted"}
SYSTEM = {
    "output_missing",
    "shard_missing",
    "analysis_unreadable",
    "object_conflict",
    "stuck_event",
    "unreadable_message",
    "dead_lettered",
    "paid_in_vain",
    "run_refused",
}


def test_each_error_leaves_its_record_in_one_state() -> None:
    """Open for another attempt, released for the next plan, or failed."""
    by_outcome: dict[str, set[str]] = {}
    for name, error in ERRORS.items():
        assert error.name == name
        by_outcome.setdefault(error.scope if error.scope == "system" else error.outcome, set()).add(
            name
        )

    assert by_outcome.pop("released") == RELEASED
    assert by_outcome.pop("failed") == FAILED
    assert by_outcome.pop("system") == SYSTEM
    assert by_outcome.pop("open") == set(ERRORS) - RELEASED - FAILED - SYSTEM
    assert {"json_parse_error", "missing_summary", "vertex_ai_error"} <= set(ERRORS)


def test_the_table_for_the_documentation_is_complete() -> None:
    """One row for each error type, each with a hint."""
    rows = error_types_table().splitlines()

    assert len(rows) == 2 + len(ERRORS)
    assert len({row.count("|") for row in rows}) == 1
    assert all(len(error.hint) > 20 for error in ERRORS.values())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("KzQzNjYw|call-7", ("+43660", "call-7")),
        ("KzQzNjYw|8|9", ("+43660", "8|9")),
        ("w6Q=|1", ("ä", "1")),
        ("KzQzNjYw", None),
        ("|call-7", None),
        ("KzQzNjYw|", None),
        ("Kz Qz|call-7", None),
        ("KzQzNjY|call-7", None),
        ("/w==|call-7", None),
        ("a" * 4096 + "|x", None),
    ],
)
def test_keys_of_the_earlier_system_are_recognised(
    text: str, parts: tuple[str, str] | None
) -> None:
    """Other keys give None."""
    assert composite_key(text) == parts


def test_a_fingerprint_is_what_sql_computes() -> None:
    """TO_HEX(SHA256(transcript))."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fingerprint("") == empty
    assert fingerprint("ä") != fingerprint("a")
