"""Dead letters, given-up events, replay and discard, whatever is delivered twice, late or not at all."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from events import DiscardRequested, Envelope, ReplayRequested, to_pubsub
from events.ids import letter_id
from handlers.dispatch.errors import Redeliver, Reject, Wait
from handlers.ports import JobState, Policy
from tests.faults import replace_method
from tests.harness import START, LocalHarness, calls
from troupe import operations
from troupe.operations import dead_letters
from troupe.operations.dead_letters import DeadLetter
from troupe.report.stall_reasons import event_reason
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]

CLOUD = Policy(republish_after_seconds=600)
DAY = 86_400


def play_for(harness: LocalHarness, hours: float, *, minutes: int = 10) -> None:
    """Handle everything, with a tick every so many minutes."""
    for _ in range(round(hours * 60 / minutes)):
        while harness.backend.deliver_next() is not None or harness.backend.service.step():
            pass
        harness.tick(minutes=minutes)


def letters(harness: LocalHarness) -> list[DeadLetter]:
    return dead_letters.list_dead_letters(harness.backend).letters


def outcomes(harness: LocalHarness, *letter_ids: str) -> list[str]:
    results = dead_letters.letter_results(harness.backend, letter_ids)
    return [letter.outcome for letter in results.letters]


def marks(harness: LocalHarness, outcome: str) -> int:
    return int(harness.one("SELECT count(*) FROM deliveries WHERE outcome = ?", outcome))


def failing_find(harness: LocalHarness) -> Callable[[], None]:
    """Vertex's list refuses for good, until the returned function repairs it."""

    def refuse(labels: object) -> Any:
        raise Reject("by_hand", "stands for forty refusals by Vertex")

    return replace_method(harness.backend.dependencies.job_service, "find", refuse)


def refused_create(harness: LocalHarness, error: Exception, times: int | None = None) -> None:
    """Creating a job fails so many times, or each time."""
    job_service = harness.backend.dependencies.job_service
    create = job_service.create
    left = [times]

    def fail(**job: Any) -> Any:
        if left[0] == 0:
            return create(**job)
        left[0] = None if left[0] is None else left[0] - 1
        raise error

    replace_method(job_service, "create", fail)


@pytest.fixture
def held_up(make_harness: MakeHarness) -> LocalHarness:
    """A run of four calls whose upload is a dead letter, although its cause is repaired."""
    harness = make_harness(policy=CLOUD)
    harness.begin_after(hold_up)
    return harness


def hold_up(harness: LocalHarness) -> None:
    """Play the run; a backend that is opened later has no such cause."""
    harness.load(calls(4))
    failing_find(harness)
    harness.request()
    harness.play()


# Copies of a letter


def test_a_letter_that_is_recorded_twice_needs_one_replay(held_up: LocalHarness) -> None:
    """Also when the replayed event has to be republished because a job could not be created."""
    (letter,) = letters(held_up)
    refused_create(held_up, Redeliver("503 from Vertex, once"), times=1)
    for _ in range(2):
        held_up.clock.pass_(1)
        forward_again(held_up, letter)
    assert 3 == marks(held_up, "dead_lettered")
    assert [letter.letter_id] == [each.letter_id for each in letters(held_up)]

    dead_letters.replay(held_up.backend)
    play_for(held_up, hours=2)

    books = held_up.books("r1")
    assert (4, True, True) == (books["analysed"], books["completed"], books["ok"])
    assert [] == letters(held_up)


