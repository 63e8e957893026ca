"""Mutations: faults planted in the product, each of which some seed must detect.

    python -m tests.simulation.mutation_test --seeds 500

A mutation patches the product while its seeds are simulated.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

from analysis import Analysis
from events import Deployment, Envelope, Event
from events.ids import Transaction
from handlers import advance_run, choreography, notify_run, submit_job, watch_jobs
from handlers.attempts.claims import Taken, take_next
from handlers.dispatch import deliver
from handlers.dispatch.instructions import Replay
from handlers.ports import Clock, Dependencies, JobState, Policy
from handlers.runs import plans
from tracking import (
    AttemptKey,
    Claim,
    Claims,
    Delivery,
    EventLog,
    KnownEvent,
    Progress,
    Tracking,
    statements,
)
from troupe.simulation import backend
from troupe.simulation.installed_analyses import ORIGINAL
from troupe.simulation.warehouse import MemoryWarehouse

Patched = AbstractContextManager[Any]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One planted fault."""

    name: str
    apply: Callable[[], Patched]
    seed: int | None
    """A seed that is known to fail with it; None for a harmless mutation."""

    @property
    def is_harmless(self) -> bool:
        """No invariant may depend on what it takes away: no seed may fail."""
        return self.seed is None


# The delivery loop


def _publish_first(
    events: Any,
    handler: Any,
    decoded: Any,
    dependencies: Dependencies,
    publish: Callable[[Any], None],
) -> None:
    """Publish, then record."""

    class _Postponed:
        def __init__(self) -> None:
            self.recorded: list[tuple[Sequence[Envelope], Any]] = []

        def record(self, envelopes: Sequence[Envelope], now: Any) -> None:
            self.recorded.append((envelopes, now))

        def record_deliveries(self, deliveries: Any, now: Any) -> None:
            dependencies.event_log.record_deliveries(deliveries, now)

    postponed = _Postponed()
    _PUBLISH(events, handler, decoded, replace(dependencies, event_log=postponed), publish)  # type: ignore[arg-type] # a planted fault
    for envelopes, now in postponed.recorded:
        dependencies.event_log.record(envelopes, now)


_PUBLISH = deliver._publish


def _mark_first(
    events: Any, handler: Any, decoded: Any, dependencies: Dependencies, publish: Any
) -> None:
    """Record the delivery as done, then record and publish the events that follow."""
    if isinstance(decoded.event, Event):
        name = choreography.name_of(handler)
        done = Delivery(envelope=decoded.envelope, handler=name, outcome="done")
        dependencies.event_log.record_deliveries([done], dependencies.clock())
    _PUBLISH(events, handler, decoded, dependencies, publish)


def _never_handled(self: EventLog, envelope: Envelope, handler: str, now: Any) -> KnownEvent:
    return replace(_KNOWN(self, envelope, handler, now), is_handled=False)


def _believed(self: EventLog, envelope: Envelope, handler: str, now: Any) -> KnownEvent:
    return replace(_KNOWN(self, envelope, handler, now), is_recorded=True, is_equal=True)


_KNOWN = EventLog.known


# Claims


def _no_claim(
    tracking: Tracking, attempt_key: AttemptKey, known: Claims, policy: Policy, clock: Clock
) -> Taken:
    """Every caller may create a job."""
    tracking.claim_attempt(attempt_key, 1)
    mine = Claim(claim=1, state="create", age_seconds=0, job=None)
    return Taken(replace(known, taken=(mine,)), mine, clock() + timedelta(days=1))


def _with_policy(**changed: Any) -> Callable[..., Taken]:
    def take(
        tracking: Tracking, attempt_key: AttemptKey, known: Claims, policy: Policy, clock: Clock
    ) -> Taken:
        taken: Taken = _TAKE(tracking, attempt_key, known, replace(policy, **changed), clock)
        return taken

    return take


_TAKE = take_next


