"""Republishing: which of the events that no handler finished are due, and which are given up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from events import BatchPlanned, Envelope
from handlers.dispatch.instructions import GiveUp, Republish
from handlers.dispatch.republish import due, republish
from handlers.ports import Policy
from tests.events.making import wrapped
from tests.harness import START
from tests.tracking.harness import DAY
from tracking import EventLog, Tracking, UnhandledEvent

POLICY = Policy(republish_after_seconds=600, republish_times=4, republish_per_tick=3)
ENVELOPE = wrapped(BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=1))


def lost(republished: int, silent_seconds: int, number: int = 1, **changed: Any) -> UnhandledEvent:
    event = UnhandledEvent(
        event_id=f"e{number}", handler="write-jsonl", generation=0, republished=republished,
        is_given_up=False, waits_until=None, wait_is_over=False, silent_seconds=silent_seconds,
    )  # fmt: skip
    return replace(event, **changed)


class FakeLog:
    """Unhandled events, and one envelope for each of them."""

    def __init__(self, *unhandled: UnhandledEvent) -> None:
        self._unhandled = unhandled

    def unhandled_events(self, since: Any, subscriptions: Any) -> Sequence[UnhandledEvent]:
        return self._unhandled

    def load(self, ids: Sequence[str], since: Any) -> list[Envelope]:
        return [replace(ENVELOPE, id=each) for each in ids]


def followed(event: UnhandledEvent) -> Republish | GiveUp:
    """What the tick does about an event that is due."""
    log = FakeLog(event)
    (one,) = republish(cast("Tracking", log), cast("EventLog", log), [], START.date(), POLICY)
    return one


@pytest.mark.parametrize(
    ("republished", "seconds"), [(0, 600), (1, 1_200), (2, 2_400), (3, 4_800), (4, 9_600)]
)
def test_an_event_is_due_after_an_interval_that_doubles(republished: int, seconds: int) -> None:
    """Not a second earlier."""
    event = lost(republished, seconds)

    assert [event] == due([event], POLICY)
    assert [] == due([lost(republished, seconds - 1)], POLICY)


def test_an_event_that_was_republished_four_times_is_given_up_when_it_is_due_again() -> None:
    """It is not published a fifth time; each republication has its number."""
    fourth, fifth = followed(lost(3, 4_800)), followed(lost(4, 9_600))

    assert isinstance(fourth, Republish)
    assert (4, "e1") == (fourth.republication, fourth.envelope.id)
    assert isinstance(fifth, GiveUp)


def test_an_event_whose_wait_is_over_is_republished_without_counting() -> None:
    """However often it was republished, and not before; the republication names the wait."""
    until = START + timedelta(hours=1)
    waiting = lost(4, 99_999, waits_until=until)
    over = replace(waiting, wait_is_over=True)

    assert ([], [over]) == (due([waiting], POLICY), due([over], POLICY))
    again = followed(over)
    assert isinstance(again, Republish)
    assert (4, until) == (again.republication, again.not_before)


def test_an_event_whose_letter_is_not_recorded_goes_to_the_dead_letters_again() -> None:
    """An hour later, and after all others: it must not use up every tick."""
    hour = POLICY.unrecorded_letter_seconds
    without = [lost(4, hour, number, is_given_up=True) for number in range(3)]
    first, second = lost(0, 600, 8), lost(0, 600, 9)

    assert [first, second, without[0]] == due([*without, first, second], POLICY)
    assert isinstance(followed(without[0]), GiveUp)
    assert [] == due([lost(0, hour - 1, is_given_up=True)], POLICY)


def test_a_tick_republishes_a_bounded_number_the_oldest_first() -> None:
    """After an outage of hours the next ticks take the rest."""
    events = [lost(0, 9_999, number) for number in range(5)]

    assert events[:3] == due(events, POLICY)


def test_a_republication_is_of_the_generation_of_its_event() -> None:
    """Else its letter would be of an older one, which blocks nothing."""
    events = lost(0, 600, generation=2), lost(4, 9_600, generation=2)

    assert [2, 2] == [followed(each).generation for each in events]