def test_a_letter_that_fails_to_be_published_is_recorded_twice_and_is_one(
    make_harness: MakeHarness,
) -> None:
    """The letter is recorded before `event-dead-lettered` is published; a redelivery records again."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    repair = failing_find(harness)
    publish = harness.backend.bus.publish
    failed: list[Envelope] = []

    def fail_once(envelopes: Any) -> None:
        dead = [each for each in envelopes if "event-dead-lettered" in each.type]
        if dead and not failed:
            failed.extend(dead)
            raise Redeliver("Pub/Sub answers 503, once")
        publish(envelopes)

    replace_method(harness.backend.bus, "publish", fail_once)
    harness.request()
    harness.play()
    assert (2, 1) == (marks(harness, "dead_lettered"), len(letters(harness)))

    repair()
    dead_letters.replay(harness.backend)
    play_for(harness, hours=1)

    assert harness.books("r1")["completed"]


def test_the_last_delivery_of_the_original_does_not_block_its_replay(held_up: LocalHarness) -> None:
    """Its letter is of an older generation: it is neither listed nor in the way."""
    (letter,) = letters(held_up)
    refused_create(held_up, Redeliver("503 from Vertex, once"), times=1)
    dead_letters.replay(held_up.backend)
    held_up.clock.pass_(1)

    forward_again(held_up, letter)
    assert [] == letters(held_up)
    play_for(held_up, hours=2)

    assert held_up.books("r1")["completed"]


def test_a_letter_counts_the_replays_of_its_event(make_harness: MakeHarness) -> None:
    """Each letter is replayed once; the one that waits has the next number."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    failing_find(harness)
    harness.request()
    harness.play()
    numbers = []
    for _ in range(3):
        (letter,) = letters(harness)
        numbers.append(letter.generation)
        dead_letters.replay(harness.backend)
        harness.play()

    assert [0, 1, 2] == numbers


def forward_again(harness: LocalHarness, letter: DeadLetter) -> None:
    """Pub/Sub forwards a copy of the letter's message once more."""
    event_log = harness.backend.dependencies.event_log
    (event,) = event_log.load([letter.event_id], event_log.lookback_start(harness.clock()))
    harness.backend.bus.send(f"dead-letter-{letter.handler}", *to_pubsub(event))
    harness.backend.deliver_next()


# Replay


def test_a_replay_names_letters_and_a_redelivered_command_replays_none_twice(
    held_up: LocalHarness,
) -> None:
    """An old letter and an unknown one are left alone."""
    (letter,) = letters(held_up)
    stranger = letter_id("nothing", "submit-job", 0)

    for _ in range(2):
        held_up.publish(ReplayRequested(letter_ids=[letter.letter_id, stranger, "no letter"]))

    assert 1 == marks(held_up, "replayed")
    assert ["replayed", "waiting"] == outcomes(held_up, letter.letter_id, stranger)


def test_a_replay_that_dies_after_its_mark_is_published_by_the_tick(held_up: LocalHarness) -> None:
    """Marked after the publish, a crash would leave the event dead-lettered for ever."""
    restore = replace_method(held_up.backend.bus, "publish", _fail)
    with suppress(Redeliver):
        dead_letters.replay(held_up.backend)
    restore()
    held_up.backend.bus._due.clear()
    assert (1, []) == (marks(held_up, "replayed"), letters(held_up))

    play_for(held_up, hours=1)

    assert held_up.books("r1")["completed"]


def _fail(_envelopes: object) -> None:
    raise Redeliver("Pub/Sub does not answer")


@pytest.mark.parametrize("days", [15, 45])
def test_a_letter_of_an_open_run_can_be_replayed_however_old_it_is(
    held_up: LocalHarness, days: int
) -> None:
    """Its own row expires after 31 days; the run may be open for 75."""
    held_up.clock.pass_(days * DAY)
    if days > 31:
        held_up.sql("DELETE FROM dead_letters")

    held_up.tick()
    dead_letters.replay(held_up.backend)
    play_for(held_up, hours=1)

    assert held_up.books("r1")["completed"]