def _look_once(
    tracking: Tracking, attempt_key: AttemptKey, known: Claims, policy: Policy, clock: Clock
) -> Taken:
    """Take a stop, an end or a closing as it was before the claim was taken."""
    taken: Taken = _TAKE(tracking, attempt_key, known, policy, clock)
    return replace(taken, known=replace(taken.known, stopped=False, ended=False, closed=False))


def _blind(claims: Sequence[Claim], jobs: Any) -> dict[int, str]:
    """Ignore jobs that only the label knows."""
    return {claim.claim: claim.job for claim in claims if claim.job is not None}


# Ends


def _too_soon(jobs: Sequence[Any]) -> bool:
    return all(
        job is None or job.state.ended or job.state in (JobState.CANCELLING, JobState.RUNNING)
        for job in jobs
    )


def _closing_by_outcome(self: Tracking, key: Any, params: Any, **tables: Any) -> bool:
    deployment = self._deployment
    try:
        self._deployment = _Suffixed(deployment.id, params["ending"])
        return _CLOSE(self, key, params, **tables)
    finally:
        self._deployment = deployment


_CLOSE = Tracking.close_attempt


class _Suffixed(Deployment):
    """Appends a suffix to every job id."""

    def __init__(self, id_: str, suffix: str) -> None:
        super().__init__(id_)
        object.__setattr__(self, "suffix", suffix)

    def job(self, transaction: Transaction, *parts: object) -> str:
        return Deployment.job(self, transaction, *parts, self.suffix)  # type: ignore[attr-defined] # a planted fault


_numbers = count()


def _random_job(self: Deployment, transaction: Transaction, *parts: object) -> str:
    return _JOB(self, transaction, *parts, f"x{next(_numbers)}")


_JOB = Deployment.job


def _new_id(_event_id: str) -> str:
    return f"n-{next(_numbers)}"


def _no_waiting(self: MemoryWarehouse, job_id: str) -> None:
    """Treat a running transaction as failed, and use the next suffix of its id."""
    if job_id in self.running:
        job = self.running.pop(job_id)
        self.running[f"{job_id}__late{next(_numbers)}"] = job


# SQL


@contextmanager
def _sql(name: str, *changes: tuple[str, str]) -> Iterator[None]:
    """Change the text of one SQL file."""
    real = statements.statement_text

    def text(folder: str, file: str) -> str:
        content: str = real(folder, file)
        if file == name:
            for old, new in changes:
                assert old in content, f"{name}.sql has no {old!r}"
                content = content.replace(old, new)
        return content

    with patch.object(statements, "statement_text", text):
        yield


_GUARD = """ NOT EXISTS (
{0}  SELECT 1 FROM attempt_closings AS k
{0}  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch\
 AND k.attempt = @attempt
{0})"""
_CLOSED = ("\n  AND" + _GUARD.format("  "), ""), ("\nWHERE" + _GUARD.format(""), "")


def _first_row() -> Patched:
    """Give an answer with an unknown key to any record of the attempt."""
    return _sql(
        "close_attempt",
        (
            "LEFT JOIN requested AS m ON m.record_id = s.record_id",
            """LEFT JOIN requested AS m ON m.record_id = COALESCE(
              (SELECT MIN(a.record_id) FROM requested AS a WHERE a.record_id = s.record_id),
              (SELECT MAX(a.record_id) FROM requested AS a)
            )""",
        ),
        ("  s.*,\n", "  s.* REPLACE (m.record_id AS record_id),\n"),
        ("    WHEN s.text_fingerprint <> m.text_fingerprint THEN 'key_mismatch'\n", ""),
    )


def _unguarded() -> Patched:
    return _sql("close_attempt", *_CLOSED)


# The analysis

_process = threading.local()


@contextmanager
def _installed_analysis() -> Iterator[None]:
    """Handlers load the analysis that their process has installed, by its name."""

    def deliver_noted(message: Any, dependencies: Dependencies, publish: Any) -> Any:
        _process.analyses = dependencies.analyses
        return deliver.deliver(message, dependencies, publish)

    def load(name: str, files: str) -> Analysis:
        return getattr(_process, "analyses", ORIGINAL).load(name)

    with patch.object(backend, "deliver", deliver_noted), patch.object(plans, "_decoded", load):
        yield


