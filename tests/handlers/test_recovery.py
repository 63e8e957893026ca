"""What operators do: replay, discard, reprocess. Each says what it did; doing it twice is once."""

from collections.abc import Callable
from typing import Any

import pytest

from events import ReplayRequested
from handlers.dispatch.errors import Reject
from tests.faults import fail_writes, replace_method
from tests.harness import LocalHarness, calls, id_of
from tracking import Delivery
from troupe.backends.local import operations
from troupe.operations import dead_letters
from troupe.operations.backend import InvalidOperation
from troupe.operations.reprocess import reprocess
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour, End

MakeHarness = Callable[..., LocalHarness]


def outcomes(answer: dead_letters.LetterResults) -> list[str]:
    return [letter.outcome for letter in answer.letters]


def test_a_replayed_dead_letter_brings_the_run_to_its_end(harness: LocalHarness) -> None:
    """To the failed handler alone, under the same event id."""
    harness.load(calls(4))
    mend = fail_writes(harness.backend.bucket)
    harness.request()
    harness.play()
    assert [("write-jsonl", "object_conflict", 1)] == [
        (g.handler, g.cause, g.count)
        for g in dead_letters.list_dead_letters(harness.backend).groups
    ]

    mend()
    assert ["waiting"] == outcomes(dead_letters.replay(harness.backend, dry_run=True))
    assert ["replayed"] == outcomes(dead_letters.replay(harness.backend, handler="write-jsonl"))
    harness.play(report_of="r1")

    assert (True, 4) == tuple(harness.books("r1")[k] for k in ("ok", "analysed"))
    assert [] == dead_letters.list_dead_letters(harness.backend).groups
    assert [] == outcomes(dead_letters.replay(harness.backend))


def test_a_letter_that_fails_again_after_its_replay_waits_again(harness: LocalHarness) -> None:
    """Nothing is lost between two replays."""
    harness.load(calls(4))
    mend = fail_writes(harness.backend.bucket)
    harness.request()
    harness.play()

    dead_letters.replay(harness.backend)
    harness.play()
    assert 1 == len(dead_letters.list_dead_letters(harness.backend).letters)
    mend()
    dead_letters.replay(harness.backend)
    harness.play()

    assert harness.books("r1")["completed"]


def test_a_replay_without_a_worker_is_published_again_at_the_next_start(
    harness: LocalHarness,
) -> None:
    """The command may end before anybody handles the message."""
    harness.load(calls(4))
    fail_writes(harness.backend.bucket)
    harness.request()
    harness.play()

    dead_letters.replay(harness.backend)
    harness.restart()
    harness.play(report_of="r1")

    assert harness.books("r1")["completed"]


def test_what_was_handled_meanwhile_is_not_sent_again(make_harness: MakeHarness) -> None:
    """Another delivery of the same event may have succeeded."""
    harness = make_harness(behaviour=Behaviour(end=lambda _: End(share=0)))
    harness.load(calls(3))
    harness.request()
    harness.play()
    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    event_log, clock = harness.backend.dependencies.event_log, harness.clock
    (event,) = event_log.load([letter.event_id], clock().date())
    done = Delivery(envelope=event, handler="process-results", outcome="done")
    event_log.record_deliveries([done], clock())
    sent = harness.backend.bus.sent

    harness.publish(ReplayRequested(letter_ids=[letter.letter_id]))

    answer = dead_letters.letter_results(harness.backend, [letter.letter_id])
    assert ["handled"] == outcomes(answer)
    assert sent == harness.backend.bus.sent


def test_discarding_closes_the_attempt_without_answers(make_harness: MakeHarness) -> None:
    """A job that ended without files holds the run up; discarded, its records are released."""
    harness = make_harness(behaviour=Behaviour(end=lambda _: End(share=0)))
    harness.load(calls(3))
    harness.request()
    harness.play()
    (letter,) = dead_letters.list_dead_letters(harness.backend).letters

    answer = dead_letters.discard(harness.backend, letter.letter_id, "the bucket was emptied")
    harness.play()

    assert ["discarded"] == outcomes(answer)
    books = harness.books("r1")
    assert (True, True, 3) == (books["ok"], books["completed"], books["released"])
    with pytest.raises(InvalidOperation):
        dead_letters.discard(harness.backend, letter.letter_id, "again")
    harness.restart(behaviour=Behaviour())
    assert 3 == harness.totals("r2")["analysed"]


def test_a_message_that_is_no_event_is_shown_and_can_be_discarded_only(
    harness: LocalHarness,
) -> None:
    """Its first 4 KB are kept."""
    harness.backend.bus.send("batch-planned", b"not json" + b"." * 5_000, {})
    harness.play()
    (letter,) = dead_letters.list_dead_letters(harness.backend).letters

    shown = dead_letters.show_letter(harness.backend, letter.letter_id)

    assert ("unreadable_message", "batch-planned", 4_096) == (
        shown.cause, shown.topic, len(shown.body),
    )  # fmt: skip
    assert ["not_recorded"] == outcomes(dead_letters.replay(harness.backend))
    assert ["discarded"] == outcomes(
        dead_letters.discard(harness.backend, letter.letter_id, "no event")
    )
    assert [] == dead_letters.list_dead_letters(harness.backend).letters
    with pytest.raises(InvalidOperation):
        dead_letters.show_letter(harness.backend, "nothing")


def test_reprocess_asks_the_failed_again_and_refuses_the_stored(make_harness: MakeHarness) -> None:
    """With a price first."""
    rows = calls(6)
    bad = frozenset(f"k-{id_of(row)}" for row in rows[:2])
    harness = make_harness(corruption=Corruption(share=0, poison=bad, poison_kind=Kind.BLOCKED))
    harness.load(rows)
    harness.analyse("r1", breaker=100)
    harness.restart(corruption=None)

    preview = reprocess(harness.backend, {"of_run": "r1"}, dry_run=True)
    done = operations.OPERATIONS["reprocess"](
        harness.backend, request={"of_run": "r1", "run_id": "again"}
    )
    harness.play(report_of="again")

    assert (2, None) == (preview.records, preview.run_id)
    low, high = preview.cost
    assert low is not None
    assert high is not None
    assert 0 < low < high
    assert "again" == done.run_id
    assert 2 == harness.books("again")["analysed"]
    with pytest.raises(InvalidOperation, match="have a row already"):
        reprocess(harness.backend, {"record_ids": [id_of(rows[5])]})
    with pytest.raises(InvalidOperation, match="nothing is selected"):
        reprocess(harness.backend, {})


def test_a_letter_that_cannot_be_noted_comes_again_until_it_is(harness: LocalHarness) -> None:
    """Behind the dead letters there is no other place to set it aside to."""
    harness.load(calls(4))
    fail_writes(harness.backend.bucket)
    do = harness.backend.warehouse.run_once
    refused: list[str] = []

    def refuse_three_times(name: str, *rest: Any) -> bool:
        if "__error__" in name and len(refused) < 3:
            refused.append(name)
            raise Reject("broken_tool", "no right to write errors")
        return do(name, *rest)

    replace_method(harness.backend.warehouse, "run_once", refuse_three_times)
    harness.request()
    harness.play()

    assert 3 == len(refused)
    assert [("object_conflict",)] == harness.sql(
        "SELECT cause FROM error_tracking WHERE error_type = 'dead_lettered'"
    )
