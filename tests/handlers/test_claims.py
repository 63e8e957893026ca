"""Money is spent behind a numbered claim: one job an attempt, whatever is lost on the way."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import pytest

from events import CancelRequested, JsonlUploaded, RunStopped, from_pubsub, read_event, wrap
from handlers.dispatch.errors import Redeliver
from handlers.ports import Job, Policy
from handlers.submit_job import submit_job
from tests.events.making import cause as made_cause
from tests.faults import replace_method
from tests.harness import START, LocalHarness, calls
from tracking import AttemptKey
from troupe.operations import dead_letters
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]

CLOUD = Policy(republish_after_seconds=600)


class Flaky:
    """The model's `create`, failing the first time before or after the job was made."""

    def __init__(self, harness: LocalHarness, *, after: bool) -> None:
        self._create = harness.backend.dependencies.job_service.create
        self._after, self.calls = after, 0
        replace_method(harness.backend.dependencies.job_service, "create", self)

    def __call__(self, **given: Any) -> Job:
        self.calls += 1
        if self.calls > 1:
            return self._create(**given)
        if self._after:
            self._create(**given)
        raise Redeliver("no reply from Vertex")


def play_for(harness: LocalHarness, minutes: int) -> None:
    """The tick comes every five minutes."""
    for _ in range(minutes // 5):
        harness.play()
        harness.tick(minutes=5)
    harness.play()


def claims(harness: LocalHarness) -> list[tuple[int, str]]:
    return harness.sql("SELECT claim, state FROM claims ORDER BY batch, claim")


def upload_dead_lettered(harness: LocalHarness) -> JsonlUploaded:
    """The first upload of a new run, whose message is a recorded dead letter now."""
    harness.request()
    harness.play_until("jsonl-uploaded")
    leased = harness.backend.bus.lease()
    assert leased is not None
    harness.backend.bus.dead_lettered(leased[0], "by_hand", "a test")
    harness.backend.deliver_next()
    message = leased[1].message
    return read_event(from_pubsub(message.body, message.attributes).data, JsonlUploaded)


def test_a_lost_reply_is_adopted_by_its_label(make_harness: MakeHarness) -> None:
    """The job exists: the next delivery finds it and pays for no other."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    Flaky(harness, after=True)

    books = harness.run()

    assert (4, 0, True) == (books["analysed"], books["paid_twice"], books["ok"])
    assert 1 == harness.jobs()
    assert [(1, "create")] == claims(harness)


def test_a_lost_reply_under_a_late_list_waits_for_the_label(make_harness: MakeHarness) -> None:
    """What the list does not show yet is waited for, never created again."""
    harness = make_harness(policy=CLOUD, behaviour=Behaviour(list_lag_seconds=480))
    harness.load(calls(4))
    Flaky(harness, after=True)

    harness.request()
    play_for(harness, minutes=60)

    assert 1 == harness.jobs()
    assert [(1, "create")] == claims(harness)
    assert harness.books("r1")["completed"]


def test_a_claim_that_brought_no_job_is_followed_by_the_next_after_its_time(
    make_harness: MakeHarness,
) -> None:
    """No caller creates for twenty minutes; then the second claim does."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    flaky = Flaky(harness, after=False)

    harness.request()
    harness.play()

    assert 2 == flaky.calls
    assert 20 * 60 <= harness.one(
        "SELECT date_diff('second', min(claimed_at), max(claimed_at)) FROM claims"
    )
    assert [(1, "create"), (2, "create")] == claims(harness)
    assert 1 == harness.jobs()
    assert harness.books("r1")["completed"]


def test_a_claim_that_was_given_up_is_not_waited_for(make_harness: MakeHarness) -> None:
    """The second brought its job: its end ends the attempt, however young both claims are."""
    harness = make_harness()
    harness.load(calls(4))
    Flaky(harness, after=False)

    books = harness.run()

    assert [(1, "create"), (2, "create")] == claims(harness)
    assert (4, True, True) == (books["analysed"], books["completed"], books["ok"])


def test_a_claim_whose_owner_slept_brings_no_job(make_harness: MakeHarness) -> None:
    """Between the claim and the job nineteen minutes go by: the next claim may be taken soon."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    find, calls_made = harness.backend.dependencies.job_service.find, count(1)

    def slow(labels: Mapping[str, str]) -> list[Job]:
        if next(calls_made) == 2:
            harness.clock.pass_(19 * 60)
        return find(labels)

    replace_method(harness.backend.dependencies.job_service, "find", slow)
    harness.request()
    while not claims(harness):
        harness.backend.deliver_next()
    assert ([(1, "create")], 0) == (claims(harness), harness.jobs())

    play_for(harness, minutes=60)

    assert ([(1, "create"), (2, "create")], 1) == (claims(harness), harness.jobs())
    assert harness.books("r1")["completed"]


def test_a_job_that_was_deleted_after_it_wrote_is_still_read(make_harness: MakeHarness) -> None:
    """Its answers were paid for, and its folder follows from the claim."""
    harness = make_harness()
    harness.load(calls(4))
    harness.request()
    harness.play_until("job-submitted")
    while harness.backend.service.step():
        pass
    (job,) = harness.backend.dependencies.job_service.created_since(START, {})
    harness.backend.service.delete(job.name)

    harness.play()

    assert "job-failed" in harness.topics()
    assert (4, True) == tuple(harness.books("r1")[k] for k in ("analysed", "ok"))
    assert 0 == harness.jobs(), "no second job was paid for"


def test_a_discarded_attempt_gets_no_job(make_harness: MakeHarness) -> None:
    """A void claim comes first: a handler that was parked before its own finds the attempt closed."""
    harness = make_harness()
    harness.load(calls(4))
    parked = upload_dead_lettered(harness)
    (letter,) = dead_letters.list_dead_letters(harness.backend).letters
    dead_letters.discard(harness.backend, letter.letter_id, "a test")

    dependencies = harness.backend.dependencies
    events = submit_job(
        parked, dependencies.tracking, dependencies.job_service, dependencies.bucket, dependencies.deployment, dependencies.clock,
        dependencies.policy,
    )  # fmt: skip

    assert [] == list(events)
    assert ([(1, "void")], 0) == (claims(harness), harness.jobs())
    harness.play()
    assert (4, True) == tuple(harness.books("r1")[k] for k in ("released", "ok"))


def test_a_discard_that_died_before_its_closing_is_finished_by_the_tick(
    make_harness: MakeHarness,
) -> None:
    """No caller may create a job behind a void claim, so the tick ends the attempt."""
    harness = make_harness()
    harness.load(calls(4))
    uploaded = upload_dead_lettered(harness)
    harness.backend.dependencies.tracking.claim_attempt(AttemptKey.of(uploaded), 1, "void")

    play_for(harness, minutes=60)

    assert ([(1, "void")], 0) == (claims(harness), harness.jobs())
    books = harness.books("r1")
    assert (4, True, True) == (books["released"], books["completed"], books["ok"])


def test_a_stop_before_the_claim_prevents_it(make_harness: MakeHarness) -> None:
    """The stop releases the attempt, and no claim is taken on it."""
    harness = make_harness()
    harness.load(calls(4))
    harness.request()
    harness.play_until("jsonl-uploaded")

    harness.publish(CancelRequested(run_id="r1"))
    uploaded = harness.backend.bus.lease()
    harness.play_until("run-stopped")
    assert uploaded is not None
    harness.backend.bus.refuse(uploaded[0])
    harness.play()

    assert [] == claims(harness)
    assert 0 == harness.jobs()
    assert (0, 4, True) == tuple(harness.books("r1")[k] for k in ("analysed", "released", "ok"))


def test_a_stop_that_commits_beside_the_claim_brings_no_job(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claimer looks again behind its committed claim, and gives it back to the release."""
    harness = make_harness()
    harness.load(calls(4))
    harness.request()
    while "jsonl-uploaded" not in harness.topics():
        harness.backend.deliver_next()
    tracking = harness.backend.dependencies.tracking
    claim = tracking.claim_attempt

    def claim_then_stop(attempt_key: AttemptKey, number: int, state: str = "create") -> bool:
        taken = claim(attempt_key, number, state)
        harness.backend.publish(
            wrap(
                RunStopped(run_id="r1", planned_on=attempt_key.planned_on, reason="operator"),
                deployment=harness.backend.deployment,
                source="test",
                time=harness.clock(),
                cause=made_cause(),
            )
        )
        return taken

    monkeypatch.setattr(tracking, "claim_attempt", claim_then_stop)
    harness.play()

    assert ([(1, "create"), (1, "returned")], 0) == (claims(harness), harness.jobs())
    assert (0, 4, True) == tuple(harness.books("r1")[k] for k in ("analysed", "released", "ok"))


def test_a_claim_decides_over_a_stop_that_came_later(make_harness: MakeHarness) -> None:
    """What was paid for is harvested or cancelled, never denied."""
    harness = make_harness(behaviour=Behaviour(running_seconds=100))
    harness.load(calls(4))
    harness.request()
    harness.play_until("job-submitted")

    harness.publish(CancelRequested(run_id="r1"))
    harness.play()

    assert [(1, "create")] == claims(harness)
    books = harness.books("r1")
    assert (True, 4) == (books["ok"], books["analysed"] + books["released"])


def test_the_watchdog_asks_for_the_end_of_a_job_past_its_age(make_harness: MakeHarness) -> None:
    """It asks, it never declares an end; the attempt is tried again."""
    from handlers.ports import JobState
    from troupe.standin.settings import End

    def stuck_once(job: Job) -> End:
        first = job.labels["attempt"].endswith("__1")
        return End(state=JobState.PENDING) if first else End()

    harness = make_harness(policy=CLOUD, behaviour=Behaviour(end=stuck_once))
    harness.load(calls(4))
    harness.request()
    harness.play()
    assert "job-cancelled" not in harness.topics()

    harness.tick(minutes=73 * 60)
    harness.play()

    assert "job-cancelled" in harness.topics()
    assert (4, True) == tuple(harness.books("r1")[k] for k in ("analysed", "ok"))
    assert 2 == harness.jobs()
