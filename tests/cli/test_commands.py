"""Output of the commands, as text and as JSON."""

import gzip
import json
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import Command, finished
from tests.earlier_files import composite_key, line_of_key
from tests.files import files_in
from tests.harness import call, calls, id_of


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A folder in which the demo has run."""
    command = Command(tmp_path_factory.mktemp("demo") / "home")
    assert " balance: " in command("demo")
    return command


def test_the_demo_ends_with_balanced_totals_and_a_report(done: Command) -> None:
    """The first command that a new user runs."""
    totals = done.json("verify")

    assert totals["ok"]
    assert totals["completed"]
    assert 0 == totals["open"] == totals["lost"] == totals["doubled"] == totals["paid_twice"]
    assert totals["analysed"] > 400
    assert "<!doctype html>" in (done.home.parent / "report.html").read_text().lower()


def test_the_demo_run_again_finds_nothing_to_pay_for(done: Command) -> None:
    """The report of the first one stays, and no run is made."""
    analysed = done.json("verify")["analysed"]
    report = (done.home.parent / "report.html").read_bytes()
    runs = len(done.json("status")["runs"])

    output = done("demo")

    assert "0 new in the source table" in output
    assert "nothing to do: no record is pending: of " in output
    assert "analysed already" in output
    assert report == (done.home.parent / "report.html").read_bytes()
    assert runs == len(done.json("status")["runs"])
    assert analysed == done.json("verify")["analysed"]


def test_status_and_report_show_a_finished_run(done: Command) -> None:
    """As text, as JSON and as a page."""
    run_id = done.json("status")["runs"][0]["run_id"]
    record = done.json("report", run_id)

    assert run_id in done("status")
    assert run_id in done("status", run_id)
    assert run_id == record["summary"]["run_id"]
    assert "balance" in done("report", run_id)
    page = done.home.parent / "one.html"
    done("report", run_id, "--html", str(page))
    assert run_id in page.read_text()


def test_explain_shows_the_history_of_a_record(tmp_path: Path) -> None:
    """Its plan and its row; an unknown id is a mistake."""
    command = finished(tmp_path / "home")
    row = calls(1)[0]

    text = command("explain", id_of(row))
    history = command.json("explain", id_of(row))

    assert "r1" in text
    assert 1 == len(history["rows"])
    assert ["r1"] == [plan["run_id"] for plan in history["plans"]]
    assert "no record 000" in command("explain", "0" * 32, code=2)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--rows-per-batch", "0"), "invalid --rows-per-batch 0: use a whole number >= 1"),
        (("--mode", "test"), "--limit is missing"),
        (("--provider", "o'x"), 'invalid --provider "o\'x": use 1 to 100 letters'),
        (("--event-time-from", "yesterday"), "invalid --event-time-from 'yesterday': use RFC 3339"),
        (("--analysis", "nothing_v1"), "nothing_v1"),
        (("--run-id", "Not Allowed"), "invalid --run-id 'Not Allowed': use 1 to 40"),
    ],
)
def test_a_bad_request_is_refused_before_it_is_published(
    done: Command, words: tuple[str, ...], named: str
) -> None:
    """The error names the option; no run and no refusal is stored."""
    before = len(done.json("status")["runs"])

    output = done("request", *words, code=2)

    assert named in output
    assert before == len(done.json("status")["runs"])
    assert [] == done.json("status")["refusals"]


def test_a_dry_run_shows_the_plan_and_its_price(tmp_path: Path) -> None:
    """Tokens and cost as a range; the cost of a model without a price is unknown."""
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

    output = command("load", str(file), code=2)

    assert "line 4" in output
    assert "the source table is empty" in command("request")


def test_unknown_runs_and_folders_are_named(tmp_path: Path, done: Command) -> None:
    """A typo brings no traceback."""
    assert "no state folder" in Command(tmp_path / "none")("status", code=2)
    assert "r404" in done("verify", "r404", code=2)
    assert "r404" in done("cancel", "r404", code=2)


def test_read_needs_no_state_folder(done: Command, tmp_path: Path) -> None:
    """It writes rows, errors and a summary."""
    files = files_in(done.home, "bucket/output/**/predictions.jsonl")
    whole = b"".join(file.read_bytes() for file in files)
    first = whole.splitlines(keepends=True)[0]
    given = tmp_path / "given.jsonl"
    given.write_bytes(whole + first + b'{"key": "k-broken\n')

    summary = done.json("read", str(given), "--out", str(tmp_path / "out"))

    lines = len(whole.splitlines())
    assert lines + 2 == summary["lines"]
    assert (lines, 1) == (summary["rows"], summary["repeated"])
    assert {"json_parse_error": 1} == summary["error_types"]
    out = tmp_path / "out"
    rows = [json.loads(row) for row in (out / "rows.ndjson").read_bytes().splitlines()]
    errors = [json.loads(row) for row in (out / "errors.ndjson").read_bytes().splitlines()]
    assert lines == len(rows)
    assert all(row["record_id"] and row["call_summary"] for row in rows)
    assert summary["errors"] == len(errors)
    assert {"record_id", "error_type", "file", "line"} <= errors[0].keys()


def test_the_choreography_is_printed_from_the_code(done: Command) -> None:
    """It lists every handler."""
    output = done("choreography")

    for handler in ("plan-run", "write-jsonl", "submit-job", "watch-jobs", "settle-batch"):
        assert handler in output


def test_files_of_the_earlier_system_are_read_with_a_lookup_file(
    done: Command, tmp_path: Path
) -> None:
    """Composite keys match by both ids; a key that matches no row is a lookup miss."""
    calls_known = calls(3)
    lookup = tmp_path / "lookup.jsonl"
    lookup.write_text("".join(json.dumps(row) + "\n" for row in calls_known), encoding="utf-8")
    keys = [composite_key(row) for row in (*calls_known, call(77))] + ["not-a-key"]
    file = tmp_path / "predictions.jsonl"
    file.write_text("".join(line_of_key(key) + "\n" for key in keys), encoding="utf-8")

    summary = done.json("read", str(file), "--lookup", str(lookup), "--out", str(tmp_path / "out"))
    done("read", str(file), "--strict", "--out", str(tmp_path / "out2"), code=1)

    assert (3, {"lookup_miss": 2}) == (summary["rows"], summary["error_types"])
    rows = [json.loads(row) for row in (tmp_path / "out" / "rows.ndjson").read_bytes().splitlines()]
    assert {id_of(row): row["interactionId"] for row in calls_known} == {
        row["record_id"]: row["interactionId"] for row in rows
    }


def test_the_refusal_of_a_published_request_is_printed(tmp_path: Path) -> None:
    """With the field; a corrected request of the same name does not print the earlier refusal."""
    command = Command(tmp_path / "home")
    file = tmp_path / "request.json"
    file.write_text('{"run_id": "r1", "rows_per_batch": 0}')

    refused = command("publish", "run-requested", str(file), code=1)
    file.write_text('{"run_id": "r1"}')
    taken = command("publish", "run-requested", str(file))

    assert "run r1 was refused: bad_input" in refused
    assert "$.rows_per_batch" in refused
    assert ["published"] == [line.split()[0] for line in taken.splitlines()]


def test_commands_without_a_worker_write_to_the_log_and_not_to_the_terminal(
    tmp_path: Path,
) -> None:
    """The log has the kind of the error and the run, and no text of it."""
    command = Command(tmp_path / "home")
    file = tmp_path / "request.json"
    file.write_text('{"run_id": "r404"}')

    output = command("publish", "cancel-requested", str(file))

    assert ["published"] == [line.split()[0] for line in output.splitlines()]
    log = (command.home / "log.jsonl").read_text().splitlines()
    failed = [line for line in map(json.loads, log) if line["event"] == "delivery-failed"]
    assert [("Redeliver", "r404")] == [(line["error"], line["run_id"]) for line in failed]


def test_a_read_that_fails_keeps_the_earlier_results(tmp_path: Path) -> None:
    """A mistyped name or a broken gzip file is named, and the folder stays as it was."""
    command, out = Command(tmp_path / "home"), tmp_path / "out"
    file, broken = tmp_path / "predictions.jsonl", tmp_path / "broken.jsonl.gz"
    file.write_text(
        "".join(line_of_key(f"k-{id_of(row)}") + "\n" for row in calls(3)), encoding="utf-8"
    )
    broken.write_bytes(gzip.compress(file.read_bytes())[:-20])
    command("read", str(file), "--out", str(out))
    before = {each.name: each.read_bytes() for each in files_in(out)}

    mistyped = command("read", str(file), "mistyped.jsonl", "--out", str(out), code=2)
    packed = command("read", str(file), str(broken), "--out", str(out), code=2)
    command("read", "mistyped.jsonl", "--out", str(tmp_path / "new"), code=2)

    assert "mistyped.jsonl: No such file" in mistyped
    assert f"{broken} cannot be read" in packed
    assert {"rows.ndjson", "errors.ndjson", "summary.json"} == before.keys()
    assert before == {each.name: each.read_bytes() for each in out.iterdir()}
    assert 3 == len(before["rows.ndjson"].splitlines())
    assert not (tmp_path / "new").exists()


def _read(tmp_path: Path, *words: str, code: int = 0) -> dict[str, object]:
    command = Command(tmp_path / "home")
    summary: dict[str, object] = command.json(
        "read", *words, "--out", str(tmp_path / "out"), code=code
    )
    return summary


def _lines(count: int) -> list[str]:
    return [line_of_key(f"k-{id_of(row)}") for row in calls(count)]


def test_rows_are_written_in_the_format_that_is_asked(tmp_path: Path) -> None:
    """With the same columns and values in each."""
    file = tmp_path / "predictions.jsonl"
    file.write_text("\n".join(_lines(3)))
    seen = []
    for kind in ("ndjson", "csv", "parquet"):
        assert 3 == _read(tmp_path, str(file), "--format", kind)["rows"]
        assert [f"rows.{kind}"] == [each.name for each in (tmp_path / "out").glob("rows.*")]
        path = tmp_path / "out" / f"rows.{kind}"
        columns = "record_id, call_summary, grade, file, line"
        source = f"read_json('{path}')" if kind == "ndjson" else f"'{path}'"
        select = f"SELECT {columns} FROM {source} ORDER BY line"  # noqa: S608
        seen.append(duckdb.execute(select).fetchall())

    assert 3 == len(seen[0])
    assert seen[0] == seen[1] == seen[2]


def test_the_prediction_files_of_a_folder_are_read(tmp_path: Path) -> None:
    """Packed or not, in subfolders; a partial file only where no final one is beside it."""
    lines = _lines(4)
    whole, partial = tmp_path / "in" / "whole job", tmp_path / "in" / "partial"
    for folder in (whole, partial):
        folder.mkdir(parents=True)
    (whole / "predictions.jsonl").write_text(lines[0])
    (whole / "more (1).jsonl.gz").write_bytes(gzip.compress(lines[1].encode()))
    (whole / "incremental_predictions.jsonl").write_text(lines[2])
    (partial / "incremental_predictions.jsonl").write_text(lines[3])
    (whole / "notes.txt").write_text("no prediction")

    summary = _read(tmp_path, str(tmp_path / "in"))

    assert (3, 3, 0) == (summary["lines"], summary["rows"], summary["errors"])
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no prediction file" in Command(tmp_path / "home")(
        "read", str(empty), "--out", str(tmp_path / "out"), code=2
    )


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_read(tmp_path: Path, indent: int | None) -> None:
    """On one line or over several; so is one document over several lines."""
    documents = [json.loads(line) for line in _lines(3)]
    file = tmp_path / "predictions.json"
    for content in (documents, documents[0]):
        file.write_text(json.dumps(content, indent=indent))
        count = len(content) if isinstance(content, list) else 1
        assert (count, count) == tuple(
            _read(tmp_path, str(file))[name] for name in ("lines", "rows")
        )


def test_a_byte_order_mark_is_read_over_and_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "predictions.jsonl"
    text = "\r\n".join(_lines(2))
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert 2 == _read(tmp_path, str(file))["rows"]

    for encoding in ("utf-16", "utf-16-be"):
        file.write_bytes(
            ("\ufeff" if encoding.endswith("be") else "").encode(encoding) + text.encode(encoding)
        )
        output = Command(tmp_path / "home")("read", str(file), "--out", str(tmp_path / "o"), code=2)
        assert f"{file}: the file is UTF-16" in output


def test_an_answer_that_is_given_twice_is_one_row(tmp_path: Path) -> None:
    """Over all files; another answer under the key leaves none."""
    (line, other) = _lines(2)
    changed = line_of_key(json.loads(other)["key"]).replace("A short call", "Another call")
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text(f"{line}\n{other}\n{line}")
    second.write_text(f"{line}\n{changed}")

    summary = _read(tmp_path, str(first), str(second))

    assert (5, 1, 2, 2) == tuple(summary[n] for n in ("lines", "rows", "errors", "repeated"))
    assert {"duplicate_key": 2} == summary["error_types"]
