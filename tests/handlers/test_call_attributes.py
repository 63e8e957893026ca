"""A whole run with call attributes: refused, filtered, sent, stored, grouped, read again, forgotten."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from events import Condition, ReprocessRequested, RereadRequested
from tests.analysis.own import NAME, folder_of
from tests.files import files_in
from tests.harness import START, LocalHarness, calls, id_of
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.operations.backend import InvalidOperation
from troupe.operations.clear_history import forget
from troupe.operations.costs import costs
from troupe.operations.explain import explain
from troupe.operations.histories import RecordHistory
from troupe.operations.run_requests import Preview, Requested
from troupe.report.html.page import render_html
from troupe.report.text.analysis_costs import costs_lines
from troupe.report.text.history import history_lines
from troupe.report.text.summary import summary_lines
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.prediction_lines import Answer

MakeHarness = Callable[..., LocalHarness]
TYPES = {"queue": "text", "seconds": "integer", "agent": "text", "vip": "boolean"}
USER = (
    "<queue-{{record}}>{{queue}}, {{seconds}}</queue-{{record}}>\n"
    "<transcript-{{record}}>\n{{transcript}}\n</transcript-{{record}}>\n"
)
MOOD = {"mood": {"type": "STRING", "enum": ["good", "bad"]}}
QUEUES = ("billing", "sales", None)


def rows(count: int = 9) -> list[dict[str, Any]]:
    """Three calls of each queue; the third has no value."""
    return [
        row | {"queue": QUEUES[at % 3], "seconds": 60 * at, "agent": f"a{at}", "vip": at % 2 == 0}
        for at, row in enumerate(calls(count))
    ]


def moody(request: Any) -> Answer:
    """Bad in the queue for bills, else good."""
    mood = "bad" if "billing," in str(request) else "good"
    return Answer(text=json.dumps({"verdict": "It is broken.", "mood": mood}))


def ready(make_harness: MakeHarness, tmp_path: Path, **settings: Any) -> LocalHarness:
    """An analysis with attributes."""
    harness = make_harness(answerer=moody, **settings)
    add(harness, tmp_path)
    return harness


def add(harness: LocalHarness, folder_for_it: Path) -> None:
    folder = folder_of(folder_for_it, MOOD, attributes=TYPES, shown=["queue"])
    (folder / "user.md").write_text(USER, encoding="utf-8")
    add_analysis(harness.backend, str(folder))


def loaded(harness: LocalHarness) -> None:
    """An analysis with attributes, and calls that have them."""
    add(harness, harness.home / "made")
    harness.load(rows())


def played(harness: LocalHarness) -> None:
    """A run of it over all calls."""
    loaded(harness)
    harness.complete("r1", analysis=NAME)


@pytest.fixture
def harness(make_harness: MakeHarness) -> LocalHarness:
    made = make_harness(answerer=moody)
    made.begin_after(loaded)
    return made


@pytest.fixture
def ran(make_harness: MakeHarness) -> LocalHarness:
    made = make_harness(answerer=moody)
    made.begin_after(played)
    return made


def refusal(harness: LocalHarness, run_id: str = "r1") -> tuple[str, str]:
    (row,) = harness.sql(
        "SELECT data FROM events WHERE topic = 'run-refused' AND run_id = ?", run_id
    )
    data = json.loads(row[0])
    return data["reason"], data["detail"]


def groups(harness: LocalHarness, run_id: str = "r1") -> dict[str, Any]:
    found = operations.report(harness.backend, run_id).summary.attribute_groups
    return {group.attribute: group.values for group in found}


# Refusals


def test_a_source_without_an_attribute_is_a_refusal_with_the_remedy(
    make_harness: MakeHarness, tmp_path: Path
) -> None:
    """Of the request, of the preview and, for a message from elsewhere, of the plan."""
    harness = ready(make_harness, tmp_path)
    harness.load(calls(2))
    for dry_run in (True, False):
        with pytest.raises(InvalidOperation, match=r"no column queue.*troupe load"):
            operations.request(harness.backend, {"analysis": NAME}, dry_run)
    harness.request("r1", analysis=NAME)
    harness.play()

    reason, detail = refusal(harness)
    assert "unknown_attribute" == reason
    assert all(f"no column {name}" in detail for name in TYPES)
    assert 0 == harness.jobs()


def test_a_column_of_another_type_is_a_refusal(make_harness: MakeHarness, tmp_path: Path) -> None:
    """A text is no whole number, whatever it holds."""
    harness = ready(make_harness, tmp_path)
    harness.load([row | {"seconds": "many"} for row in rows(1)])
    harness.request("r1", analysis=NAME)
    harness.play()

    reason, detail = refusal(harness)
    assert ("attribute_type", True) == (reason, "has seconds as STRING" in detail)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Condition(attribute="team", one_of=["a"]), "unknown_attribute"),
        (Condition(attribute="seconds", one_of=["a"]), "attribute_type"),
    ],
)
def test_a_condition_that_does_not_fit_is_a_refusal(
    harness: LocalHarness, condition: Condition, reason: str
) -> None:
    """The message may come from a schedule, so the plan checks it."""
    harness.request("r1", analysis=NAME, attributes=[condition])
    harness.play()

    assert reason == refusal(harness)[0]
    assert 0 == harness.jobs()


def test_a_reprocessing_needs_the_attributes_too(harness: LocalHarness) -> None:
    """The source may have lost a column since."""
    harness.backend.warehouse.db.execute("ALTER TABLE transcription_pass_2 DROP COLUMN vip")
    harness.publish(ReprocessRequested(run_id="r2", changed=True, analysis=NAME))
    harness.play()

    assert "unknown_attribute" == refusal(harness, "r2")[0]


# Conditions as people type them


def test_conditions_are_read_in_the_types_of_the_analysis(harness: LocalHarness) -> None:
    """Several `=` of one attribute admit each of their values; the preview counts what the plan takes."""
    where = ["queue=billing", "queue = sales", "seconds>=60", "seconds<420"]
    preview = operations.request(harness.backend, {"analysis": NAME}, True, where=where)
    assert isinstance(preview, Preview)
    request = {"analysis": NAME, "run_id": "r1"}
    operations.request(harness.backend, request, where=where)
    harness.play(report_of="r1")

    (asked,) = harness.sql("SELECT request FROM run_plans WHERE run_id = 'r1'")
    assert [
        {"attribute": "queue", "one_of": ["billing", "sales"]},
        {"attribute": "seconds", "from": 60, "below": 420},
    ] == json.loads(asked[0])["attributes"]
    taken = {row["seconds"] for row in rows() if row["queue"] and 60 <= row["seconds"] < 420}
    assert len(taken) == preview.records == harness.books("r1")["analysed"]
    stored = harness.sql("SELECT attributes FROM of_any_kind")
    assert taken == {json.loads(text)["seconds"] for (text,) in stored}
    again = operations.request(harness.backend, request, where=where)
    assert isinstance(again, Requested)
    assert again.known


UNREADABLE = {
    "queue": "use NAME=VALUE",
    "queue!=a": "use NAME=VALUE",
    "seconds>60": "use NAME=VALUE",
    "seconds<=60": "use NAME=VALUE",
    "1=1": "use NAME=VALUE",
    "team=a": "the analysis has queue, seconds, agent, vip",
    "seconds=a minute": "use a whole number",
    "seconds>=1.5": "use a whole number",
    "queue>=a": "has no order: use queue=VALUE",
    "vip=yes": "use true or false",
}


def test_a_condition_that_cannot_be_read_is_quoted_with_the_remedy(harness: LocalHarness) -> None:
    """Under the name of its option."""
    messages = {}
    for text in UNREADABLE:
        with pytest.raises(InvalidOperation) as refused:
            operations.request(harness.backend, {"analysis": NAME}, True, where=[text])
        messages[text] = str(refused.value)

    assert {} == {
        text: messages[text]
        for text, named in UNREADABLE.items()
        if not messages[text].startswith(f"invalid --where {text!r}: ")
        or named not in messages[text]
    }


def test_a_bound_is_given_once(harness: LocalHarness) -> None:
    """Which of two was meant is not known."""
    with pytest.raises(InvalidOperation, match="bound already"):
        operations.request(
            harness.backend, {"analysis": NAME}, True, where=["seconds>=1", "seconds>=2"]
        )


def test_an_incremental_run_does_not_start_from_a_filtered_one(harness: LocalHarness) -> None:
    """What the conditions left out is still due."""
    condition = Condition(attribute="queue", one_of=["billing"])
    harness.analyse("r1", analysis=NAME, attributes=[condition])
    harness.load([rows(10)[-1] | {"event_timestamp": (START - timedelta(days=90)).isoformat()}])
    harness.analyse("r2", analysis=NAME, mode="incremental", lookback_days=0)

    assert (3, 7) == (harness.books("r1")["analysed"], harness.books("r2")["analysed"])


# What is sent and stored


def test_the_prompt_has_the_attributes_of_the_plan_in_every_attempt(
    make_harness: MakeHarness, tmp_path: Path
) -> None:
    """The source may change between two attempts; what is frozen is what is sent."""
    lost = frozenset(id_of(row) for row in rows())
    corruption = Corruption(share=0.0, poison=lost, poison_kind=Kind.LOST)
    harness = ready(make_harness, tmp_path, corruption=corruption)
    harness.load(rows())
    harness.request("r1", analysis=NAME, breaker=100, max_attempts=2)
    harness.play_until("results-processed")
    harness.backend.warehouse.db.execute("UPDATE transcription_pass_2 SET queue = 'late'")
    harness.play(report_of="r1")

    files = files_in(harness.home / "bucket" / "requests")
    assert 2 == len(files)
    expected = sorted(f"{row['queue'] or 'unknown'}, {row['seconds']}" for row in rows())
    for file in files:
        texts = [
            json.loads(line)["request"]["contents"][0]["parts"][0]["text"]
            for line in file.read_text("utf-8").splitlines()
        ]
        assert expected == sorted(text.split(">")[1].split("</")[0] for text in texts)


def test_a_reread_run_has_the_attributes_of_the_run_that_it_reads(
    make_harness: MakeHarness, tmp_path: Path
) -> None:
    """They are copied with the texts; the source is not asked."""
    harness = make_harness(answerer=lambda _: Answer(text='{"verdict": "x", "mood": "splendid"}'))
    folder = folder_of(tmp_path, MOOD, attributes=TYPES, grades="exact_only")
    (folder / "user.md").write_text(USER, encoding="utf-8")
    add_analysis(harness.backend, str(folder))
    harness.load(rows(3))
    harness.analyse("r1", analysis=NAME, max_attempts=1, breaker=100)
    harness.backend.warehouse.db.execute("DELETE FROM transcription_pass_2")
    installed = harness.home / "analyses" / NAME / "analysis.json"
    settings = json.loads(installed.read_text("utf-8")) | {"grades": "all"}
    installed.write_text(json.dumps(settings), encoding="utf-8")
    harness.restart()
    harness.publish(RereadRequested(run_id="r2", of_run="r1"))
    harness.play(report_of="r2")

    stored = harness.sql("SELECT attributes FROM of_any_kind WHERE run_id = 'r2'")
    assert (None,) not in stored
    assert {60 * at for at in range(3)} == {json.loads(text)["seconds"] for (text,) in stored}


def test_explain_shows_the_attributes_of_a_record(ran: LocalHarness) -> None:
    """As they were frozen, a missing value under its documented word."""
    history = explain(ran.backend, id_of(rows()[2]))

    assert isinstance(history, RecordHistory)
    assert {"queue": None, "seconds": 120, "agent": "a2", "vip": True} == history.plans[
        0
    ].attributes
    shown = "call attributes: queue unknown, seconds 120, agent a2, vip true"
    assert any(shown in line for line in history_lines(history))


def test_explain_tells_how_the_newest_run_would_select_a_record_by_its_attributes(
    harness: LocalHarness,
) -> None:
    """With the conditions of that run."""
    harness.analyse(
        "r1", analysis=NAME, attributes=[Condition(attribute="queue", one_of=["billing"])]
    )
    history = explain(harness.backend, id_of(rows()[1]))

    assert isinstance(history, RecordHistory)
    assert history.left_out is not None
    assert "outside_filter" == history.left_out.selection


def test_a_forgotten_person_leaves_no_attribute_behind(ran: LocalHarness) -> None:
    """They stand in the rows that are deleted, and nowhere else."""
    person = rows()[0]["phone_number_token"]
    forget(ran.backend, person, sure=True)

    left = [
        text
        for table in ("batch_records", "of_any_kind")
        for (text,) in ran.sql(f'SELECT attributes FROM "{table}"')  # noqa: S608
    ]
    mine = {row["agent"] for row in rows() if row["phone_number_token"] == person}
    assert mine
    assert left
    assert not mine & {json.loads(text)["agent"] for text in left}


# Groups


def test_a_report_groups_records_by_the_attributes_that_the_analysis_shows(
    ran: LocalHarness,
) -> None:
    """Endings and cost of each value, and the values of closed columns; a text that is not shown never."""
    found = groups(ran)

    assert ["queue", "vip"] == list(found)
    assert {("billing", 3, 3, 0), ("sales", 3, 3, 0), (None, 3, 3, 0)} == {
        (value.value, value.records, value.analysed, value.failed) for value in found["queue"]
    }
    answers = {value.value: value.answers["mood"] for value in found["queue"]}
    assert [("bad", 3)] == [(each.answer, each.records) for each in answers["billing"]]
    assert [("good", 3)] == [(each.answer, each.records) for each in answers[None]]
    total = operations.report(ran.backend, "r1").summary.totals.cost
    assert total == pytest.approx(sum(value.cost or 0 for value in found["queue"]))


def test_failed_records_count_in_their_group(make_harness: MakeHarness, tmp_path: Path) -> None:
    """Their cost is that of no row."""
    lost = frozenset(id_of(row) for row in rows() if row["queue"] == "sales")
    harness = ready(
        make_harness, tmp_path,
        corruption=Corruption(share=0.0, poison=lost, poison_kind=Kind.LOST),
    )  # fmt: skip
    harness.load(rows())
    harness.analyse("r1", analysis=NAME, breaker=100, max_attempts=1)
    found = {value.value: value for value in groups(harness)["queue"]}

    assert (3, 0, 3, 0.0) == (
        found["sales"].records, found["sales"].analysed, found["sales"].failed, found["sales"].cost,
    )  # fmt: skip
    assert {} == found["sales"].answers


def test_the_values_beyond_the_first_twelve_are_one_group(
    make_harness: MakeHarness, tmp_path: Path
) -> None:
    """With the number of values in it, and their answers."""
    harness = ready(make_harness, tmp_path)
    harness.load([row | {"queue": f"q{at // 2:02}"} for at, row in enumerate(rows(30))])
    harness.analyse("r1", analysis=NAME)
    *named, other = groups(harness)["queue"]

    assert [f"q{number:02}" for number in range(12)] == [value.value for value in named]
    assert (True, None, 3, 6) == (
        other.is_other, other.value, other.distinct_values, other.records,
    )  # fmt: skip
    assert [("good", 6)] == [(each.answer, each.records) for each in other.answers["mood"]]


def test_text_and_page_show_the_groups_as_text(make_harness: MakeHarness, tmp_path: Path) -> None:
    """A value is escaped; without a value it says so."""
    harness = ready(make_harness, tmp_path)
    harness.load([row | {"queue": "<b>bills</b>" if row["queue"] else None} for row in rows()])
    harness.analyse("r1", analysis=NAME)
    report = operations.report(harness.backend, "r1")
    lines = summary_lines(report.summary, report.outcome)
    page = render_html(report.summary, report.outcome)

    assert any(
        line.startswith("    <b>bills</b>  6 records  0 failed  rows cost $") for line in lines
    )
    assert any(line.startswith("    no value      3 records") for line in lines)
    assert "&lt;b&gt;bills&lt;/b&gt;" in page
    assert "<b>bills" not in page
    assert "mood by queue" in page
    assert "a0" not in json.dumps([line for line in lines if line.startswith("    ")])


def test_the_stored_report_has_the_groups(ran: LocalHarness) -> None:
    """Computed when the run ended, from this run alone."""
    ran.complete("r2", analysis=NAME)
    stored = json.loads(ran.one("SELECT report FROM run_reports WHERE run_id = 'r1'"))

    assert [3, 3, 3] == [value["records"] for value in stored["attribute_groups"][0]["values"]]
    assert [] == groups(ran, "r2")["queue"]


# Labels and costs


def test_labels_stand_on_every_job_beside_our_own(harness: LocalHarness) -> None:
    """As a row of a billing export lists them."""
    harness.analyse("r1", analysis=NAME, labels={"team": "billing", "cost-centre": "cc_12"})
    (job,) = harness.backend.dependencies.job_service.find({"team": "billing"})
    exported = [{"key": key, "value": value} for key, value in sorted(job.labels.items())]

    deployment = harness.backend.deployment.id
    assert [
        {"key": "attempt", "value": f"{deployment}__r1__1__1"},
        {"key": "claim", "value": "1"},
        {"key": "cost-centre", "value": "cc_12"},
        {"key": "team", "value": "billing"},
        {"key": "troupe", "value": deployment},
    ] == exported


def test_costs_are_summed_by_a_label_of_the_runs(harness: LocalHarness) -> None:
    """A run without it is named as such."""
    for run_id, labels, queue in (
        ("r1", {"team": "a", "x": "1"}, "billing"),
        ("r2", {"team": "a"}, "sales"),
    ):
        condition = Condition(attribute="queue", one_of=[queue])
        harness.analyse(run_id, analysis=NAME, labels=labels, attributes=[condition])
    harness.analyse("r3", analysis=NAME)
    found = costs(harness.backend, by="label:team")
    all_costs = costs(harness.backend).analyses[0]

    assert {("a", 2, 6), (None, 1, 3)} == {(g.value, g.runs, g.analysed) for g in found.groups}
    assert all_costs.cost == pytest.approx(sum(group.cost or 0 for group in found.groups))
    assert "by label:team:" == costs_lines(found)[0]
    assert [] == found.analyses


def test_costs_are_summed_by_an_attribute_over_all_runs(harness: LocalHarness) -> None:
    """Of the stored rows; an attribute that is not shown is refused."""
    harness.analyse("r1", analysis=NAME, attributes=[Condition(attribute="seconds", below=180)])
    harness.analyse("r2", analysis=NAME)
    found = costs(harness.backend, by="queue").groups

    assert {("billing", 2, 3), ("sales", 2, 3), (None, 2, 3)} == {
        (group.value, group.runs, group.analysed) for group in found
    }
    assert {NAME} == {group.analysis for group in found}
    for attribute, named in (("agent", "name it in shown"), ("team", "no analysis has")):
        with pytest.raises(InvalidOperation, match=named):
            costs(harness.backend, by=attribute)
