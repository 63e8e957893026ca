"""Personal data stays where it belongs: in the request file, the output and the tables of rows."""

from collections.abc import Iterator

import pytest

from tests.files import files_in
from tests.harness import LocalHarness, call
from troupe.backends.local.backend import LocalSettings
from troupe.standin.corrupt import Corruption
from troupe.telemetry.logs import log_to

PLANTED = ("+49 171 2345678", "Wilhelmina Oakenshaw", "tok_SECRETPHONE", "int-SECRETCALL")

MAY_HOLD = {
    "transcription_pass_2", "batch_records", "transcription_analyzed_transcripts",
    "processed_records",
}  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A run with damaged answers, a refused request and a dead letter, all with planted data."""
    harness = LocalHarness(
        tmp_path_factory.mktemp("privacy"), LocalSettings(corruption=Corruption(share=0.5, seed=3))
    )
    log_to(harness.home / "log.jsonl")
    text = f"CUSTOMER: I am {PLANTED[1]}, call me at {PLANTED[0]}.\nAGENT: Noted, thank you."
    harness.load(
        call(n, text, phone_number_token=PLANTED[2], interactionId=f"{PLANTED[3]}-{n}")
        for n in range(40)
    )
    harness.complete(canary=10, rows_per_batch=10, breaker=100, max_attempts=2)
    harness.backend.bus.send("run-requested", f'{{"providers": ["{PLANTED[1]}!"]}}'.encode(), {})
    harness.backend.bus.send("batch-planned", f'{{"run_id": "{PLANTED[0]}"'.encode(), {})
    harness.play()
    yield harness
    harness.close()


def test_planted_names_and_numbers_occur_in_no_log_line(played: LocalHarness) -> None:
    """Logs carry ids alone."""
    log = (played.home / "log.jsonl").read_text(encoding="utf-8")

    assert "delivered" in log
    assert "run-refused" in log
    assert [] == [planted for planted in PLANTED if planted in log]


def test_planted_names_and_numbers_occur_in_no_event_error_or_delivery(
    played: LocalHarness,
) -> None:
    """Only the tables of rows and of frozen transcripts hold personal data."""
    tables = [name for (name,) in played.sql("SELECT table_name FROM duckdb_tables()")]
    letters = {"dead_letters"}  # what is no event of ours is kept as it came, for the operator

    found = {
        name
        for name in tables
        for planted in PLANTED
        if played.one(f'SELECT count(*) FROM "{name}" AS t WHERE CAST(t AS VARCHAR) LIKE ?',  # noqa: S608
                      f"%{planted}%")
    }  # fmt: skip

    assert found <= MAY_HOLD | letters | {n for n in tables if "staging" in n}
    assert "batch_records" in found


def test_planted_names_and_numbers_occur_in_no_name_or_label(played: LocalHarness) -> None:
    """Object names, labels and jobs are made of ids."""
    names = [str(path) for path in files_in(played.home)]
    labels = files_in(played.home / "vertex", "**/*.json")

    assert len(names) > 10
    for planted in PLANTED:
        assert not any(planted in name for name in names)
        assert not any(planted in label.read_text(encoding="utf-8") for label in labels)
