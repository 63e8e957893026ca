"""Mistakes, each with the command that makes it: the list behind `docs/reference/bad-input.md`.

`python -m tests.cli.bad_input` writes the page from what the commands say.
"""

import json
import re
import resource
import shlex
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import duckdb
from typer.testing import CliRunner

from tests.cli.command import run_here
from tests.harness import calls
from troupe.backends.local import warehouse
from troupe.backends.local.backend import LocalBackend
from troupe.cli.app import app
from troupe.duckdb_connection import ReadFile, connect

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bad-input.md"
HEAD = """# Mistakes and what is said

Every mistake ends a command with a code of the [table](exit-codes.md) and a message that names what is wrong and what to do.
This page is made from a test that makes each mistake: `python -m tests.cli.bad_input` renews it.
"""


@dataclass(frozen=True)
class Mistake:
    """A command that must not succeed."""

    what: str
    command: str
    says: str
    """A part of the message, which names what is wrong."""
    code: int = 2
    disk_bytes: int | None = None
    """The size at which a file cannot grow, as on a full disk."""

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command)[1:]


MISTAKES = {
    "Names and options": [
        Mistake("command misspelt", "troupe statsu", "Did you mean 'status'"),
        Mistake("command of a group misspelt", "troupe dead-letters lsit", "Did you mean 'list'"),
        Mistake("option misspelt", "troupe request --limt 5", "Possible options: --limit"),
        Mistake("option without a value", "troupe status --home", "'--home' requires an argument"),
        Mistake("argument missing", "troupe explain", "Missing argument 'subject'"),
        Mistake("argument too many", "troupe status first second", "unexpected extra argument"),
        Mistake("option of another command", "troupe verify --watch", "No such option: --watch"),
        Mistake("unknown backend", "troupe status --backend aws", "'aws' is not one of"),
        Mistake("no number", "troupe work --idle-timeout soon", "'--idle-timeout'"),
        Mistake("number out of range", "troupe demo --corrupt-percent 101", "'--corrupt-percent'"),
        Mistake("too often", "troupe status --watch --every 0", "'--every'"),
        Mistake("no processes", "troupe simulate --seeds 0", "'--seeds'"),
        Mistake("no number of letters", "troupe dead-letters replay --limit x", "'--limit'"),
        Mistake("unknown format of rows", "troupe read p.jsonl --out r --format xml", "'--format'"),
    ],
    "Requests": [
        Mistake("limit of nothing", "troupe request --limit 0", "invalid --limit 0"),
        Mistake("unknown mode", "troupe request --mode tset", "invalid --mode 'tset'"),
        Mistake("mode without its option", "troupe request --mode test", "--limit is missing"),
        Mistake("option without its mode", f"troupe request --record-id {'0' * 32}", "in mode"),
        Mistake("name with a blank", "troupe request --run-id 'my run'", "invalid --run-id"),
        Mistake("no time", "troupe request --event-time-from yesterday", "use RFC 3339"),
        Mistake(
            "time without a zone", "troupe request --event-time-to 2026-01-31T00:00:00",
            "the time zone is missing",
        ),
        Mistake("money below zero", "troupe request --budget -1", "invalid --budget -1.0"),
        Mistake("no money at all", "troupe request --budget nan", "invalid --budget nan"),
        Mistake("unknown analysis", "troupe request --analysis no_v1", "unknown analysis no_v1"),
        Mistake("no record id", "troupe request --mode single --record-id 7", "--record-id '7'"),
        Mistake("name taken by another request", "troupe request --run-id first", "first was used"),
        Mistake("nothing selected", "troupe reprocess", "nothing is selected"),
        Mistake("batch without its run", "troupe reprocess --batch 1 --error-type odd", "needs --run"),
        Mistake("unknown error", "troupe reprocess --error-type odd", "--error-type"),
        Mistake("unknown run", "troupe reprocess --run frist", "run frist"),
        Mistake("unknown run", "troupe reread frist", "run frist"),
    ],
    "Ids": [
        Mistake("unknown run", "troupe status frist", "did you mean first?"),
        Mistake("unknown run", "troupe status frist --watch", "run frist"),
        Mistake("unknown run", "troupe verify frist", "run frist"),
        Mistake("unknown run", "troupe report frist", "run frist"),
        Mistake("unknown run", "troupe cancel frist", "run frist"),
        Mistake("neither run nor all", "troupe cancel", "name a run, or give --all"),
        Mistake("both run and all", "troupe cancel first --all", "either RUN or --all"),
        Mistake("preview of one run", "troupe cancel first --dry-run", "--dry-run needs --all"),
        Mistake("unknown run", "troupe notify frist", "did you mean first?"),
        Mistake("no receiver of notifications", "troupe notify first", "set TROUPE_NOTIFY_URL"),
        Mistake("unknown run", "troupe clear-history --run frist", "run frist"),
        Mistake("no run, batch or record", "troupe explain frist", "frist"),
        Mistake("unknown batch", "troupe explain first/99", "99"),
        Mistake(
            "unknown record",
            "troupe explain 00000000000000000000000000000000",
            "no record 00000000000000000000000000000000",
        ),
        Mistake("unknown analysis", "troupe costs no_v1", "no_v1"),
        Mistake("unknown analysis", "troupe drift no_v1", "no_v1"),
        Mistake("no day", "troupe drift --since yesterday", "invalid --since 'yesterday'"),
        Mistake("unknown attribute", "troupe drift --by queue", "invalid --by 'queue'"),
        Mistake("unknown letter", "troupe dead-letters show none", "no dead letter none"),
        Mistake(
            "unknown letter", "troupe dead-letters discard none --reason odd", "no dead letter none"
        ),
        Mistake("no time", "troupe dead-letters list --since x", "invalid --since 'x'"),
        Mistake("nothing to clear by", "troupe clear-history", "--run"),
        Mistake("unknown run", "troupe review sample frist", "did you mean first?"),
        Mistake("no such stratum", "troupe review sample first --by tone", "invalid --by 'tone'"),
        Mistake("no row to review", "troupe review sample first --n 0", "'--n'"),
        Mistake(
            "nothing to differ from", "troupe review sample first --by disagreement",
            "--against is missing",
        ),
    ],
    "Files": [
        Mistake("missing file", "troupe load none.jsonl", "none.jsonl"),
        Mistake("pattern without a file", "troupe load 'none*.jsonl'", "none*.jsonl"),
        Mistake("broken JSON", "troupe load broken.jsonl", "line 2"),
        Mistake("not a file of transcripts", "troupe load picture.png", "picture.png"),
        Mistake("unknown column", "troupe load calls.jsonl --map 'nope=transcript'", "nope"),
        Mistake("unknown zone", "troupe load calls.jsonl --timezone Mars", "Mars"),
        Mistake("unknown format", "troupe load calls.jsonl --format odd", "odd"),
        Mistake("missing transcripts", "troupe demo --transcripts none.jsonl", "none.jsonl"),
        Mistake("page in no folder", "troupe demo --report none/r.html", "--report none/r.html"),
        Mistake("unknown state", "troupe records --state lost", "use analysed, failed"),
        Mistake("unknown grade", "troupe records --grade good", "use exact, normalised"),
        Mistake("no closed column", "troupe records --value call_summary=x", "no closed column"),
        Mistake("value without a column", "troupe records --value angry", "use NAME=VALUE"),
        Mistake("unknown page of records", "troupe records --after x", "begin with the first"),
        Mistake("console that others reach", "troupe console --host 0.0.0.0", "--allow-host"),
        Mistake("page is a folder", "troupe report first --html empty", "--html empty"),
        Mistake("missing message", "troupe publish run-requested none.json", "FILE none.json"),
        Mistake("message is not a text", "troupe publish run-requested picture.png", "picture.png"),
        Mistake("unknown topic", "troupe publish run-request ok.json", "no command has topic"),
        Mistake(
            "message is no JSON", "troupe publish run-requested text.txt", "JSON is malformed", 1
        ),
        Mistake(
            "message with a wrong field", "troupe publish run-requested wrong.json", "$.limit", 1
        ),
        Mistake(
            "message without its field", "troupe publish cancel-requested ok.json", "run_id", 1
        ),
        Mistake("missing predictions", "troupe read none.jsonl --out read", "none.jsonl"),
        Mistake("folder without predictions", "troupe read empty --out read", "empty"),
        Mistake("results are a file", "troupe read p.jsonl --out text.txt", "text.txt"),
        Mistake(
            "lookup is no JSON", "troupe read p.jsonl --out read --lookup text.txt", "--lookup"
        ),
        Mistake(
            "unknown analysis", "troupe read p.jsonl --out read --analysis no_v1", "--analysis"
        ),
        Mistake("missing analysis", "troupe analysis check none_v1", "none_v1", 1),
        Mistake("analysis without files", "troupe analysis check empty", "empty", 1),
        Mistake("missing analysis", "troupe analysis add none_v1", "none_v1"),
        Mistake("missing analysis", "troupe analysis schema none_v1", "none_v1"),
        Mistake("missing analysis", "troupe analysis view none_v1", "none_v1"),
        Mistake("missing analysis", "troupe analysis try none_v1", "there is no folder none_v1"),
        Mistake(
            "unknown record to try",
            "troupe analysis try call_review_v1 --record 7",
            "no row of the source table has record id 7",
        ),
        Mistake(
            "missing file to try",
            "troupe analysis try call_review_v1 --file none.jsonl",
            "none.jsonl",
        ),
        Mistake("page in no folder", "troupe review sample first --out none/r.html", "--out none"),
        Mistake("unknown sample", "troupe review labels 0123456789ab ab", "0123456789ab"),
        Mistake("missing labels", "troupe review agreement none.jsonl none.jsonl", "none.jsonl"),
        Mistake(
            "no labels", "troupe review agreement text.txt text.txt", "text.txt",
        ),
        Mistake("missing file to redact", "troupe redact none.jsonl", "none.jsonl"),
    ],
    "Comparing": [
        Mistake("unknown run", "troupe compare frist call_review_v1", "did you mean first?"),
        Mistake("the same twice", "troupe compare first run:first", "both sides are first"),
        Mistake("missing file", "troupe compare first none.jsonl", "there is no such file"),
        Mistake("unknown set", "troupe compare first golden:none", "no golden set none"),
        Mistake(
            "unknown column", "troupe compare first call_review_v1 --columns tone", "'tone'"
        ),
        Mistake(
            "limit without a share",
            "troupe compare first call_review_v1 --fail-below call_tone",
            "use COLUMN=SHARE",
        ),
        Mistake(
            "limit in percent",
            "troupe compare first call_review_v1 --fail-below call_tone=90",
            "use a share up to 1",
        ),
    ],
    "Golden sets": [
        Mistake("missing labels", "troupe golden add tones none.csv", "none.csv"),
        Mistake("wrong name", "troupe golden add Tones labels.csv", "invalid golden set 'Tones'"),
        Mistake("labels without an id", "troupe golden add tones ok.json", "line 1: there is no id"),
        Mistake("file without labels", "troupe golden add tones nothing.jsonl", "has no labels"),
        Mistake(
            "typo in a column", "troupe golden add tones typo.jsonl", "did you mean 'call_tone'?"
        ),
        Mistake("typo in a value", "troupe golden add tones angy.jsonl", "did you mean 'angry'?"),
        Mistake(
            "a record with two labels", "troupe golden add tones twice.jsonl",
            "line 2: line 1 has other labels",
        ),
        Mistake("unknown record", "troupe golden add tones labels.csv", "'int-99'"),
        Mistake(
            "labels of another analysis", "troupe golden add tones labels.csv --analysis no_v1",
            "unknown analysis no_v1",
        ),
        Mistake(
            "nothing to extend", "troupe golden add new labels.csv --extend", "leave out --extend"
        ),
        Mistake("unknown set", "troupe golden check tomes", "did you mean tones?"),
        Mistake("unknown version", "troupe golden list tones@7", "no version 7"),
        Mistake("wrong version", "troupe golden list tones@new", "NAME@VERSION"),
        Mistake("unknown set", "troupe request --golden tomes", "did you mean tones?"),
        Mistake(
            "set beside a mode", "troupe request --golden tones --mode test --limit 1", "--mode test"
        ),
        Mistake(
            "set beside records",
            "troupe request --golden tones --record-id 00000000000000000000000000000000",
            "leave out --record-id",
        ),
    ],
    "State folders and disks": [
        Mistake("no state folder", "troupe status --home none", "no state folder none"),
        Mistake("no state folder", "troupe request --dry-run --home none", "state folder none"),
        Mistake("file instead of a folder", "troupe status --home text.txt", "a file is there", 1),
        Mistake("file instead of a folder", "troupe work --home text.txt", "a file is there", 1),
        Mistake("folder of something else", "troupe status --home photos", "is not empty", 1),
        Mistake(
            "folder of something else", "troupe load calls.jsonl --home photos", "is not empty", 1
        ),
        Mistake("damaged database", "troupe verify --home damaged", "cannot be opened", 1),
        Mistake("database of another version", "troupe costs --home older", "another version", 1),
        Mistake("database of another version", "troupe work --home other", "cannot read", 1),
        Mistake("folder in use", "troupe status --home busy", "in use by a process", 1),
        Mistake("folder in use", "troupe work --home busy", "running in busy already", 1),
        Mistake("disk is full", "troupe load many.jsonl --home new", "no space is left", 1, 100_000),
        Mistake("disk is full", "troupe work --home full", "no space is left", 1, 4096),
        Mistake("disk is full", "troupe read p.jsonl --out read", "no space is left", 1, 100_000),
    ],
    "Places": [
        Mistake("local command", "troupe work --backend gcp", "with --backend local only"),
        Mistake("local command", "troupe load calls.jsonl --backend gcp", "local only"),
        Mistake("endpoint without a model", "troupe work --model-url http://127.0.0.1:9", "--model-name"),
        Mistake(
            "endpoint of another kind", "troupe work --model-url ftp://x --model-name m",
            "invalid --model-url",
        ),
        Mistake(
            "endpoint that is off", "troupe work --model-url http://127.0.0.1:9 --model-name m",
            "does not answer",
        ),
        Mistake(
            "missing settings", "troupe status --backend gcp --terraform none.json",
            "invalid --terraform none.json",
        ),
    ],
}  # fmt: skip
"""By the headings of the page."""


@contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Enter a folder with a finished run `first`, and with files that are wrong."""
    with chdir(folder):
        rows = "".join(json.dumps(row) + "\n" for row in calls(3))
        for name, text in {
            "calls.jsonl": rows,
            "broken.jsonl": rows.splitlines()[0] + '\n{"transcript": 5\n',
            "many.jsonl": "".join(json.dumps(row) + "\n" for row in calls(500)),
            "p.jsonl": "".join(f'{{"key": "k-{number:032d}"}}\n' for number in range(5000)),
            "text.txt": "no JSON\n",
            "ok.json": "{}",
            "wrong.json": '{"run_id": "wrong", "limit": -1}',
            "labels.csv": "interactionId,call_tone\nint-0,calm\nint-99,calm\n",
            "nothing.jsonl": "",
            "tones.jsonl": '{"interactionId": "int-0", "call_tone": "calm"}\n',
            "typo.jsonl": '{"interactionId": "int-0", "call_tome": "calm"}\n',
            "angy.jsonl": '{"interactionId": "int-0", "call_tone": "angy"}\n',
            "twice.jsonl": '{"interactionId": "int-0", "call_tone": "calm"}\n'
            '{"interactionId": "int-0", "call_tone": "angry"}\n',
        }.items():
            Path(name).write_text(text, encoding="utf-8")
        Path("picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
        for name in ("empty", "photos", "damaged", "older", "other"):
            Path(name).mkdir()
        Path("photos/one.txt").write_text("mine")
        Path("damaged/warehouse.duckdb").write_text("not a database")
        _database("older", "CREATE TABLE local_schema AS SELECT 'hash' AS created")
        _database("other", "CREATE VIEW runs AS SELECT 1 AS one; CREATE VIEW events AS SELECT 1")
        for command in ("load calls.jsonl", "request --run-id first --mode test --limit 2",
                        "work --idle-timeout 0", "golden add tones tones.jsonl", "load calls.jsonl --home full",
                        "request --run-id first --home full"):  # fmt: skip
            assert 0 == run_here(command.split(), as_for_users=True)[0]
        busy = LocalBackend(Path("busy"))
        try:
            with (
                patch("troupe.cli.client.STARTING_SECONDS", 0.1),
                patch("troupe.cli.worker.OWNER_SECONDS", 0.1),
            ):
                yield
        finally:
            busy.close()


def _database(folder: str, script: str) -> None:
    with duckdb.connect(f"{folder}/warehouse.duckdb") as db:
        db.execute(script)


def message_of(mistake: Mistake) -> tuple[int, str, BaseException | None]:
    """Make a mistake; return the exit code, the message on standard error, and the exception.

    In a DuckDB of its own: a full disk ends one, and names depend on how a file was closed.
    """
    with (
        _largest_file(mistake.disk_bytes),
        patch.object(warehouse, "connect", connect),
        patch.object(warehouse, "ReadFile", ReadFile),
    ):
        done = CliRunner().invoke(app, mistake.words, terminal_width=200, env={"NO_COLOR": "1"})
    text = re.sub(r"[─╭╮╰╯│]", " ", done.stderr)
    text = text.partition(" Error ")[2] or text
    message = " ".join(text.split()).removeprefix("troupe: ").replace(f"{Path.cwd()}/", "")
    return int(done.exit_code), message, done.exception


@contextmanager
def _largest_file(size: int | None) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a disk without space."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        if size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def page(said: dict[Mistake, tuple[int, str]]) -> str:
    """Return the page of all mistakes, with what was said."""
    parts = [HEAD]
    for heading, mistakes in MISTAKES.items():
        rows = [
            f"| {each.what} | `{each.command}` | {said[each][0]} | {_cell(said[each][1])} |"
            for each in mistakes
        ]
        table = ["| mistake | command | code | message |", "|---|---|---|---|", *rows]
        parts.append("\n".join([f"## {heading}", "", *table, ""]))
    return "\n".join(parts)


def _cell(message: str) -> str:
    return re.sub(r"([|<>*_\[\]$])", r"\\\1", message)


def said_about_all() -> dict[Mistake, tuple[int, str]]:
    """Make all mistakes in a new folder."""
    with tempfile.TemporaryDirectory() as folder, prepared(Path(folder)):
        return {each: message_of(each)[:2] for mistakes in MISTAKES.values() for each in mistakes}


if __name__ == "__main__":
    PAGE.write_text(page(said_about_all()), encoding="utf-8")
