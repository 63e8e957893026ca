"""A whole run with redaction: planted personal data is in the source and nowhere else."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analysis import load_analysis
from analysis.analysis_files import REDACT_FILE, SETTINGS_FILE
from events import RereadRequested
from handlers.summary.run_summary import RunRedaction
from tests.cli.command import Command
from tests.files import files_in
from tests.harness import LocalHarness, call
from tests.telemetry.kept import Kept
from troupe import operations
from troupe.backends.local.analysis_store import own_analyses
from troupe.backends.local.backend import LocalSettings
from troupe.backends.local.operations import add_analysis
from troupe.operations.backend import InvalidOperation
from troupe.report.html.page import render_html
from troupe.report.text.redaction import redaction_lines
from troupe.report.text.summary import summary_lines
from troupe.standin.corrupt import Corruption
from troupe.telemetry.logs import log_to

NAME = "private_review_v1"
RULES = ["email", "iban", "phone_international", "payment_card", "numbers_spoken_en"]
PLANTED = (
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "wilhelmina@oakenshaw.example",
    "+49 171 2345678",
    "seven one seven three nine",
    "４１１１１１１１１１１１１１１１",
)
TEXT = "CUSTOMER: My card is {}, write to {}.\nAGENT: The account {}?\nCUSTOMER: {}, code {}, {}."


def folder_of(home: Path, redact: dict[str, Any] | None) -> Path:
    """The shipped analysis under another name and table, with these rules."""
    folder = home / NAME
    folder.mkdir(parents=True, exist_ok=True)
    files = dict(load_analysis("call_review_v1").files)
    settings = json.loads(files[SETTINGS_FILE]) | {"name": NAME, "table": "private_reviews"}
    files[SETTINGS_FILE] = json.dumps(settings)
    if redact is not None:
        files[REDACT_FILE] = json.dumps(redact)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def rules(*names: str, redact: str = "on") -> dict[str, Any]:
    return {"redact": redact, "rules": [{"use": name} for name in names]}


@pytest.fixture
def harness(tmp_path: Path) -> LocalHarness:
    return LocalHarness(tmp_path / "home", LocalSettings(corruption=Corruption(share=0.3, seed=5)))


def planted(number: int) -> dict[str, Any]:
    card, iban, email, phone, code, wide = PLANTED
    return call(number, TEXT.format(card, email, iban, phone, code, wide))


def test_planted_values_occur_in_the_source_table_alone(
    harness: LocalHarness, tmp_path: Path
) -> None:
    """In no other table, file, log, event, label, report or page, after damaged answers and errors."""
    log_to(harness.home / "log.jsonl")
    kept = Kept()
    harness.restart(telemetry=kept.telemetry())
    add_analysis(harness.backend, str(folder_of(tmp_path, rules(*RULES, redact="report"))))
    file = harness.home.parent / "calls.jsonl"
    harness.load(planted(number) for number in range(20))
    for loaded in files_in(harness.home, "*.jsonl"):
        if loaded.name != "log.jsonl":
            loaded.replace(file)  # the user's own file, which the harness wrote into the folder

    totals = harness.run(analysis=NAME, canary=5, rows_per_batch=5, breaker=100, max_attempts=2)
    report = operations.report(harness.backend, "r1")
    shown = [
        msgspec.json.encode(report).decode(),
        render_html(report.summary, report.outcome),
        "\n".join(summary_lines(report.summary, report.outcome)),
        repr([(span.name, span.attributes) for span in kept.spans]),
        msgspec.json.encode(operations.explain.explain(harness.backend, "r1/1")).decode(),
    ]
    tables = [name for (name,) in harness.sql("SELECT table_name FROM duckdb_tables()")]
    rows = {name: repr(harness.sql(f'SELECT * FROM "{name}"')) for name in tables}  # noqa: S608
    harness.close()
    files = [f for f in files_in(harness.home, "**/*") if f.is_file()]
    contents = {
        str(f): f.read_bytes().decode("utf-8", "replace")
        for f in files
        if not f.name.startswith("warehouse.duckdb")
    }

    assert 20 == totals["planned"]
    assert "[CARD]" in rows["batch_records"]
    assert any("[CARD]" in text for text in contents.values()), "the request files were searched"
    assert any(name.endswith("log.jsonl") for name in contents)
    everywhere = {**rows, **contents, **dict(enumerate(shown))}
    del everywhere["transcription_pass_2"]
    escaped = [*PLANTED, *(json.dumps(value)[1:-1] for value in PLANTED), "oakenshaw", "2345678"]
    assert {} == {
        place: value for place, text in everywhere.items() for value in escaped if value in text
    }
    assert PLANTED[0] in rows["transcription_pass_2"]


def test_a_report_counts_and_says_no_value(harness: LocalHarness, tmp_path: Path) -> None:
    """In the terminal, on the page and in JSON."""
    add_analysis(harness.backend, str(folder_of(tmp_path, rules(*RULES, redact="report"))))
    harness.load([planted(1), planted(2), call(3, "CUSTOMER: Hello.")])
    harness.run(analysis=NAME)

    report = operations.report(harness.backend, "r1")
    summary = report.summary

    assert summary.redaction is not None
    counts = [(each.rule, each.replacements, each.records) for each in summary.redaction.counts]
    assert [(name, 4 if name == "payment_card" else 2, 2) for name in RULES] == counts
    lines = summary_lines(summary, report.outcome)
    assert any("4 places in 2 records: payment_card" in line for line in lines)
    assert all(name in render_html(summary, report.outcome) for name in RULES)
    harness.close()


@pytest.mark.parametrize(
    ("redact", "said"),
    [(rules("email"), "1 rule before"), (rules("email", redact="off"), "off: 1 rule not applied")],
)
def test_a_report_says_whether_the_texts_were_redacted(
    harness: LocalHarness, tmp_path: Path, redact: dict[str, Any], said: str
) -> None:
    """A run has no option that switches it off: the analysis decides."""
    add_analysis(harness.backend, str(folder_of(tmp_path, redact)))
    harness.load([planted(1)])
    harness.run(analysis=NAME)

    report = operations.report(harness.backend, "r1")
    (line,) = [
        line
        for line in summary_lines(report.summary, report.outcome)
        if line.startswith("redaction")
    ]

    assert said in line
    sent = harness.one("SELECT transcript FROM batch_records")
    assert (redact["redact"] == "off") == (PLANTED[2] in sent)
    harness.close()


def test_a_plan_of_old_that_is_on_without_a_rule_says_so(harness: LocalHarness) -> None:
    """Such a file is refused by now; an analysis without the file says nothing."""
    harness.load([planted(1)])
    harness.run()
    plain = operations.report(harness.backend, "r1").summary
    empty = msgspec.structs.replace(plain, redaction=RunRedaction(redact="on", rules=[], counts=[]))

    assert [] == redaction_lines(plain)
    assert "on, but it had no rule" in redaction_lines(empty)[0]
    harness.close()


def test_an_analysis_that_replaces_nearly_everything_is_not_added(
    harness: LocalHarness, tmp_path: Path
) -> None:
    all_of_it = {"rules": [{"name": "all", "pattern": r"[^\n]+", "replacement": "[X]"}]}

    with pytest.raises(InvalidOperation, match=r"redact\.json: rule all: it replaces \d\d%"):
        add_analysis(harness.backend, str(folder_of(tmp_path, all_of_it)))
    harness.close()


def test_other_rules_replace_those_of_an_added_analysis(
    harness: LocalHarness, tmp_path: Path
) -> None:
    """What was analysed stays; what is planned later is redacted by the new rules."""
    add_analysis(harness.backend, str(folder_of(tmp_path, rules("email"))))
    harness.load([planted(1)])
    harness.run(analysis=NAME)

    replaced = add_analysis(harness.backend, str(folder_of(tmp_path, rules("payment_card"))))
    harness.load([planted(2)])
    totals = harness.run("r2", analysis=NAME)

    assert (True, 1) == (replaced.has_new_rules, totals["planned"])
    sent = harness.one("SELECT transcript FROM batch_records WHERE run_id = 'r2'")
    assert (False, True) == (PLANTED[0] in sent, PLANTED[2] in sent)
    harness.close()
    kept = own_analyses(harness.home).load(NAME)
    assert ["payment_card"] == [rule.name for rule in kept.redaction.rules]


def test_stored_answers_are_read_again_with_the_text_that_was_sent(tmp_path: Path) -> None:
    """Rules that changed since the run do not touch it, nor do they redact a second time."""
    spoiled = LocalSettings(corruption=Corruption(share=1.0, seed=1))
    harness = LocalHarness(tmp_path / "home", spoiled)
    add_analysis(harness.backend, str(folder_of(tmp_path, rules("email"))))
    harness.load(planted(number) for number in range(6))
    harness.run(analysis=NAME, max_attempts=1, breaker=100)
    add_analysis(harness.backend, str(folder_of(tmp_path, rules("payment_card", redact="report"))))

    harness.publish(RereadRequested(run_id="r2", of_run="r1"))
    harness.play()

    columns = "record_id, transcript, text_fingerprint, original_fingerprint"
    asked = set(harness.sql(f"SELECT {columns} FROM batch_records WHERE run_id = 'r1'"))  # noqa: S608
    read = set(harness.sql(f"SELECT {columns} FROM batch_records WHERE run_id = 'r2'"))  # noqa: S608
    assert read
    assert read <= asked
    assert operations.report(harness.backend, "r2").summary.redaction is None
    harness.close()


def test_redaction_cannot_be_lost_by_a_missing_file(harness: LocalHarness, tmp_path: Path) -> None:
    """It is switched off by a word alone."""
    folder = folder_of(tmp_path, rules("email"))
    add_analysis(harness.backend, str(folder))
    (folder / REDACT_FILE).unlink()

    with pytest.raises(InvalidOperation, match=r"redact\.json is missing.*off"):
        add_analysis(harness.backend, str(folder))

    (folder / REDACT_FILE).write_text('{"redact": "off"}')
    assert add_analysis(harness.backend, str(folder)).has_new_rules
    harness.close()


# The command


@pytest.fixture
def troupe(tmp_path: Path) -> Command:
    file = tmp_path / "calls.jsonl"
    rows = [planted(1), call(2, "CUSTOMER: Hello."), call(3, "CUSTOMER: a@b.de")]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Command(tmp_path / "home")


def test_the_command_shows_texts_and_counts_and_no_value(troupe: Command) -> None:
    """It creates no state folder."""
    shown = troupe("redact", "calls.jsonl")

    assert "2 of 3 records would change" in shown
    assert "card is [CARD], write to [EMAIL]" in shown
    assert not any(value in shown for value in (PLANTED[0], PLANTED[1], PLANTED[2], PLANTED[3]))
    assert not troupe.home.exists()


def test_the_command_shows_values_when_it_is_asked(troupe: Command) -> None:
    """In JSON too, and the texts only as many as are wanted."""
    found = troupe.json("redact", "calls.jsonl", "--show", "--texts", "1")

    assert (3, 2, 1) == (found["records"], found["changed"], len(found["texts"]))
    by_rule = {each["rule"]: each for each in found["rules"]}
    assert {PLANTED[2]: 1, "a@b.de": 1} == by_rule["email"]["values"]
    assert None is troupe.json("redact", "calls.jsonl")["rules"][0]["values"]


def test_a_value_over_two_lines_is_shown_in_one(troupe: Command, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(call(1, "4111 1111\n1111 1111")) + "\n", encoding="utf-8")

    shown = troupe("redact", "calls.jsonl", "--show").splitlines()

    assert "          1  4111 1111 1111 1111" in shown


def test_the_command_takes_the_rules_of_a_file_or_an_analysis(
    troupe: Command, tmp_path: Path
) -> None:
    """A folder, or the name of one that was added; rules that are off are shown all the same."""
    folder = folder_of(tmp_path, rules("iban", redact="off"))
    troupe("analysis", "add", str(folder))

    for words in (
        ("--rules", str(folder / REDACT_FILE)),
        ("--analysis", str(folder)),
        ("--analysis", NAME),
    ):
        shown = troupe("redact", "calls.jsonl", *words)
        assert "1 of 3 records would change" in shown
        assert "redaction is off" in shown


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("--rules", "none.json"), 2, "invalid --rules none.json"),
        (("--analysis", "none_v1"), 2, "invalid --analysis none_v1: unknown analysis"),
        (("--analysis", "call_review_v1"), 2, "it has no redact.json"),
        (("--rules", "a", "--analysis", "b"), 2, "give one of the two"),
        (("--rules", "bad.json"), 1, r"rule x: it has \d: write [0-9]"),
        (("--rules", "calls.jsonl"), 1, "to correct in calls.jsonl"),
        (("--format", "nothing"), 2, "invalid --format"),
    ],
)
def test_a_mistake_is_named_with_its_option_and_rule(
    troupe: Command, tmp_path: Path, words: tuple[str, ...], code: int, named: str
) -> None:
    bad = {"rules": [{"name": "x", "pattern": r"\d", "replacement": ""}]}
    (tmp_path / "bad.json").write_text(json.dumps(bad))

    assert named in troupe("redact", "calls.jsonl", *words, code=code)


def test_a_file_that_is_no_transcripts_is_named(troupe: Command, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")

    assert "x.csv" in troupe("redact", "x.csv", code=2)


def test_the_check_of_an_analysis_names_rules_and_their_faults(
    troupe: Command, tmp_path: Path
) -> None:
    """RE2 compiles each; the syntax is checked first."""
    folder = folder_of(tmp_path, rules("email", "iban", redact="report"))
    assert "redacted before it is sent, counted: email, iban" in troupe(
        "analysis", "check", str(folder)
    )

    (folder / REDACT_FILE).write_text(
        '{"rules": [{"name": "x", "pattern": "(a", "replacement": ""}]}'
    )

    assert f"{NAME}/redact.json: rule x: it has a ( without its )" in troupe(
        "analysis", "check", str(folder), code=1
    )