# The window


def _all_at_once(progress: Progress, concurrency: int) -> int:
    return progress.batches


def _no_canary(progress: Progress, concurrency: int) -> int:
    return min(progress.batches, concurrency + progress.finished)


def _do_nothing(*_arguments: Any) -> Iterator[Any]:
    yield from ()


def _patch(target: Any, name: str, replacement: Any) -> Callable[[], Patched]:
    return lambda: patch.object(target, name, replacement)


MUTATIONS = (
    Mutation("publish before record", _patch(deliver, "_publish", _publish_first), seed=0),
    Mutation("mark before record", _patch(deliver, "_publish", _mark_first), seed=2),
    Mutation("no claim", _patch(submit_job, "take_next", _no_claim), seed=3),
    Mutation(
        "a claim without its time limit",
        _patch(submit_job, "take_next", _with_policy(claim_seconds=10**9)),
        seed=137,
    ),
    Mutation(
        "the next claim at once",
        _patch(submit_job, "take_next", _with_policy(reclaim_seconds=0)),
        seed=44,
    ),
    Mutation("the label is not searched", _patch(submit_job, "_known_jobs", _blind), seed=332),
    Mutation(
        "attempt n + 1 while a job of n lives", _patch(watch_jobs, "all_ended", _too_soon), seed=0
    ),
    Mutation(
        "closing id that contains the outcome",
        _patch(Tracking, "close_attempt", _closing_by_outcome),
        seed=1022,
    ),
    Mutation("random job ids", _patch(Deployment, "job", _random_job), seed=3),
    Mutation(
        "suffix advanced on a timeout", _patch(MemoryWarehouse, "wait_for", _no_waiting), seed=3
    ),
    Mutation(
        "no planning lock",
        lambda: _sql(
            "plan_run",
            ("UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;", ""),
        ),
        seed=15,
    ),
    Mutation(
        "open read from events instead of run_plans",
        lambda: _sql(
            "source_selection",
            (
                "JOIN run_plans AS r ON r.run_id = m.run_id AND r.planned_on = m.planned_on",
                "JOIN events AS r ON r.run_id = m.run_id AND r.topic = 'run-planned'",
            ),
        ),
        seed=25,
    ),
    Mutation("unguarded inserts", _unguarded, seed=320),
    Mutation(
        "no second look behind the claim",
        _patch(submit_job, "take_next", _look_once),
        seed=1736,
    ),
    Mutation("handlers load the installed analysis", _installed_analysis, seed=12),
    Mutation("first-row lookup fallback", _first_row, seed=62),
    Mutation("no window", lambda: _window(_all_at_once), seed=0),
    Mutation("no canary", lambda: _window(_no_canary), seed=0),
    Mutation("no republishing", _patch(watch_jobs, "republish", _do_nothing), seed=3),
    Mutation(
        "records sent judged by later attempts too",
        lambda: _sql(
            "requested_records",
            (" AND p.attempt < @attempt", ""),
            ("AND e.attempt < @attempt ", ""),
        ),
        seed=None,
    ),
    Mutation("no advancing by the tick", _patch(watch_jobs, "advance", _do_nothing), seed=None),
    Mutation("no handled check", _patch(EventLog, "known", _never_handled), seed=None),
    Mutation("every message believed", _patch(EventLog, "known", _believed), seed=0),
    Mutation(
        "analysed records read again",
        lambda: _sql("reread_records", ("WHEN p.record_id IS NOT NULL THEN 'processed'", "")),
        seed=10,
    ),
    Mutation("no rows replaced", _patch(Tracking, "replace_rows", _do_nothing), seed=33),
    Mutation(
        "a new id for each notification", _patch(notify_run, "notification_id", _new_id), seed=0
    ),
    Mutation(
        "replay published before its mark", _patch(Replay, "is_marked_first", False), seed=229
    ),
)


def _window(last_allowed: Callable[[Progress, int], int]) -> Patched:
    return patch.object(advance_run, "last_allowed", last_allowed)