def test_a_command_that_could_not_be_recorded_is_recorded_with_its_letter(
    harness: LocalHarness,
) -> None:
    """It exists nowhere else, and a replay publishes what the event log holds."""
    harness.load(calls(4))
    append = harness.backend.warehouse.append
    refused: list[str] = []

    def refuse_once(table: str, rows: Any) -> None:
        if table == "events" and not refused:
            refused.append(rows[0]["topic"])
            raise Reject("no_right", "the service of plan-run may not write events")
        append(table, rows)

    replace_method(harness.backend.warehouse, "append", refuse_once)
    harness.backend.bus.send("run-requested", b'{"run_id": "r1"}', {})
    harness.play()
    assert ["run-requested"] == refused
    assert ["no_right"] == [letter.cause for letter in letters(harness)]

    dead_letters.replay(harness.backend)
    harness.play()

    assert 4 == harness.books("r1")["analysed"]


# Events that were republished in vain


def test_an_event_that_was_republished_in_vain_is_a_dead_letter(make_harness: MakeHarness) -> None:
    """Four times at doubling intervals; a replay begins them again."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    harness.request()
    while "jsonl-uploaded" not in harness.topics():
        harness.backend.deliver_next()
    forget_messages(harness, hours=6)

    play_for(harness, hours=1)
    (letter,) = letters(harness)
    assert ("submit-job", "stuck_event", 0) == (letter.handler, letter.cause, letter.generation)
    assert 4 == harness.one("SELECT max(republication) FROM deliveries")
    dead_letters.replay(harness.backend)
    play_for(harness, hours=1)

    assert harness.books("r1")["completed"]


def forget_messages(harness: LocalHarness, hours: float, *, letters_too: bool = False) -> None:
    """A worker that gets ticks alone: every other message is lost, dead letters may be kept."""
    for _ in range(round(hours * 3)):
        kept = [
            due
            for due in harness.backend.bus._due
            if not letters_too and due.delivery.message.topic.startswith("dead-letter")
        ]
        harness.backend.bus._due[:] = kept
        harness.tick(minutes=20)


def test_an_event_whose_letter_is_lost_is_sent_to_the_dead_letters_again(
    make_harness: MakeHarness,
) -> None:
    """An hour later, each hour: it waits for an operator only when an operator can see it."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    harness.request()
    while "jsonl-uploaded" not in harness.topics():
        harness.backend.deliver_next()

    forget_messages(harness, hours=8, letters_too=True)
    assert [] == letters(harness)
    assert 2 <= marks(harness, "given_up") <= 4
    play_for(harness, hours=2)

    assert ["stuck_event"] == [letter.cause for letter in letters(harness)]


def test_events_that_were_given_up_cost_nothing_at_a_tick(make_harness: MakeHarness) -> None:
    """No transaction and no publish, however many there are."""
    harness = make_harness(policy=replace(CLOUD, republish_times=0))
    harness.load(calls(40))
    failing_find(harness)
    refused_create(harness, Redeliver("429"))
    harness.request(rows_per_batch=1, canary=1, concurrency=40)
    play_for(harness, hours=1)
    ran: list[str] = []
    run_once = harness.backend.warehouse.run_once

    def counted(job_id: str, *rest: Any) -> bool:
        ran.append(job_id)
        return run_once(job_id, *rest)

    replace_method(harness.backend.warehouse, "run_once", counted)
    before = harness.backend.bus.sent
    assert letters(harness)

    for _ in range(3):
        harness.tick(minutes=60)

    assert ([], 3) == (ran, harness.backend.bus.sent - before)


# Waiting until a time


