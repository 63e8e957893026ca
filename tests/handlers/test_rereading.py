"""`reread` reads the stored answers of a completed run by mended rules: new rows, no model, no cost."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from events import CancelRequested, RereadRequested
from handlers.ports import Policy
from tests.analysis.own import NAME, folder_of
from tests.files import files_in
from tests.harness import LocalHarness, calls, id_of
from troupe import operations
from troupe.backends.local.backend import LocalSettings
from troupe.backends.local.operations import add_analysis
from troupe.operations.backend import InvalidOperation
from troupe.operations.reread import reread
from troupe.standin.prediction_lines import Answer

MakeHarness = Callable[..., LocalHarness]
MOOD = {"mood": {"type": "STRING", "enum": ["good", "bad"]}}
ROWS = "SELECT run_id, count(*) FROM of_any_kind GROUP BY 1 ORDER BY 1"
REQUEST = {"analysis": NAME, "max_attempts": 1, "breaker": 100, "canary": 3, "rows_per_batch": 3}


def moody(request: Any) -> Answer:
    """Every third call is answered with a value that the rules do not know."""
    number = int(str(request).split("My line ")[1].split(" ")[0])
    mood = ("good", "bad", "splendid")[number % 3]
    return Answer(text=json.dumps({"verdict": f"Line {number} is broken.", "mood": mood}))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with a completed run of which a third of the answers was refused."""
    folder = tmp_path_factory.mktemp("refused")
    harness = LocalHarness(folder / "home", LocalSettings(answerer=moody))
    add_analysis(harness.backend, str(folder_of(folder, MOOD, grades="exact_only")))
    harness.load(calls(9))
    totals = harness.run("r1", **REQUEST)
    assert (6, 3) == (totals["analysed"], totals["failed"])
    harness.close()
    return harness.home


@pytest.fixture
def harness(refused: Path, tmp_path: Path) -> Iterator[LocalHarness]:
    """A copy of it."""
    shutil.copytree(refused, tmp_path / "home")
    made = LocalHarness(tmp_path / "home", LocalSettings(answerer=moody))
    yield made
    made.close()


def mend(harness: LocalHarness, **settings: Any) -> None:
    """Change settings of the installed analysis; by default, list the unknown value."""
    path = harness.home / "analyses" / NAME / "analysis.json"
    settings = settings or {"equivalents": {"mood": {"splendid": "good"}}}
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | settings), encoding="utf-8")
    harness.restart()


def read_again(harness: LocalHarness, run_id: str = "a1", of_run: str = "r1") -> dict[str, Any]:
    harness.publish(RereadRequested(run_id=run_id, of_run=of_run))
    harness.play(report_of=run_id)
    return harness.books(run_id)


def test_what_was_refused_becomes_rows_and_nothing_is_paid(harness: LocalHarness) -> None:
    mend(harness)
    jobs, files = harness.jobs(), files_in(harness.home / "bucket", "requests/**/*.jsonl")

    preview = reread(harness.backend, "r1", dry_run=True)
    assert (3, 3, {}) == (preview.records, preview.new_rows, preview.refused)
    books = read_again(harness)

    assert (True, 3, 3, 0) == tuple(books[n] for n in ("ok", "planned", "analysed", "paid_twice"))
    assert [("a1", 3), ("r1", 6)] == harness.sql(ROWS)
    assert harness.books("r1")["ok"]
    assert jobs == harness.jobs()
    assert files == files_in(harness.home / "bucket", "requests/**/*.jsonl")
    assert [(0, 0.0, 0.0)] == harness.sql(
        "SELECT sum(prompt_tokens + output_tokens), sum(cost), sum(wasted) FROM attempt_closings "
        "WHERE run_id = 'a1'"
    )
    assert 0 == harness.one("SELECT count(*) FROM claims WHERE run_id = 'a1'")
    assert 0 == harness.one("SELECT count(*) FROM error_tracking WHERE run_id = 'a1'")
    assert 0 == harness.totals("r2", **REQUEST)["planned"]


def test_the_new_rows_say_by_which_rules_they_were_read(harness: LocalHarness) -> None:
    """The prompt is that of the first run, the reader another one."""
    mend(harness)
    read_again(harness)

    asked, readers, runs = harness.sql(
        "SELECT count(DISTINCT prompt_fingerprint), count(DISTINCT reader_fingerprint), "
        "count(DISTINCT run_id) FROM of_any_kind"
    )[0]
    assert (1, 2, 2) == (asked, readers, runs)
    assert {"good"} == {
        mood for (mood,) in harness.sql("SELECT mood FROM of_any_kind WHERE run_id = 'a1'")
    }


def test_answers_that_are_refused_again_change_nothing(harness: LocalHarness) -> None:
    """They are released in the new run, and still failed in the old one, so no plan takes them."""
    preview = reread(harness.backend, "r1", dry_run=True)
    assert (3, 0, {"schema_mismatch": 3}) == (preview.records, preview.new_rows, preview.refused)

    books = read_again(harness)

    assert (True, 0, 3, 0) == tuple(books[n] for n in ("ok", "analysed", "released", "failed"))
    assert [("not_reread", "schema_mismatch", 3)] == harness.sql(
        "SELECT error_type, cause, count(*) FROM error_tracking WHERE run_id = 'a1' "
        "AND error_type = 'not_reread' GROUP BY ALL"
    )
    assert 0 == harness.totals("r2", **REQUEST)["planned"]


