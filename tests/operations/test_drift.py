"""The operation `drift`, its lines, its page, and the command."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from handlers.summary.drift import log_moved_shares
from handlers.summary.ended_run import ended_run
from tests.cli.command import Command
from tests.harness import LocalHarness, calls
from tests.tracking.answers import history, noon, store
from troupe.notifications.notification import notification_of
from troupe.operations.backend import InvalidOperation
from troupe.operations.quality.drift import Drift, drift
from troupe.report.html.drift import render_drift
from troupe.report.text.drift import drift_lines

SUNDAY = date(2026, 3, 1)


def shifted(harness: LocalHarness) -> Drift:
    """A seventh week with twelve points more of angry calls."""
    history(harness, SUNDAY, [0.2] * 6 + [0.32])
    return drift(harness.backend)


def test_the_lines_name_both_shares_their_counts_and_since_when(harness: LocalHarness) -> None:
    """One line for each share, largest shift first."""
    lines = drift_lines(shifted(harness))

    head, first = lines[0], lines[1]
    assert re.fullmatch(
        r"call_review_v1: 2 of 3 shares moved beyond chance, 2026-02-23 to 2026-03-01 against the"
        r" 4 weeks before",
        head,
    )
    assert re.match(
        r" +call tone: angry +all records +3\d.*% of 280 +before 17.*% of 1,120 +since 2026-02-23",
        first,
    )


def test_nothing_that_moved_is_said_as_well(harness: LocalHarness) -> None:
    """With what was compared."""
    history(harness, SUNDAY, [0.2] * 7)

    assert re.match(
        r"call_review_v1: none of \d+ shares moved beyond chance",
        drift_lines(drift(harness.backend))[0],
    )


def test_too_few_records_are_said_with_how_many_would_do(harness: LocalHarness) -> None:
    """And an analysis without answers is no drift."""
    assert ["call_review_v1: no call was answered in the last 90 days"] == drift_lines(
        drift(harness.backend)
    )
    history(harness, SUNDAY, [0.2] * 3, a_day=5)

    assert [
        "call_review_v1: nothing could be compared, 2026-02-23 to 2026-03-01 against the 4 weeks before",
        (
            "    too few records to tell, all records: 35, and 70 in the weeks before; 100 on each side "
            "are needed, and two weeks before"
        ),
    ] == drift_lines(drift(harness.backend))


def test_since_a_day_compares_all_days_from_then_on(harness: LocalHarness) -> None:
    """With the four weeks before that day; the last week may be incomplete."""
    history(harness, SUNDAY, [0.2] * 6 + [0.32] * 2)

    (found,) = drift(harness.backend, since="2026-02-17").analyses

    assert (date(2026, 2, 17), SUNDAY) == (found.begins, found.until)
    (group,) = found.compared
    assert (13 * 40, 28 * 40) == (group.records_now, group.records_before)
    assert {date(2026, 2, 17)} == {share.since for share in found.moved}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"since": "soon"}, "invalid --since 'soon': use a day, such as 2026-01-31"),
        ({"since": ""}, "invalid --since '': use a day"),
        ({"since": "2026-02-30"}, "invalid --since '2026-02-30': use a day"),
        ({"since": "2026-03-02"}, "the newest call that call_review_v1 answered is of 2026-03-01"),
        ({"since": "2025-11-30"}, "more than 13 weeks before 2026-03-01"),
        ({"analysis": "nothing_v1"}, "nothing_v1: use one of call_review_v1"),
        ({"analysis": "ünknown"}, "ünknown"),
        ({"by": "queue"}, "invalid --by 'queue': no analysis has such a call attribute"),
        ({"by": "'; DROP TABLE x; --"}, "no analysis has such a call attribute"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    harness: LocalHarness, arguments: dict[str, str], says: str
) -> None:
    """The message names the option, and what to do."""
    store(harness, ["calm"], at=[noon(SUNDAY)], analysed_at=noon(SUNDAY))

    with pytest.raises(InvalidOperation) as refused:
        drift(harness.backend, **arguments)
    assert says in str(refused.value)


def test_the_page_has_a_chart_and_a_table_for_each_share(harness: LocalHarness) -> None:
    """A column for each of seven weeks, the shifted one in another colour; nothing from elsewhere."""
    page = render_drift(shifted(harness))

    svg = ElementTree.fromstring(re.findall(r"<svg.*?</svg>", page, re.S)[0])  # noqa: S314  (our own page)
    columns = [each for each in svg if each.tag == "rect"]
    assert ["neutral"] * 6 + ["negative"] == [each.attrib["class"] for each in columns]
    tallest = max(columns, key=lambda each: float(each.attrib["height"]))
    assert columns[-1] is tallest
    assert "call tone: angry, all records. From 17.5 % to 33.2 %, since" in svg.attrib["aria-label"]
    assert 14 == page.count('<th scope="row">202')
    assert "<script" not in page
    assert not re.findall(r"https?://", page)


def test_the_page_shows_names_of_values_as_text(harness: LocalHarness) -> None:
    """Whatever stands in a closed column."""
    history(harness, SUNDAY, [0.2] * 6 + [0.4])
    harness.sql(
        "UPDATE transcription_analyzed_transcripts SET call_tone = '<b>x</b>' WHERE call_tone = 'angry'"
    )

    page = render_drift(drift(harness.backend))

    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x" not in page


def test_each_share_of_all_records_is_logged_under_one_name(
    harness: LocalHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """With column and value; a queue's value is in no line."""
    (found,) = shifted(harness).analyses
    of_queue: Any = [
        type(share)(**{**{f: getattr(share, f) for f in share.__struct_fields__},
                       "attribute": "queue", "attribute_value": "billing"})
        for share in found.moved
    ]  # fmt: skip

    log_moved_shares([*found.moved, *of_queue])

    lines = [record.__dict__ for record in caplog.records if record.message == "share-moved"]
    assert 2 == len(lines)
    fields = lines[0]
    assert ("call_review_v1", "answer", "call_tone", "angry") == tuple(
        fields[name] for name in ("analysis", "kind", "column", "value")
    )
    assert (280, 1120) == (fields["records_now"], fields["records_before"])
    assert "billing" not in repr(lines)


