"""Money is spent behind a numbered claim: one job an attempt, whatever is lost on the way."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from events import CancelRequested, JsonlUploaded, from_pubsub, read_event
from handlers.attempts.close import discard_attempt
from handlers.dispatch.errors import Redeliver
from handlers.ports import Job, Policy
from handlers.submit_job import submit_job
from tests.harness import START, Stage, calls
from tracking import AttemptKey
from troupe.operations import dead_letters
from troupe.standin.settings import Behaviour

Staged = Callable[..., Stage]

CLOUD = Policy(republish_after_seconds=600)


class Flaky:
    """The model's `create`, failing the first time before or after the job was made."""

    def __init__(self, stage: Stage, *, after: bool) -> None:
        self._create = stage.backend.dependencies.job_service.create
        self._after, self.calls = after, 0
        stage.backend.dependencies.job_service.create = self  # type: ignore[method-assign]

    def __call__(self, **given: Any) -> Job:
        self.calls += 1
        if self.calls > 1:
            return self._create(**given)
        if self._after:
            self._create(**given)
        raise Redeliver("no reply from Vertex")


def play_for(stage: Stage, minutes: int) -> None:
    """The tick comes every five minutes."""
    for _ in range(minutes // 5):
        stage.play()
        stage.tick(minutes=5)
    stage.play()


def claims(stage: Stage) -> list[tuple[int, str]]:
    return stage.sql("SELECT claim, state FROM claims ORDER BY batch, claim")


def upload_dead_lettered(stage: Stage) -> JsonlUploaded:
    """The first upload of a new run, whose message lies among the dead letters now."""
    stage.request()
    while "jsonl-uploaded" not in stage.topics():
        stage.backend.deliver_next()
    leased = stage.backend.bus.lease()
    assert leased is not None
    stage.backend.bus.dead_lettered(leased[0], "by_hand", "a story")
    message = leased[1].message
    return read_event(from_pubsub(message.body, message.attributes).data, JsonlUploaded)


def test_a_lost_reply_is_adopted_by_its_label(staged: Staged) -> None:
    """The job exists: the next delivery finds it and pays for no other."""
    stage = staged(policy=CLOUD)
    stage.load(calls(4))
    Flaky(stage, after=True)

    books = stage.run()

    assert (4, 0, True) == (books["analysed"], books["paid_twice"], books["ok"])
    assert 1 == stage.jobs()
    assert [(1, "create")] == claims(stage)


def test_a_lost_reply_under_a_late_list_waits_for_the_label(staged: Staged) -> None:
    """What the list does not show yet is waited for, never created again."""
    stage = staged(policy=CLOUD, behaviour=Behaviour(list_lag_seconds=480))
    stage.load(calls(4))
    Flaky(stage, after=True)

    stage.request()
    play_for(stage, minutes=60)

    assert 1 == stage.jobs()
    assert [(1, "create")] == claims(stage)
    assert stage.books("r1")["completed"]


def test_a_claim_that_brought_no_job_is_followed_by_the_next_after_its_time(
    staged: Staged,
) -> None:
    """Nobody creates for twenty minutes; then the second claim does."""
    stage = staged(policy=CLOUD)
    stage.load(calls(4))
    flaky = Flaky(stage, after=False)

    stage.request()
    stage.play()
    stage.tick(minutes=11)
    stage.play()
    assert 1 == flaky.calls
    play_for(stage, minutes=60)

    assert 2 == flaky.calls
    assert [(1, "create"), (2, "create")] == claims(stage)
    assert 1 == stage.jobs()
    assert stage.books("r1")["completed"]


def test_a_claim_that_was_given_up_is_not_waited_for(staged: Staged) -> None:
    """The second brought its job: its end ends the attempt, however young both claims are."""
    stage = staged()
    stage.load(calls(4))
    Flaky(stage, after=False)

    books = stage.run()

    assert [(1, "create"), (2, "create")] == claims(stage)
    assert (4, True, True) == (books["analysed"], books["completed"], books["ok"])


def test_a_claim_whose_owner_slept_brings_no_job(staged: Staged) -> None:
    """Between the claim and the job nineteen minutes go by: the next claim may be taken soon."""
    stage = staged(policy=CLOUD)
    stage.load(calls(4))
    find, asked = stage.backend.dependencies.job_service.find, count(1)

    def slow(labels: Mapping[str, str]) -> list[Job]:
        if next(asked) == 2:
            stage.clock.pass_(19 * 60)
        return find(labels)

    stage.backend.dependencies.job_service.find = slow  # type: ignore[method-assign]
    stage.request()
    stage.play()
    assert ([(1, "create")], 0) == (claims(stage), stage.jobs())

    play_for(stage, minutes=60)

    assert ([(1, "create"), (2, "create")], 1) == (claims(stage), stage.jobs())
    assert stage.books("r1")["completed"]


def test_a_job_that_was_deleted_after_it_wrote_is_still_read(staged: Staged) -> None:
    """Its answers were paid for, and its folder follows from the claim."""
    stage = staged()
    stage.load(calls(4))
    stage.request()
    while "job-submitted" not in stage.topics():
        stage.backend.deliver_next()
    while stage.backend.service.step():
        pass
    (job,) = stage.backend.dependencies.job_service.created_since(START, {})
    stage.backend.service.delete(job.name)

    stage.play()

    assert "job-failed" in stage.topics()
    assert (4, True) == tuple(stage.books("r1")[k] for k in ("analysed", "ok"))
    assert 0 == stage.jobs(), "no second job was paid for"


def test_a_claim_on_a_discarded_attempt_is_void(staged: Staged) -> None:
    """A handler that was parked before its claim finds the attempt closed, and pays nothing."""
    stage = staged()
    stage.load(calls(4))
    parked = upload_dead_lettered(stage)
    (letter,) = stage.backend.letters.find()
    dead_letters.discard(stage.backend, letter.letter_id, "a story")

    dependencies = stage.backend.dependencies
    told = submit_job(
        parked, dependencies.tracking, dependencies.job_service, dependencies.bucket, dependencies.deployment, dependencies.clock,
        dependencies.policy,
    )  # fmt: skip

    assert ["JobCancelled"] == [type(event).__name__ for event in told]
    assert ([(1, "void")], 0) == (claims(stage), stage.jobs())
    stage.play()
    assert (4, True) == tuple(stage.books("r1")[k] for k in ("released", "ok"))


def test_a_discard_that_died_after_its_closing_is_finished_by_a_replay(staged: Staged) -> None:
    """Closed, and nobody told: the replay's claim is void, and leads to where it is told."""
    stage = staged()
    stage.load(calls(4))
    uploaded = upload_dead_lettered(stage)
    dependencies = stage.backend.dependencies
    discard_attempt(AttemptKey.of(uploaded), dependencies.tracking, dependencies.analyses)

    done = dead_letters.replay(stage.backend)
    stage.play()

    assert (1, 0) == (done["replayed"], done["handled"])
    assert ([(1, "void")], 0) == (claims(stage), stage.jobs())
    books = stage.books("r1")
    assert (4, True, True) == (books["released"], books["completed"], books["ok"])


def test_a_stop_before_the_claim_makes_it_void(staged: Staged) -> None:
    """The attempt goes on to its end without a job."""
    stage = staged()
    stage.load(calls(4))
    stage.request()
    while "jsonl-uploaded" not in stage.topics():
        stage.backend.deliver_next()

    stage.publish(CancelRequested(run_id="r1"))
    uploaded = stage.backend.bus.lease()
    while "run-stopped" not in stage.topics():
        stage.backend.deliver_next()
    assert uploaded is not None
    stage.backend.bus.refuse(uploaded[0])
    stage.play()

    assert [(1, "void")] == claims(stage)
    assert 0 == stage.jobs()
    assert (0, 4, True) == tuple(stage.books("r1")[k] for k in ("analysed", "released", "ok"))


def test_a_claim_decides_over_a_stop_that_came_later(staged: Staged) -> None:
    """What was paid for is harvested or cancelled, never denied."""
    stage = staged(behaviour=Behaviour(running_seconds=100))
    stage.load(calls(4))
    stage.request()
    while "job-submitted" not in stage.topics():
        stage.backend.deliver_next()

    stage.publish(CancelRequested(run_id="r1"))
    stage.play()

    assert [(1, "create")] == claims(stage)
    books = stage.books("r1")
    assert (True, 4) == (books["ok"], books["analysed"] + books["released"])


def test_the_watchdog_asks_for_the_end_of_a_job_past_its_age(staged: Staged) -> None:
    """It asks, it never declares an end; the attempt is tried again."""
    from handlers.ports import JobState
    from troupe.standin.settings import End

    def stuck_once(job: Job) -> End:
        first = job.labels["attempt"].endswith("__1")
        return End(state=JobState.PENDING) if first else End()

    stage = staged(policy=CLOUD, behaviour=Behaviour(end=stuck_once))
    stage.load(calls(4))
    stage.request()
    stage.play()
    assert "job-cancelled" not in stage.topics()

    stage.tick(minutes=73 * 60)
    stage.play()

    assert "job-cancelled" in stage.topics()
    assert (4, True) == tuple(stage.books("r1")[k] for k in ("analysed", "ok"))
    assert 2 == stage.jobs()
