"""A tick of an idle deployment asks one question of two tables, and one with work misses nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from events import (
    BatchPlanned,
    Envelope,
    Event,
    ReportWritten,
    RunPlanned,
    RunRefused,
    RunRequested,
    wrap,
    wrap_command,
)
from handlers.ports import Policy
from scripts import idle_costs
from scripts.bytes_read import reads_of
from tests.harness import LocalHarness, calls, ran
from tests.tracking.harness import DAY
from tracking import Delivery, Row
from tracking.event_log import SETTLED_AFTER
from tracking.warehouse import Params
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.standin.settings import Behaviour

MakeHarness = Callable[..., LocalHarness]
MOST_REFERENCES = 2


def has_work(harness: LocalHarness) -> bool:
    return harness.backend.dependencies.event_log.has_work(
        harness.clock(), harness.backend.dependencies.subscriptions
    )


def left(harness: LocalHarness) -> bool:
    """Whether a duty would find something, or look further back than usual."""
    dependencies, now = harness.backend.dependencies, harness.clock()
    tracking, since = dependencies.tracking, dependencies.event_log.lookback_start(now)
    recent = (now - timedelta(days=Policy().look_back_days)).date()
    return bool(
        tracking.unhandled_events(since, dependencies.subscriptions)
        or tracking.open_runs(since)
        or tracking.waiting_attempts(since)
        or since != recent
    )


def tables_read(harness: LocalHarness, patch: pytest.MonkeyPatch) -> list[str]:
    """The tables that the queries of one tick refer to."""
    found: list[str] = []
    original = LocalWarehouse.query

    def counted(self: LocalWarehouse, sql: str, params: Params) -> list[Row]:
        found.extend(read.table for read in reads_of("a query", sql))
        return original(self, sql, params)

    with patch.context() as patched:
        patched.setattr(LocalWarehouse, "query", counted)
        harness.tick()
    return found


def test_an_idle_tick_refers_to_two_tables(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first run, and after runs that completed, that were empty or that were refused."""
    harness = make_harness()
    assert idle_costs.references() == tables_read(harness, monkeypatch)

    harness.load(calls(6))
    harness.complete("r1", canary=2, rows_per_batch=2)
    harness.complete("empty")
    harness.request("r1", rows_per_batch=3)
    harness.play()

    assert {"run-requested", "run-refused", "report-written"} <= set(harness.topics("r1"))
    assert MOST_REFERENCES == len(tables_read(harness, monkeypatch))