def test_the_report_of_a_run_keeps_and_logs_what_had_moved(
    harness: LocalHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, when it is written; notifications are read from it."""
    history(harness, SUNDAY, [0.2] * 6 + [0.32])
    harness.load(calls(4))

    harness.run("r9")

    stored = json.loads(harness.one("SELECT report FROM run_reports WHERE run_id = 'r9'"))
    assert "angry" in [each["value"] for each in stored["moved"]]
    logged = [record.__dict__ for record in caplog.records if record.message == "share-moved"]
    assert [(each["column"], each["value"]) for each in stored["moved"]] == [
        (each["column"], each["value"]) for each in logged
    ]
    notification = notification_of(
        ended_run(
            harness.backend.dependencies.tracking, "r9", notification_id="n-1", deployment="ab12"
        )
    )
    assert stored["moved"][0]["share_now"] == notification.moved[0].share_now


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The command on a state folder with a shift."""
    harness = LocalHarness(tmp_path / "home")
    today = harness.clock().date()
    history(harness, today - timedelta(days=1), [0.2] * 6 + [0.35])
    harness.sql("UPDATE transcription_analyzed_transcripts SET analysed_at = now()")
    harness.close()
    return Command(tmp_path / "home")


def test_the_command_ends_with_3_only_if_it_is_asked_to(command: Command) -> None:
    """As text, as JSON, and as a page."""
    assert "call tone: angry" in command("drift")
    assert "call tone: angry" in command("drift", "--fail", code=3)
    (found,) = command.json("drift", "call_review_v1")["analyses"]
    assert "call_tone" == found["moved"][0]["column"]
    page = command.home.parent / "drift.html"
    said = command("drift", "--html", str(page), "--json", piped=True)
    assert "call_review_v1" == json.loads(said)["analyses"][0]["analysis"]
    assert "<svg" in page.read_text(encoding="utf-8")


def test_the_command_passes_when_nothing_moved(command: Command) -> None:
    """Since a day of the weeks before, whose shares the shift of one week in six hides."""
    assert "invalid --html" in command("drift", "--html", "none/x.html", code=2)
    said = command("drift", "--since", "2026-01-20", "--fail", code=0)
    assert "none of 3 shares moved beyond chance, 2026-01-20 to 2026-03-01" in said
