"""Mutants of dead letters and republishing."""

from .mutant import Mutant

_REPUBLISH = "handlers/dispatch/republish.py"
_UNHANDLED = "tracking/queries/events/unhandled_events.sql"
_DELIVER = ("tests/handlers/test_delivery_loop.py",)
_EVENT_LOG = ("tests/tracking/test_event_log.py",)

LETTERS = (
    Mutant(
        name="an event that is republished is not marked",
        where="handlers/dispatch/deliver.py",
        old="    _mark([each for each in instructions if not each.is_marked_first], dependencies)\n",
        new="    _mark(instructions[:0], dependencies)\n",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_is_republished_is_published_and_marked",
        ),
    ),
    Mutant(
        name="an event that is republished is not published",
        where="handlers/dispatch/deliver.py",
        old="publish([*events, *(each.publication() for each in instructions if each.is_published)])",
        new="publish(events)",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_is_republished_is_published_and_marked",
        ),
    ),
    Mutant(
        name="a dead letter that cannot be recorded is dropped",
        where="handlers/dispatch/deliver.py",
        old="outcome = Outcome.REDELIVER if is_dead_letter else Outcome.DEAD_LETTER",
        new="outcome = Outcome.DEAD_LETTER",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_a_dead_letter_that_cannot_be_recorded_is_delivered_again",
        ),
    ),
    Mutant(
        name="an event is republished once more than allowed",
        where=_REPUBLISH,
        old="event.republished >= policy.republish_times",
        new="event.republished > policy.republish_times",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_that_was_republished_four_times_is_given_up_when_it_is_due_again",
        ),
    ),
    Mutant(
        name="an event is republished at equal intervals",
        where=_REPUBLISH,
        old="policy.republish_after_seconds * 2**event.republished",
        new="policy.republish_after_seconds",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_is_due_after_an_interval_that_doubles",
        ),
    ),
    Mutant(
        name="a tick republishes all events at once",
        where=_REPUBLISH,
        old="key=lambda event: event.is_given_up)[: policy.republish_per_tick]",
        new="key=lambda event: event.is_given_up)",
        tests=(
            "tests/handlers/test_republishing.py::test_a_tick_republishes_a_bounded_number_the_oldest_first",
        ),
    ),
    Mutant(
        name="an event that was handled is republished",
        where=_UNHANDLED,
        old="WHERE h.is_done IS NOT TRUE AND h.is_dead_lettered",
        new="WHERE h.is_dead_lettered",
        tests=_EVENT_LOG,
    ),
    Mutant(
        name="an event that was dead-lettered is republished",
        where=_UNHANDLED,
        old="WHERE h.is_done IS NOT TRUE AND h.is_dead_lettered IS NOT TRUE",
        new="WHERE h.is_done IS NOT TRUE",
        tests=_EVENT_LOG,
    ),
    Mutant(
        name="the silence of an event is counted from its first publication",
        where=_UNHANDLED,
        old="COALESCE(h.published_again_at, t.recorded_at)",
        new="t.recorded_at",
        tests=(
            "tests/tracking/test_event_log.py::test_an_event_is_silent_since_it_was_last_published",
        ),
    ),
    Mutant(
        name="a batch whose first event is a dead letter begins again",
        where="tracking/queries/batches/batches_to_begin.sql",
        old="WHERE b.is_done IS NOT TRUE AND b.is_dead_lettered IS NOT TRUE",
        new="WHERE b.is_done IS NOT TRUE",
        tests=_EVENT_LOG,
    ),
)