def test_a_tick_with_work_reads_the_tables_of_its_duties(
    make_harness: MakeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the count above does not hold for want of a look."""
    harness = make_harness()
    harness.load(calls(2))
    harness.request()
    harness.play_until("job-submitted")

    assert {"run_plans", "claims", "attempt_closings"} <= set(tables_read(harness, monkeypatch))


def test_at_every_step_of_a_run_the_log_shows_what_the_duties_would_find(
    make_harness: MakeHarness,
) -> None:
    """With retries, a stop and a second run; when all is over there is nothing left."""
    harness = make_harness(behaviour=Behaviour(running_seconds=60))
    harness.load(calls(6))
    harness.request("r1", canary=2, rows_per_batch=2)
    steps = 0
    while steps < 400 and (has_work(harness) or steps == 0):
        assert has_work(harness) >= left(harness)
        if harness.backend.deliver_next() is None and not harness.backend.service.step():
            harness.tick(minutes=1)
        steps += 1

    assert 10 < steps < 400
    assert harness.books("r1")["ok"]
    assert not left(harness)


def test_a_live_job_of_a_closed_attempt_is_seen_when_nothing_else_is_left(
    make_harness: MakeHarness,
) -> None:
    """Vertex is asked at every tick: the job is cancelled and reported, once."""
    harness = make_harness()
    harness.begin_after(ran, 2)
    (job,) = harness.backend.service.find({})
    harness.restart(behaviour=Behaviour(running_seconds=10**6))
    service = harness.backend.service
    late = service.create(
        display_name="late", model="publishers/google/models/gemini-3.5-flash-lite", request_uri=harness.backend.bucket.uri("input/none"),
        output_prefix=harness.backend.bucket.uri("late"), labels=dict(job.labels),
    )  # fmt: skip
    assert not has_work(harness)

    harness.tick(minutes=5)
    harness.tick(minutes=5)

    seen = service.get(late.name)
    assert seen
    assert seen.state.name in ("CANCELLING", "CANCELLED")
    assert [("paid_in_vain", 1)] == harness.sql(
        "SELECT error_type, count(*) FROM error_tracking WHERE scope = 'system' GROUP BY error_type"
    )


def test_a_dead_letter_is_work_until_it_is_discarded(make_harness: MakeHarness) -> None:
    """Its replay may be lost, and a letter that was given up may have to be published again."""
    harness = make_harness()
    command = record_command(harness, "a")
    refuse(harness, command)
    pass_an_hour(harness)
    record_delivery(harness, command, "dead_lettered")
    assert has_work(harness)
    record_delivery(harness, command, "replayed", generation=1)
    assert has_work(harness)

    record_delivery(harness, command, "discarded", generation=1)

    assert not has_work(harness)


def test_a_run_whose_command_was_discarded_may_have_been_planned(
    make_harness: MakeHarness,
) -> None:
    """Its plan may be committed without an event; a refusal of another command says nothing of it."""
    harness = make_harness()
    first, second = (record_command(harness, id_) for id_ in ("a", "b"))
    for each in (first, second):
        record_delivery(harness, each, "discarded")
    refuse(harness, second)
    pass_an_hour(harness)

    assert has_work(harness)
    refuse(harness, first)
    assert has_work(harness), "another delivery may be planning it"
    pass_an_hour(harness)
    assert not has_work(harness)
    record(harness, PLANNED, first)
    assert has_work(harness)
    record(harness, ReportWritten(run_id="r2", planned_on=DAY), first)
    assert has_work(harness)
    record_delivery(harness, record(harness, WRITTEN, first), "done", handler="notify-run")
    record_delivery(
        harness, record(harness, ReportWritten(run_id="r2", planned_on=DAY), first), "done",
        handler="notify-run",
    )  # fmt: skip
    assert not has_work(harness)


def pass_an_hour(harness: LocalHarness) -> None:
    harness.clock.pass_(SETTLED_AFTER.total_seconds() + 1)


def test_a_batch_of_a_refused_run_is_work_until_its_report(make_harness: MakeHarness) -> None:
    """Another delivery had planned it, and the tick begins what is not begun."""
    harness = make_harness()
    command = record_command(harness, "a")
    refuse(harness, command)
    record_delivery(harness, command, "done")
    pass_an_hour(harness)
    assert not has_work(harness)

    batch = record(
        harness, BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=1), command
    )
    record_delivery(harness, batch, "done", handler="write-jsonl")

    assert has_work(harness)


PLANNED = RunPlanned(run_id="r1", planned_on=DAY, analysis="a", batches=1, records=1, dry_run=False)
WRITTEN = ReportWritten(run_id="r1", planned_on=DAY)


def record_command(harness: LocalHarness, id_: str) -> Envelope:
    """Record a request of run r1; no handler has finished it."""
    command = wrap_command(
        RunRequested(run_id="r1"),
        deployment=harness.backend.deployment,
        id_=id_,
        time=harness.clock(),
    )
    harness.backend.dependencies.event_log.record([command], harness.clock())
    return command


def record(harness: LocalHarness, event: Event, cause: Envelope) -> Envelope:
    envelope = wrap(
        event, deployment=harness.backend.deployment, source="t", time=harness.clock(), cause=cause
    )
    harness.backend.dependencies.event_log.record([envelope], harness.clock())
    return envelope


def refuse(harness: LocalHarness, command: Envelope) -> None:
    refusal = RunRefused(run_id="r1", request_id=command.id, reason="over_budget", detail="a test")
    record_delivery(harness, record(harness, refusal, command), "done", handler="notify-run")


def record_delivery(
    harness: LocalHarness,
    envelope: Envelope,
    outcome: str,
    *,
    handler: str = "plan-run",
    generation: int = 0,
) -> None:
    delivery = Delivery(envelope=envelope, handler=handler, outcome=outcome, generation=generation)
    harness.backend.dependencies.event_log.record_deliveries([delivery], harness.clock())
