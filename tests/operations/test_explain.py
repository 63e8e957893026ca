"""Histories from real tables name the lines, files and rows that exist."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.harness import LocalHarness, call, calls, id_of, ran
from troupe.operations.backend import InvalidOperation
from troupe.operations.explain import explain
from troupe.operations.histories import BatchHistory, RecordHistory, RunHistory
from troupe.report.text.history import history_lines
from troupe.standin.corrupt import Corruption, Kind

MakeHarness = Callable[..., LocalHarness]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A run that is over. No test changes anything."""
    made = LocalHarness(tmp_path_factory.mktemp("analysed") / "home")
    made.begin_after(ran, 3)
    yield made
    made.close()


def record_in(harness: LocalHarness, uri: str, line: int) -> Any:
    """Whom this line of a request file asks about."""
    bucket = harness.backend.dependencies.bucket
    (blob,) = (each for each in bucket.list(uri.rpartition("/")[0]) if each.uri == uri)
    content = b"".join(bucket.read(blob))
    return json.loads(content.splitlines()[line - 1])["request"]["labels"]["record"]


POISONED = id_of(call(7))
CUT = Corruption(share=0, poison=frozenset({f"k-{POISONED}"}), poison_kind=Kind.CUT)


@pytest.fixture
def failed(make_harness: MakeHarness) -> LocalHarness:
    """A run of one batch, one of whose answers is cut in each attempt."""
    harness = make_harness(corruption=CUT)
    harness.begin_after(ran, 20)
    return harness


def test_a_history_names_the_line_that_requested_the_record(failed: LocalHarness) -> None:
    """In each attempt, until the last."""
    history = explain(failed.backend, POISONED)
    assert isinstance(history, RecordHistory)
    (plan,) = history.plans
    files = {
        event.attempt: json.loads(event.data)["uri"]
        for event in plan.events
        if event.topic == "jsonl-uploaded"
    }

    assert 1 < len(files) == len(plan.lines)
    assert {f"k-{POISONED}"} == {
        record_in(failed, files[each.attempt], each.line or 0) for each in plan.lines
    }
    text = "\n".join(history_lines(history))
    assert "of the answers" in text
    assert "It failed for good (attempts_exhausted)" in text


def test_a_stored_record_names_its_table_and_its_cost(analysed: LocalHarness) -> None:
    """The table, the file of its answer, tokens and dollars."""
    text = "\n".join(history_lines(explain(analysed.backend, id_of(calls(1)[0]))))

    assert "planned into batch 1 of 1 of run r1" in text
    assert "batch 1 is the canary" in text
    assert "gs://" in text
    assert "in transcription_analyzed_transcripts: read as it stands (exact)" in text
    assert "cost $0.0" in text


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ({"providers": ["others"]}, "leaves it out: outside the filters of the request"),
        ({"mode": "test", "limit": 1}, "would admit it"),
    ],
)
def test_a_record_that_no_run_selected_has_a_reason(
    harness: LocalHarness, command: dict[str, Any], expected: str
) -> None:
    """By the request of the newest run."""
    harness.load([call(0, provider="others"), *calls(4, start=1)])
    harness.run("r1", **command)
    taken = {record for (record,) in harness.sql("SELECT record_id FROM batch_records")}
    left = next(id_of(row) for row in calls(4, start=1) if id_of(row) not in taken)

    assert expected in history_lines(explain(harness.backend, left))[-1]


def test_a_batch_lists_its_claims_jobs_errors_and_cost(failed: LocalHarness) -> None:
    """Each attempt with the file it was read from."""
    history = explain(failed.backend, "r1/1")
    text = "\n".join(history_lines(history))

    assert isinstance(history, BatchHistory)
    assert 3 == len(history.closings) == len(history.claims)
    assert "Batch 1 of 1, run r1" in text
    assert "attempt 3: closed as answered: 1 request sent, 1 line read from gs://" in text
    assert "error truncated, asked again" in text
    assert text.endswith("It is over: 20 records = 19 analysed + 1 failed + 0 released + 0 open.")


def test_a_batch_that_waits_for_the_window_has_not_begun(harness: LocalHarness) -> None:
    """It has no events yet."""
    harness.load(calls(30))
    harness.request("r1", canary=10, rows_per_batch=10)
    harness.play_until("batch-planned")

    assert "It has not begun" in history_lines(explain(harness.backend, "r1/3"))[-1]


def test_a_run_lists_its_request_its_plan_and_its_batches(harness: LocalHarness) -> None:
    """With the cost of each, and where to read on."""
    harness.load([*calls(6), call(99, "")])
    harness.complete("r1", canary=2, rows_per_batch=4)

    history = explain(harness.backend, "r1")
    text = "\n".join(history_lines(history))

    assert "canary 2" in text
    assert "7 rows in the source" in text
    assert isinstance(history, RunHistory)
    assert [1, 2, 3] == [row.batch for row in history.batches]
    assert "`troupe explain r1/1`" in text
    assert ["requested", "planned", "completed"] == [
        word for word in ("requested", "planned", "completed") if f"UTC  {word}" in text
    ]


@pytest.mark.parametrize("subject", ["nothing", "r1/9", "r1/0", "ab" * 15, "r2/1"])
def test_an_unknown_subject_is_refused(analysed: LocalHarness, subject: str) -> None:
    """With what it may be."""
    with pytest.raises(InvalidOperation, match=r"troupe status|batches 1 to 1"):
        explain(analysed.backend, subject)


def test_a_run_without_a_plan_names_the_command_to_use(harness: LocalHarness) -> None:
    """It is requested, and no worker has planned it yet."""
    harness.request("r1")

    with pytest.raises(InvalidOperation, match="no plan yet"):
        explain(harness.backend, "r1")
