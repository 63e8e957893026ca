"""Discarding an attempt: no job may appear behind it, and the end of a job that it has closes it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from events import BatchPlanned, Deployment, Envelope, JsonlUploaded, ResultsProcessed, event_id
from handlers.attempts.discard import attempt_held_up, discard_attempt
from handlers.dispatch.errors import Wait
from handlers.ports import JobService, JobState, Policy
from tests.events.making import wrapped
from tests.handlers.fakes import FakeJobService, FakeTracking, claim, claims, job, labels_of
from tests.harness import START
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import AttemptKey, Closing, EventLog, Tracking

KEY = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=1)
DEPLOYMENT = Deployment("d1")
FIRST, VOID = claims(claim(1, age=9_999)), claims(claim(1, age=9_999), claim(2, "void"))


CLOSING = Closing(
    attempt=1, outcome="unanswered", cause="failed", not_before=START, analysed=1, failed=2,
    released=3, open=4, records=10,
)  # fmt: skip


class Closed(FakeTracking):
    """Notes how the attempt is closed, and the state of the claims that are taken."""

    endings: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    """The jobs that its closings name, as JSON."""

    def claim_attempt(self, attempt_key: Any, number: int, state: str = "create") -> bool:
        self.states += (state,)
        return super().claim_attempt(attempt_key, number, state)

    def close_attempt(self, _key: Any, params: Mapping[str, Any], **_tables: Any) -> bool:
        self.endings += (params["ending"],)
        self.jobs += (params["jobs"],)
        return True

    def closing_of(self, attempt_key: Any) -> Closing | None:
        if not self.endings:
            return None
        return CLOSING


def discard(tracking: Closed, service: FakeJobService | None = None) -> ResultsProcessed | None:
    return discard_attempt(
        KEY, cast("Tracking", tracking), cast("JobService", service or FakeJobService()), DEPLOYMENT,
        HeldClock(), Policy(),
    )  # fmt: skip


def test_a_discarded_attempt_is_closed_behind_a_void_claim() -> None:
    """Behind it no job can be created; an end that is recorded, or a void claim, is enough."""
    for known, after, states in (
        (FIRST, VOID, ("void",)),
        (VOID, VOID, ()),
        (replace(FIRST, ended=True), FIRST, ()),
    ):
        tracking = Closed(known, after)

        assert isinstance(discard(tracking), ResultsProcessed)
        assert (states, ("discarded",)) == (tracking.states, tracking.endings)


def test_an_attempt_that_is_closed_already_is_reported_as_it_was_closed() -> None:
    """Every caller reports the same event."""
    tracking = Closed(replace(FIRST, closed=True))
    tracking.endings = ("failed",)

    event = discard(tracking)

    assert event == ResultsProcessed(
        **KEY.fields(), analysed=1, failed=2, released=3, open=4, outcome="unanswered", cause="failed",
        not_before=START,
    )  # fmt: skip
    assert (("failed",), ()) == (tracking.endings, tracking.states)


def test_on_a_stopped_run_no_attempt_is_discarded() -> None:
    """The stop closes it, and cancels its jobs; also when it is seen behind the claim only."""
    running = FakeJobService(job("j1", labels=labels_of()))
    before, behind = (
        Closed(replace(FIRST, stopped=True)),
        Closed(FIRST, replace(VOID, stopped=True)),
    )

    assert (None, None) == (discard(before, running), discard(behind))
    assert ([], (), ()) == (running.cancelled, before.endings, behind.endings)


def test_a_live_job_is_cancelled_and_its_end_closes_the_attempt() -> None:
    """One that Vertex lists, or one that the event log alone knows, however young its claim is.

    What it answered is kept.
    """
    listed, known = job("j1", labels=labels_of()), job("j1")
    ended = FakeJobService(replace(listed, state=JobState.FAILED))

    for claimed, mine in ((claims(claim(1)), listed), (claims(claim(1, job="j1")), known)):
        tracking, service = Closed(claimed, VOID), FakeJobService(mine)
        assert discard(tracking, service) is None
        assert (["j1"], ("void",), ()) == (service.cancelled, tracking.states, tracking.endings)

    assert discard(Closed(FIRST, VOID), ended) is None
    handled = Closed(replace(FIRST, ended=True))
    assert discard(handled, ended) is not None
    assert ('["j1"]',) == handled.jobs, "it was paid for"
    assert [] == ended.cancelled


def test_a_claim_that_may_still_bring_its_job_is_waited_for() -> None:
    """Its job would be paid for behind the closing."""
    tracking = Closed(claims(claim(1)), VOID)

    with pytest.raises(Wait):
        discard(tracking)
    assert ((), ()) == (tracking.states, tracking.endings)


class Log:
    """An event log that holds the events of these ids."""

    def __init__(self, *ids: str) -> None:
        self._ids = ids

    def lookback_start(self, now: Any) -> Any:
        return START.date()

    def load(self, ids: list[str], since: Any) -> list[str]:
        return [each for each in ids if each in self._ids]


def held_up(event: Any, *recorded: str) -> AttemptKey | None:
    envelope: Envelope | None = event and wrapped(event)
    log = cast("EventLog", Log(*recorded))
    return attempt_held_up(envelope, log, DEPLOYMENT, HeldClock())


def test_an_event_holds_up_its_attempt_and_a_closing_the_next_one() -> None:
    """Only when it left records open, and the next attempt is not planned already."""
    uploaded = JsonlUploaded(
        run_id="r1", planned_on=DAY, batch=1, attempt=1, uri="", generation=1, lines=2, bytes=10,
        checksum="",
    )  # fmt: skip
    closed = ResultsProcessed(
        run_id="r1", planned_on=DAY, batch=1, attempt=1, analysed=0, failed=0, released=0, open=2,
        outcome="answered", cause="",
    )  # fmt: skip
    over = ResultsProcessed(
        run_id="r1", planned_on=DAY, batch=1, attempt=1, analysed=2, failed=0, released=0, open=0,
        outcome="answered", cause="",
    )  # fmt: skip
    second = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=2, records=2)

    assert (KEY, replace(KEY, attempt=2)) == (held_up(uploaded), held_up(closed))
    assert (None, None, None) == (
        held_up(None), held_up(over), held_up(closed, event_id(second, DEPLOYMENT))
    )  # fmt: skip