def test_a_handler_that_waits_until_a_time_is_not_given_up(make_harness: MakeHarness) -> None:
    """The tick republishes it then, which does not count; the status shows when."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    refused_create(harness, Redeliver("not reached"), times=0)
    waits = [0]
    job_service = harness.backend.dependencies.job_service
    create = job_service.create

    def full(**job: Any) -> Any:
        if waits[0] < 5:
            waits[0] += 1
            raise Wait("503 from Vertex", not_before=harness.clock() + timedelta(hours=1))
        return create(**job)

    replace_method(job_service, "create", full)
    harness.request()
    while harness.backend.deliver_next() is not None:
        pass
    details = operations.status(harness.backend, "r1").details
    assert details is not None
    (waiting,) = details.waiting
    assert "next attempt at 2026-03-02 10:0" in event_reason(waiting)
    assert event_reason(waiting).endswith("after: 503 from Vertex")

    play_for(harness, hours=7, minutes=30)

    assert (5, 0) == (waits[0], marks(harness, "given_up"))
    assert 0 == harness.one("SELECT max(republication) FROM deliveries")
    assert harness.books("r1")["completed"]


# Discard


def test_a_discard_cancels_the_job_of_its_attempt_whose_end_closes_it(
    make_harness: MakeHarness,
) -> None:
    """No second attempt is paid for, and what the job has answered is kept."""
    harness = make_harness(policy=CLOUD, behaviour=Behaviour(running_seconds=7_200))
    harness.load(calls(4))
    harness.request()
    while "job-submitted" not in harness.topics():
        harness.backend.deliver_next()
    event_id = harness.one("SELECT event_id FROM events WHERE topic = 'jsonl-uploaded'")
    harness.sql("DELETE FROM deliveries WHERE event_id = ?", event_id)
    event_log = harness.backend.dependencies.event_log
    (uploaded,) = event_log.load([event_id], harness.clock().date())
    harness.backend.bus.send("dead-letter-submit-job", *to_pubsub(uploaded))
    harness.backend.deliver_next()
    (letter,) = letters(harness)

    answer = dead_letters.discard(harness.backend, letter.letter_id, "not needed")
    assert ["discarded"] == [each.outcome for each in answer.letters]
    assert 0 == harness.one("SELECT count(*) FROM attempt_closings")
    play_for(harness, hours=6, minutes=30)

    assert [(1, "released", "discarded")] == harness.sql(
        "SELECT attempt, outcome, cause FROM attempt_closings"
    )
    books = harness.books("r1")
    assert (True, True, 4) == (books["completed"], books["ok"], books["released"])
    jobs = harness.backend.dependencies.job_service.created_since(START, {})
    assert {JobState.CANCELLED} <= {job.state for job in jobs}
    assert all(job.state.ended for job in jobs)


def test_a_discarded_letter_of_settle_batch_closes_the_next_attempt(
    make_harness: MakeHarness,
) -> None:
    """Its records are open, and no attempt would ever be planned for them."""
    corruption = Corruption(share=1.0, kinds=(Kind.LOST,), seed=1)
    harness = make_harness(policy=CLOUD, corruption=corruption)
    harness.load(calls(4))
    harness.request()
    while "results-processed" not in harness.topics():
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness._jump()
    leased = harness.backend.bus.lease()
    assert leased is not None
    assert "results-processed" == leased[1].message.topic
    harness.backend.bus.dead_lettered(leased[0], "by_hand", "a test")
    harness.backend.deliver_next()
    (letter,) = letters(harness)

    dead_letters.discard(harness.backend, letter.letter_id, "not needed")
    play_for(harness, hours=1)

    assert [(1, "answered"), (2, "released")] == harness.sql(
        "SELECT attempt, outcome FROM attempt_closings ORDER BY attempt"
    )
    books = harness.books("r1")
    assert (4, True, True) == (books["released"], books["completed"], books["ok"])


@pytest.mark.parametrize("first", ["replay", "discard"])
def test_two_operators_who_replay_and_discard_one_letter_leave_nothing_open(
    held_up: LocalHarness, first: str
) -> None:
    """The second caller finds the letter over, and says so."""
    (letter,) = letters(held_up)
    ids = [letter.letter_id]
    commands = [ReplayRequested(letter_ids=ids), DiscardRequested(letter_ids=ids, reason="a test")]

    for command in commands if first == "replay" else reversed(commands):
        held_up.publish(command)
    play_for(held_up, hours=1)

    expected = "replayed" if first == "replay" else "discarded"
    assert [expected] == outcomes(held_up, letter.letter_id)
    books = held_up.books("r1")
    assert (True, True, 0) == (books["completed"], books["ok"], books["open"])
    assert books["analysed"] == (4 if first == "replay" else 0)