def test_answers_that_are_gone_are_named(harness: LocalHarness) -> None:
    """The bucket deletes outputs after their retention."""
    mend(harness)
    shutil.rmtree(harness.home / "bucket" / "output")
    assert {"output_gone": 3} == reread(harness.backend, "r1", dry_run=True).refused

    books = read_again(harness)

    assert (True, 0, 3) == (books["ok"], books["analysed"], books["released"])
    assert [("output_gone",)] == harness.sql(
        "SELECT DISTINCT cause FROM error_tracking WHERE error_type = 'not_reread'"
    )


def test_a_record_that_another_run_stored_or_holds_is_left_out(harness: LocalHarness) -> None:
    mend(harness)
    read_again(harness)

    again = reread(harness.backend, "r1", dry_run=True)

    assert (0, 0) == (again.records, again.new_rows)
    books = read_again(harness, "a2")
    assert (0, True) == (books["planned"], books["completed"])


def test_outputs_of_every_attempt_are_read(make_harness: MakeHarness, tmp_path: Path) -> None:
    """Three attempts were refused; each of their answers would do now, and one counts."""
    harness = make_harness(answerer=moody)
    add_analysis(harness.backend, str(folder_of(tmp_path, MOOD, grades="exact_only")))
    harness.load(calls(6))
    harness.analyse("r1", **REQUEST | {"max_attempts": 3, "canary": 6})
    assert 3 == harness.one("SELECT max(attempt) FROM attempt_closings")
    mend(harness)

    books = read_again(harness)

    assert (True, 2) == (books["ok"], books["analysed"])
    assert 2 == harness.one("SELECT count(*) FROM of_any_kind WHERE run_id = 'a1'")


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        ({"max_output_tokens": 64}, "asks otherwise than run r1"),
        ({"model": "gemini-3.5-pro"}, ""),
    ],
)
def test_only_reading_rules_may_have_changed(
    harness: LocalHarness, edit: dict[str, Any], why: str
) -> None:
    """The model is that of the run, whatever the analysis asks by default now."""
    mend(harness, **edit)
    if not why:
        assert 3 == reread(harness.backend, "r1", dry_run=True).records
        return
    with pytest.raises(InvalidOperation, match=why):
        reread(harness.backend, "r1")
    harness.publish(RereadRequested(run_id="a1", of_run="r1"))
    harness.play()
    assert ["reread-requested", "run-refused"] == harness.topics("a1")
    assert "prompt_changed" in harness.one("SELECT data FROM events WHERE topic = 'run-refused'")


def test_a_run_that_is_open_unknown_or_a_reread_itself_is_refused(harness: LocalHarness) -> None:
    read_again(harness)
    with pytest.raises(InvalidOperation, match="nosuch is not planned here"):
        reread(harness.backend, "nosuch")
    with pytest.raises(InvalidOperation, match="read run r1 again"):
        reread(harness.backend, "a1")
    harness.load(calls(3, start=20))
    harness.request("r2", **REQUEST)
    harness.play_until("job-submitted", "r2")
    with pytest.raises(InvalidOperation, match="r2 is not completed"):
        reread(harness.backend, "r2")


def test_a_run_that_reads_again_cannot_be_cancelled_and_needs_not_be(harness: LocalHarness) -> None:
    mend(harness)
    harness.publish(RereadRequested(run_id="a1", of_run="r1"))
    harness.play_until("reread-planned", "a1")

    with pytest.raises(InvalidOperation, match="ends by itself"):
        operations.cancel(harness.backend, "a1")
    harness.play(report_of="a1")
    assert 3 == harness.books("a1")["analysed"]


def test_a_command_to_cancel_it_does_nothing(harness: LocalHarness) -> None:
    """A release and the closing would not see each other: no claim tells who closes."""
    mend(harness)
    harness.publish(RereadRequested(run_id="a1", of_run="r1"))
    harness.play_until("reread-planned", "a1")
    harness.publish(CancelRequested(run_id="a1"))
    harness.play(report_of="a1")

    assert "run-stopped" not in harness.topics("a1")
    assert 3 == harness.books("a1")["analysed"]


def test_no_budget_stops_a_reread_run(harness: LocalHarness) -> None:
    """No answer of it is paid for."""
    harness.restart(policy=Policy(budget_a_day=0.000001))

    books = read_again(harness)

    assert (3, True) == (books["released"], books["completed"])
    assert "run-stopped" not in harness.topics("a1")


def test_the_same_request_twice_is_one_run(harness: LocalHarness) -> None:
    mend(harness)
    first = reread(harness.backend, "r1", run_id="a1")
    harness.play()
    second = reread(harness.backend, "r1", run_id="a1")
    harness.play()

    assert (False, True) == (first.known, second.known)
    assert 3 == harness.books("a1")["analysed"]


def test_released_records_are_read_again_too(harness: LocalHarness) -> None:
    """A run that was cancelled while its job ran released what its job had answered badly."""
    ids = [id_of(row) for row in calls(9)][2::3]
    harness.sql(
        "UPDATE error_tracking SET replan = TRUE WHERE record_id IN (SELECT unnest(?))", ids
    )
    mend(harness)

    assert 3 == read_again(harness)["analysed"]
    assert 0 == harness.totals("r2", **REQUEST)["planned"]
