"""The page of a run: live from its request to its end, its report and its timeline."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.client import Answer, over
from tests.harness import LocalHarness, call, calls, id_of
from troupe.backends.local.backend import LocalSettings
from troupe.cli.client import CallFailed
from troupe.console.live import PAUSE
from troupe.standin.corrupt import Corruption

CUT = frozenset(f"k-{id_of(call(number))}" for number in (3, 14))
BROKEN = LocalSettings(corruption=Corruption(share=0, poison=CUT))
"""The answers of two records are cut in every attempt."""


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """A run that is over, two of whose records failed."""
    harness = LocalHarness(tmp_path_factory.mktemp("console") / "home", BROKEN)
    harness.load(calls(30))
    harness.run("r1", canary=10, rows_per_batch=10)
    yield harness
    harness.close()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[LocalHarness]:
    """A run whose batch is at the model."""
    harness = LocalHarness(tmp_path / "home")
    harness.load(calls(4))
    harness.request("r1")
    harness.play_until("job-submitted")
    yield harness
    harness.close()


def moves(harness: LocalHarness, step: Callable[[int], None]) -> Callable[[float], Awaitable[None]]:
    """Let the run go on while its viewers wait; `step` gets the number of the pause."""
    pauses = [0]

    async def pause(seconds: float) -> None:
        pauses[0] += 1
        assert pauses[0] < 100, "the stream does not end"
        harness.clock.pass_(seconds)
        step(pauses[0])

    return pause


def parts_of(answer: Answer) -> list[dict[str, str]]:
    """The parts that a stream sent, message by message."""
    found = re.findall(r"event: parts\ndata: (.*)\n\n", answer.text)
    return [json.loads(each) for each in found]


def test_a_run_is_shown_from_the_source_to_its_rows(ended: LocalHarness) -> None:
    with over(ended) as site:
        browser = site.browser()
        page, stream = browser.get("/runs/r1").text, browser.get("/runs/r1/events")
        again = browser.get("/runs/r1").text

    assert "<title>Run r1" in page
    assert "Completed with failures" in page
    assert "rows in the source" in page
    assert "rows stored" in page
    assert ">report</a> has its totals" in page
    assert "does not move" not in page, "nothing more will happen"
    _first, second = parts_of(stream)
    assert {"state"} == set(second)
    assert "The totals balance" in second["state"]
    assert "The totals balance" in again, "they were recounted just now"


def test_an_error_that_ended_records_has_its_command_as_a_button(ended: LocalHarness) -> None:
    with over(ended) as site:
        page = site.browser().get("/runs/r1").text
    with over(ended, read_only=True) as site:
        read_only = site.browser().get("/runs/r1").text

    assert 'action="/actions/reprocess/preview"' in page
    assert re.search(r'name="error_types" value="\w+"', page)
    assert "<form" not in read_only


def test_the_report_and_the_timeline_have_pages(ended: LocalHarness) -> None:
    """The same sections and lines as the commands; no element has a style of its own."""
    with over(ended) as site:
        browser = site.browser()
        report, timeline = (
            browser.get("/runs/r1/report").text,
            browser.get("/runs/r1/timeline").text,
        )

    assert "Errors by type" in report
    assert "Success metrics" in report
    assert "membership frozen" in timeline
    for page in (report, timeline):
        assert " style=" not in page
        assert "<style" not in page


def test_a_run_is_watched_to_its_end(begun: LocalHarness) -> None:
    """Each message has the parts that changed; the last one has the outcome, and ends the stream."""
    with over(begun) as site:
        site.live.pause = moves(begun, lambda _: begun.play())
        browser = site.browser()
        page, answer = browser.get("/runs/r1"), browser.get("/runs/r1/events")

    assert 'data-events="/runs/r1/events"' in page.text
    assert "text/event-stream" in answer.header("content-type")
    first, over_, recounted = parts_of(answer)
    assert "Running" in first["state"]
    assert "Completed" in over_["state"]
    last = {**over_, **recounted}
    assert "The totals balance" in last["state"]
    assert "/actions/cancel/preview" in first["state"]
    assert "/actions/cancel/preview" not in last["state"]
    assert answer.text.endswith("event: over\ndata: {}\n\n")


def test_a_part_is_sent_only_when_it_changed(begun: LocalHarness) -> None:
    """The ages of batches change, and their part alone."""
    with over(begun) as site:
        site.live.pause = moves(begun, lambda at: begun.play() if at == 5 else None)
        messages = parts_of(site.browser().get("/runs/r1/events"))

    assert {"state", "progress", "held", "errors", "batches"} == set(messages[0])
    assert all({"batches"} == set(each) for each in messages[1:-2]), messages[1:-2]
    assert len(messages) > 4


def test_viewers_of_one_run_share_its_queries_and_get_their_own_secrets(
    begun: LocalHarness,
) -> None:
    with over(begun) as site:
        asked: list[str] = []
        ask = site.client.ask

        def counted(operation: Callable[..., Any], **arguments: Any) -> Any:
            asked.append(operation.__name__)
            return ask(operation, **arguments)

        site.client.ask = counted
        looks = [0]

        async def pause(_: float) -> None:
            """Let the run go on when all have seen it several times."""
            looks[0] += 1
            await asyncio.sleep(0)
            if looks[0] == 50:
                begun.clock.pass_(PAUSE)
                begun.play()

        site.live.pause = pause
        browsers = [site.browser() for _ in range(5)]
        for each in browsers:
            each.get("/runs/r1")
        assert ["status"] == asked
        streams = site.together([(each, "/runs/r1/events") for each in browsers])

    assert ["status"] * 3 == asked, "at its beginning, at its end, and to recount it"
    for browser, stream in zip(browsers, streams, strict=True):
        (first, *_) = parts_of(stream)
        assert f'value="{browser.csrf}"' in first["state"]
        others = {each.csrf for each in browsers} - {browser.csrf}
        assert not any(csrf in stream.text for csrf in others)


def test_a_viewer_who_leaves_ends_the_stream_alone(begun: LocalHarness) -> None:
    with over(begun) as site:
        site.live.pause = moves(begun, lambda at: begun.play() if at > 3 else None)
        left = site.browser().get("/runs/r1/events", chunks=1)
        stayed = site.browser().get("/runs/r1/events")

    assert 1 == len(parts_of(left))
    assert "Completed" in parts_of(stayed)[-1]["state"]


def test_a_query_that_fails_is_said_and_repeated(begun: LocalHarness) -> None:
    """The worker ended, or is busy: the page keeps what it showed."""
    with over(begun) as site:
        ask = site.client.ask

        def refuse(*_: object, **__: object) -> None:
            raise CallFailed("the worker is busy", 1)

        def step(at: int) -> None:
            site.client.ask = refuse if at < 3 else ask
            if at == 3:
                begun.play()

        site.live.pause = moves(begun, step)
        first, second, last, _recounted = parts_of(site.browser().get("/runs/r1/events"))

    assert "held" in first
    assert "the last query failed (the worker is busy)" in second["held"]
    assert "Completed" in last["state"]
    assert "failed (the worker" not in last["held"]


def test_a_request_that_is_not_planned_yet_has_a_page(tmp_path: Path) -> None:
    harness = LocalHarness(tmp_path / "home")
    harness.load(calls(2))
    harness.request("r1")
    with over(harness) as site:
        site.live.pause = moves(harness, lambda _: harness.play())
        browser = site.browser()
        page, stream = browser.get("/runs/r1"), browser.get("/runs/r1/events")
    harness.close()

    assert "Requested, and not planned yet" in page.text
    assert "Completed" in parts_of(stream)[-1]["state"]


def test_a_refused_request_says_why(tmp_path: Path) -> None:
    harness = LocalHarness(tmp_path / "home")
    harness.load(calls(2))
    harness.request("r1", budget=0.0000001)
    harness.play()
    with over(harness) as site:
        page = site.browser().get("/runs/r1").text
    harness.close()

    assert "Refused: no run was made." in page
    assert "budget" in page
    assert "does not move" not in page


@pytest.mark.parametrize("run_id", ["none", "R1", "r1%00", "%3Cb%3E", "a" * 3_000, "..%2F..", "ü"])
@pytest.mark.parametrize("page", ["", "/report", "/timeline"])
def test_an_unknown_run_is_not_found(ended: LocalHarness, run_id: str, page: str) -> None:
    with over(ended) as site:
        answer = site.browser().get(f"/runs/{run_id}{page}")

    assert answer.status == 404
    assert "<b>" not in answer.text


def test_a_run_that_was_just_requested_loads_again_until_it_is_known(ended: LocalHarness) -> None:
    """On Google Cloud its request is recorded when it arrives."""
    with over(ended) as site:
        answer = site.browser().get("/runs/new?requested=yes")

    assert answer.status == 200
    assert 'http-equiv="refresh"' in answer.text


def test_an_unknown_run_has_no_stream(ended: LocalHarness) -> None:
    with over(ended) as site:
        assert 404 == site.browser().get("/runs/none/events").status


def test_a_page_looks_for_a_requested_run_for_five_minutes(ended: LocalHarness) -> None:
    """Then it says that there is none."""
    with over(ended) as site:
        browser = site.browser()
        first, last = browser.get("/runs/r7?requested=yes"), browser.get("/runs/r7?requested=59")
        beyond = [browser.get(f"/runs/r7?requested={each}").status for each in (60, 99_999, "-1")]
        no_id = [browser.get(f"/runs/{each}?requested=1").status for each in ("R7", "r" * 41)]

    assert (200, 200) == (first.status, last.status)
    assert 'content="5; url=/runs/r7?requested=1"' in first.text
    assert [404, 404, 404] == beyond
    assert [404, 404] == no_id


def test_an_address_with_a_slash_behind_it_is_no_page(ended: LocalHarness) -> None:
    """A redirect would name a host and a protocol that a proxy in front has not."""
    with over(ended) as site:
        assert 404 == site.browser().get("/records/").status


def test_a_report_without_texts_counts_no_free_text(ended: LocalHarness) -> None:
    """The analysis shows the names of products, which a model wrote."""
    found = []
    for no_text in (False, True):
        with over(ended, no_text=no_text) as site:
            found.append(site.browser().get("/runs/r1/report").text)

    assert ["<h3>Products</h3>" in each for each in found] == [True, False]
    assert re.search(r"Left out: [^.]*products \(text is not shown", found[1])


def test_pages_hold_no_transcript(ended: LocalHarness) -> None:
    with over(ended, no_text=True) as site:
        browser = site.browser()
        pages = [browser.get(f"/runs/r1{each}").text for each in ("", "/report", "/timeline")]

    assert not any("My line" in each for each in pages)
    assert not any("tok_0" in each for each in pages)
    assert all("no texts" in each for each in pages)
