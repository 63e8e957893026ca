"""Outages: what the service did not answer costs no record and no attempt, and no operator is needed."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers.dispatch.errors import Unavailable
from handlers.ports import Job, JobState, Policy
from tests.harness import START, LocalHarness, calls
from troupe.standin.prediction_lines import Answer, analyst
from troupe.standin.settings import Behaviour, End

MakeHarness = Callable[..., LocalHarness]
CLOUD = Policy()
UNAVAILABLE = 'Service Unavailable: {"error": {"code": 503, "status": "UNAVAILABLE"}}'


def play_for(harness: LocalHarness, hours: float) -> None:
    """The tick comes every five minutes, until no run is open or the time is over."""
    for _ in range(int(hours * 12)):
        harness.play(report_of="r1")
        if "run-completed" in harness.topics():
            return
        harness.tick(minutes=5)


def refuse_until(harness: LocalHarness, end: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vertex refuses every job with its own 429 until then."""
    service = harness.backend.dependencies.job_service
    create = service.create

    def refusing(**given: Any) -> Job:
        if harness.clock() < end:
            raise Unavailable("creating a job: TooManyRequests 429")
        return create(**given)

    monkeypatch.setattr(service, "create", refusing)


def outcome(harness: LocalHarness, run_id: str = "r1") -> tuple[int, int, int, int, bool]:
    """Analysed, failed, released, paid twice, and whether the totals balance."""
    books = harness.books(run_id)
    names = ("analysed", "failed", "released", "paid_twice")
    return (*(books[name] for name in names), books["ok"])


def test_a_quota_that_is_used_up_for_six_hours_delays_the_run(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal gives its claim back; the job is created when the quota is back."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(4))
    refuse_until(harness, START + timedelta(hours=6), monkeypatch)

    harness.request()
    play_for(harness, hours=12)

    assert (4, 0, 0, 0, True) == outcome(harness)
    assert 1 == harness.jobs()
    assert [] == harness.sql("SELECT error_type FROM error_tracking")
    claims = harness.sql("SELECT claim, state FROM claims ORDER BY claim, state")
    refused = [(n, state) for n in range(1, 7) for state in ("create", "returned")]
    assert refused == claims[: len(refused)]
    assert "create" == claims[-1][1]


def test_a_quota_that_never_comes_back_stops_the_run_after_a_day(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its records are released, the canary's and all others, and the next run takes them."""
    harness = make_harness(policy=CLOUD)
    harness.load(calls(12))
    refuse_until(harness, START + timedelta(hours=40), monkeypatch)

    harness.request(canary=2, rows_per_batch=5)
    play_for(harness, hours=30)

    assert (0, 0, 12, 0, True) == outcome(harness)
    assert [("outage", 12)] == harness.sql(
        "SELECT error_type, count(*) FROM error_tracking GROUP BY error_type"
    )
    harness.clock.pass_(24 * 3600)
    assert 12 == harness.totals("r2")["analysed"]


def test_an_endpoint_that_is_down_for_an_hour_fails_no_record(make_harness: MakeHarness) -> None:
    """Rows with errors of the service use up no attempt, however many there are."""
    end = START + timedelta(hours=1)

    def answer(request: Mapping[str, Any]) -> Answer:
        down = harness.clock() < end
        return Answer(status=UNAVAILABLE) if down else analyst(request)

    harness = make_harness(policy=CLOUD, answerer=answer)
    harness.load(calls(7))

    harness.request(canary=3, max_attempts=1)
    play_for(harness, hours=6)

    assert (7, 0, 0, 0, True) == outcome(harness)
    attempts = harness.one("SELECT max(attempt) FROM attempt_closings")
    assert 3 <= attempts <= 6
    assert [("unanswered",)] * (attempts - 1) == harness.sql(
        "SELECT outcome FROM attempt_closings WHERE batch = 1 ORDER BY attempt LIMIT ?",
        attempts - 1,
    )


def test_an_endpoint_that_never_answers_stops_the_run_after_a_day(
    make_harness: MakeHarness,
) -> None:
    """One outage, one fate: the canary's records and the others are released alike."""
    harness = make_harness(policy=CLOUD, answerer=lambda _: Answer(status=UNAVAILABLE))
    harness.load(calls(7))

    harness.request(canary=3)
    play_for(harness, hours=40)

    assert (0, 0, 7, 0, True) == outcome(harness)
    assert harness.one("SELECT max(attempt) FROM attempt_closings") < 20


def test_a_record_on_which_the_service_fails_each_time_is_released(
    make_harness: MakeHarness,
) -> None:
    """The others were answered, so the attempt counts; the record itself did nothing wrong."""

    def answer(request: Mapping[str, Any]) -> Answer:
        failing = "number 0" in str(request)
        return Answer(status=UNAVAILABLE) if failing or "cut" in str(request) else analyst(request)

    rows = [call | {"transcript": f"CUSTOMER: number {n}."} for n, call in enumerate(calls(4))]
    harness = make_harness(answerer=answer)
    harness.load(rows)

    harness.analyse(max_attempts=1)

    assert (3, 0, 1, 0, True) == outcome(harness)
    assert [("service_error", None), ("service_error_repeated", "service_error")] == harness.sql(
        "SELECT error_type, cause FROM error_tracking ORDER BY error_type"
    )


@pytest.mark.parametrize(
    "end", [End(state=JobState.EXPIRED, share=0), End(state=JobState.FAILED, code=13, share=0)]
)
def test_jobs_that_break_off_twice_use_up_no_attempt(make_harness: MakeHarness, end: End) -> None:
    """The third one answers, and the run had one attempt to give."""
    harness = make_harness(behaviour=Behaviour(end=breaks_until(3, end)))
    harness.load(calls(4))

    harness.analyse(max_attempts=1)

    assert (4, 0, 0, 0, True) == outcome(harness)


def test_jobs_that_break_off_three_times_release_their_batch(make_harness: MakeHarness) -> None:
    """The rest of the run goes on, and the next run takes the records."""
    harness = make_harness(
        behaviour=Behaviour(end=breaks_until(9, End(state=JobState.EXPIRED, share=0), batch=2))
    )
    harness.load(calls(9))

    harness.analyse(canary=3, rows_per_batch=3)

    assert (6, 0, 3, 0, True) == outcome(harness)
    assert [("job_failed", "no_answer", 3)] == harness.sql(
        "SELECT error_type, cause, count(*) FROM error_tracking WHERE NOT retryable GROUP BY ALL"
    )
    assert 3 == harness.totals("r2")["analysed"]


def breaks_until(attempt: int, end: End, batch: int = 1) -> Callable[[Job], End]:
    """Jobs of one batch of r1 end like this before the given attempt."""

    def ending(job: Job) -> End:
        _deployment, run_id, number, tried = job.labels["attempt"].split("__")
        is_broken = run_id == "r1" and int(number) == batch and int(tried) < attempt
        return end if is_broken else End()

    return ending
