"""What the command says, to people and to scripts."""

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command
from tests.harness import call, calls, id_of


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A folder in which the demo has run."""
    command = Command(tmp_path_factory.mktemp("demo") / "home")
    told = command("demo")
    assert "The books balance" in told
    return command


def test_the_demo_ends_with_balanced_books_and_a_report(done: Command) -> None:
    """The first command that a new user runs."""
    books = done.json("verify")

    assert books["ok"]
    assert books["completed"]
    assert 0 == books["open"] == books["lost"] == books["doubled"] == books["paid_twice"]
    assert books["analysed"] > 400
    assert "<!doctype html>" in (done.home.parent / "report.html").read_text().lower()


def test_the_demo_run_again_finds_nothing_to_pay_for(done: Command) -> None:
    """The same transcripts, another run."""
    analysed = done.json("verify")["analysed"]

    told = done("demo")

    assert "0 new in the source table" in told
    assert analysed == done.json("verify")["analysed"]


def test_status_report_and_explain_tell_of_a_finished_run(done: Command) -> None:
    """In words and in JSON."""
    run_id = done.json("status")["runs"][0]["run_id"]
    record = done.json("report", run_id)

    assert run_id in done("status")
    assert run_id in done("status", run_id)
    assert run_id == record["summary"]["run_id"]
    assert "balance" in done("report", run_id)
    rows = (done.home.parent / "one.html",)
    done("report", run_id, "--html", str(rows[0]))
    assert run_id in rows[0].read_text()


def test_explain_tells_the_journey_of_a_record(done: Command, tmp_path: Path) -> None:
    """Planned, asked, answered, stored; or unknown."""
    command = Command(tmp_path / "home")
    row = calls(1)[0]
    command.load(1)
    command("request", "--run-id", "r1")
    command("work", "--idle-timeout", "0")

    told = command("explain", id_of(row))
    journey = command.json("explain", id_of(row))

    assert "r1" in told
    assert 1 == len(journey["rows"])
    assert ["r1"] == [plan["run_id"] for plan in journey["plans"]]
    assert [] == command.json("explain", "0" * 32)["plans"]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--rows-per-batch", "0"), "rows_per_batch"),
        (("--mode", "test"), "limit"),
        (("--provider", "o'x"), "providers"),
        (("--event-time-from", "yesterday"), "event_time_from"),
        (("--analysis", "nothing_v1"), "nothing_v1"),
        (("--run-id", "Not Allowed"), "run_id"),
    ],
)
def test_a_bad_request_is_refused_before_it_is_published(
    done: Command, words: tuple[str, ...], named: str
) -> None:
    """The field, and no trace."""
    before = len(done.json("status")["runs"])

    told = done("request", *words, code=2)

    assert named in told
    assert before == len(done.json("status")["runs"])
    assert [] == done.json("status")["refusals"]


def test_a_dry_run_shows_the_plan_and_its_price(tmp_path: Path) -> None:
    """What it would take, tokens and cost as a range; an unknown price is unknown."""
    command = Command(tmp_path / "home")
    command.load(20)

    plan = command.json("request", "--dry-run")
    unknown = command("request", "--dry-run", "--model", "some-other-model")

    assert 20 == plan["records"]
    assert 0 < plan["cost"][0] < plan["cost"][1]
    assert "unknown" in unknown
    assert [] == command.json("status")["runs"]


def test_a_malformed_line_is_reported_with_its_number_and_nothing_is_loaded(
    tmp_path: Path,
) -> None:
    """All of the file, or nothing."""
    command = Command(tmp_path / "home")
    file = tmp_path / "bad.jsonl.gz"
    lines = [json.dumps(row) for row in calls(3)] + ['{"transcript": 5']
    file.write_bytes(gzip.compress("\n".join(lines).encode()))

    told = command("load", str(file), code=2)

    assert "line 4" in told
    command("request", "--run-id", "r1")
    command("work", "--idle-timeout", "0")
    assert (0, 0) == tuple(command.json("verify", "r1")[n] for n in ("planned", "skipped"))


def test_unknown_runs_and_folders_are_said_to_be_so(tmp_path: Path, done: Command) -> None:
    """No traceback for a typing error."""
    assert "no state folder" in Command(tmp_path / "none")("status", code=2)
    assert "r404" in done("verify", "r404", code=2)
    assert "r404" in done("cancel", "r404", code=2)


def test_read_reads_prediction_files_on_their_own(done: Command, tmp_path: Path) -> None:
    """Rows, errors and a summary, without a warehouse."""
    files = sorted(done.home.glob("bucket/output/**/predictions.jsonl"))
    whole = b"".join(file.read_bytes() for file in files)
    first = whole.splitlines(keepends=True)[0]
    given = tmp_path / "given.jsonl"
    given.write_bytes(whole + first + b'{"key": "k-broken\n')

    summary = done.json("read", str(given), "--out", str(tmp_path / "out"))

    lines = len(whole.splitlines())
    assert lines + 2 == summary["lines"]
    assert lines - 1 == summary["rows"]
    assert 2 == summary["error_types"]["duplicate_key"]
    out = tmp_path / "out"
    rows = [json.loads(row) for row in (out / "rows.ndjson").read_bytes().splitlines()]
    errors = [json.loads(row) for row in (out / "errors.ndjson").read_bytes().splitlines()]
    assert lines - 1 == len(rows)
    assert all(row["record_id"] and row["call_summary"] for row in rows)
    assert summary["errors"] == len(errors)
    assert {"record_id", "error_type", "file", "line"} <= errors[0].keys()


def test_the_score_is_printed_from_the_code(done: Command) -> None:
    """Every handler stands in it."""
    told = done("choreography")

    for handler in ("plan-run", "write-jsonl", "submit-job", "watch-jobs", "settle-batch"):
        assert handler in told


def test_help_is_there_for_every_command(done: Command) -> None:
    """And says what each is for."""
    told = done("--help")

    for name in ("demo", "load", "request", "work", "status", "verify", "report", "read"):
        assert name in told


def test_files_of_the_earlier_system_are_read_with_a_lookup_file(
    done: Command, tmp_path: Path
) -> None:
    """Composite keys, exact on both ids; whatever matches no row is a lookup miss."""
    calls_known = calls(3)
    lookup = tmp_path / "lookup.jsonl"
    lookup.write_text("".join(json.dumps(row) + "\n" for row in calls_known), encoding="utf-8")
    keys = [_composite(row) for row in (*calls_known, call(77))] + ["not-a-key"]
    file = tmp_path / "predictions.jsonl"
    file.write_text("".join(_line(key) + "\n" for key in keys), encoding="utf-8")

    told = done.json("read", str(file), "--lookup", str(lookup), "--out", str(tmp_path / "out"))
    done("read", str(file), "--strict", "--out", str(tmp_path / "out2"), code=1)

    assert (3, {"lookup_miss": 2}) == (told["rows"], told["error_types"])
    rows = [json.loads(row) for row in (tmp_path / "out" / "rows.ndjson").read_bytes().splitlines()]
    assert {id_of(row): row["interactionId"] for row in calls_known} == {
        row["record_id"]: row["interactionId"] for row in rows
    }


def test_a_request_that_was_published_bad_says_what_is_wrong(tmp_path: Path) -> None:
    """With the field; a corrected one of the same name is not told of the one before."""
    command = Command(tmp_path / "home")
    file = tmp_path / "request.json"
    file.write_text('{"run_id": "r1", "rows_per_batch": 0}')

    refused = command("publish", "run-requested", str(file))
    file.write_text('{"run_id": "r1"}')
    taken = command("publish", "run-requested", str(file))

    assert "run r1 was refused: bad_input" in refused
    assert "$.rows_per_batch" in refused
    assert ["published"] == [line.split()[0] for line in taken.splitlines()]


def test_commands_without_a_worker_write_to_the_log_and_not_to_the_terminal(
    tmp_path: Path,
) -> None:
    """A handler that meets something it did not expect is told by kind and place alone."""
    command = Command(tmp_path / "home")
    file = tmp_path / "request.json"
    file.write_text('{"run_id": "r404"}')

    told = command("publish", "cancel-requested", str(file))

    assert ["published"] == [line.split()[0] for line in told.splitlines()]
    log = (command.home / "log.jsonl").read_text().splitlines()
    failed = [line for line in map(json.loads, log) if line["event"] == "delivery-failed"]
    assert [("Redeliver", "r404")] == [(line["error"], line["run_id"]) for line in failed]


def test_a_reading_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    """A mistyped name, a broken archive: named, and neither costs an earlier result."""
    command, out = Command(tmp_path / "home"), tmp_path / "out"
    file, broken = tmp_path / "predictions.jsonl", tmp_path / "broken.jsonl.gz"
    file.write_text("".join(_line(f"k-{id_of(row)}") + "\n" for row in calls(3)), encoding="utf-8")
    broken.write_bytes(gzip.compress(file.read_bytes())[:-20])
    command("read", str(file), "--out", str(out))
    before = {each.name: each.read_bytes() for each in out.iterdir()}

    mistyped = command("read", str(file), "mistyped.jsonl", "--out", str(out), code=2)
    packed = command("read", str(file), str(broken), "--out", str(out), code=2)
    command("read", "mistyped.jsonl", "--out", str(tmp_path / "new"), code=2)

    assert "mistyped.jsonl: No such file" in mistyped
    assert f"{broken} cannot be read" in packed
    assert {"rows.ndjson", "errors.ndjson", "summary.json"} == before.keys()
    assert before == {each.name: each.read_bytes() for each in out.iterdir()}
    assert 3 == len(before["rows.ndjson"].splitlines())
    assert not (tmp_path / "new").exists()


def _composite(row: dict[str, Any]) -> str:
    token = base64.b64encode(row["phone_number_token"].encode()).decode()
    return f"{token}|{row['interactionId']}"


def _line(key: str) -> str:
    part = {"text": json.dumps({"callSummary": "A short call."})}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    return json.dumps({"key": key, "status": "", "response": {"candidates": [candidate]}})
