"""How a run stands: what holds its batches up, and what canary, breaker and budget saw."""

from datetime import date

from handlers.runs.budget import caps_of
from handlers.runs.estimate import estimate
from handlers.runs.plans import request_of
from handlers.summary.run_summary import SKIPPED
from tracking import Plan, Row

from .backend import Answer, Backend
from .dead_letters import held_up


def limits_of(backend: Backend) -> Answer:
    """The ages that this troupe allows."""
    policy = backend.dependencies.policy
    names = ("pending_hours", "running_hours", "republish_after_seconds")
    return {name: getattr(policy, name) for name in names}


def with_reasons(backend: Backend, plan: Plan, batches: list[Row], jobs: list[Row]) -> list[Row]:
    """Each batch with the state of its job, and with the dead letter that holds it up."""
    letters = held_up(backend, plan.run_id)
    states = {job["name"]: job["state"] for job in jobs}
    return [
        row
        | {
            "held_up": letters.get(row["batch"]),
            "job_state": states.get(
                backend.deployment.attempt(plan.run_id, row["batch"], row["attempt"])
            ),
        }
        for row in batches
    ]


def planned(backend: Backend, plan: Plan) -> Answer:
    """What the plan took from the source, what it left out and why, and what it may cost."""
    analysis = backend.dependencies.analyses.load(plan.analysis)
    expected = estimate(plan.would_records, plan.would_bytes, plan.model, analysis)
    return {
        "source_rows": plan.source_rows,
        "skipped": {reason: getattr(plan, reason) for reason in SKIPPED},
        "expected_cost": [expected.low, expected.high],
    }


def course(backend: Backend, plan: Plan, batches: list[Row]) -> Answer:
    """What canary, breaker and budget have seen so far."""
    if not plan.batches:
        return {}
    request = request_of(plan)
    progress = backend.dependencies.tracking.progress(plan.run_id, plan.day)
    caps = caps_of(request, backend.dependencies.policy)
    first = next((row for row in batches if row["batch"] == 1), None)
    return {
        "canary": first and {
            "records": first["records"],
            "is_over": progress.canary_finished,
            "analysed": first["analysed"],
            "failed": first["failed"],
        },
        "breaker": {
            "records_over": progress.records_over,
            "failed_over": progress.failed_over,
            "limit": request.breaker,
        },
        "budget": _budget(backend, plan, caps.money, caps.tokens) if caps.is_set else None,
    }  # fmt: skip


def _budget(backend: Backend, plan: Plan, money: float | None, tokens: int | None) -> Answer:
    policy = backend.dependencies.policy
    since = min(
        backend.dependencies.event_log.lookback_start(backend.clock()), date.fromisoformat(plan.day)
    )
    rows = backend.dependencies.tracking.query("spending", {"since": since})
    mine = next(row for row in rows if row["run_id"] == plan.run_id)
    return {
        "limit": money,
        "spent": mine["cost"],
        "limit_tokens": tokens,
        "tokens": mine["tokens"],
        "in_flight": mine["waiting_batches"],
        "a_day": policy.budget_a_day,
        "tokens_a_day": policy.tokens_a_day,
        "today": sum(row["cost_today"] for row in rows),
        "tokens_today": sum(row["tokens_today"] for row in rows),
    }
