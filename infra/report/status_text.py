"""How the runs stand; for whatever stands still why, and what to do."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from . import account, figures, words
from .account import Facts, number, rows
from .columns import aligned, folded, line
from .standing import batch_advice, fact_advice, job_state
from .summary_text import error_lines

SHOWN = 12


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """Every key of `status` may be absent or empty; without `worker` none is missed."""
    runs = rows(status, "runs")
    lines: list[str] = [] if runs else ["No runs."]
    if len(runs) > 1:
        lines += aligned(_row(run) for run in runs)
    for run in runs:
        lines += _run(run) if len(runs) == 1 else _details(run)
    return [
        *lines,
        *_titled("Refused requests", [_refusal(row) for row in rows(status, "refusals")]),
        *_titled("System errors", _system_errors(rows(status, "system_errors"))),
        *_titled("Dead letters", [_letter(row) for row in rows(status, "dead_letters")]),
        *_worker(status, runs),
    ]


def is_over(run: Facts) -> bool:
    return bool(run.get("completed_at") or run.get("dry_run"))


def _over(run: Facts) -> int:
    return sum(number(run, name) for name in ("analysed", "failed", "released"))


def _state(run: Facts) -> str:
    if run.get("dry_run"):
        return "dry run"
    if run.get("completed_at"):
        return "stopped" if run.get("stopped_for") else "completed"
    return "stopping" if run.get("stopped_for") else "running"


def _row(run: Facts) -> tuple[str, ...]:
    records = number(run, "records")
    return (
        str(run.get("run_id")),
        _state(run),
        f"{figures.count(_over(run))} of {figures.plural(records, 'record')}",
        figures.share_of(_over(run), records),
        f"{figures.count(number(run, 'failed'))} failed",
        _spent(run),
    )


def _spent(run: Facts) -> str:
    """A run of which nothing is over has cost nothing that is known, whatever its price."""
    if run.get("cost") is None and not _over(run):
        return "no cost yet"
    return figures.dollars(run.get("cost")) + (" cost" if run.get("cost") is None else "")


def _run(run: Facts) -> list[str]:
    about = ", ".join(str(run[name]) for name in ("analysis", "model", "mode") if run.get(name))
    records = number(run, "records")
    share = figures.share_of(_over(run), records)
    ended = (
        f", completed {figures.moment(run['completed_at'])}" if run.get("completed_at") else ""
    )
    into = figures.plural(number(run, "batches"), "batch", "batches")
    counts = [
        f"{figures.count(number(run, name))} {name}"
        for name in ("analysed", "failed", "released")
    ]
    open_ = records - _over(run)
    return [
        line(f"Run {run.get('run_id')}: {_state(run)};", about),
        line(f"  planned {figures.moment(run.get('planned_at'))}{ended}"),
        line(f"  {figures.count(_over(run))} of {figures.plural(records, 'record')} over"
             f"{f' ({share})' if share else ''} in {into}:"
             f" {', '.join(counts)}, {figures.count(open_)} open; {_spent(run)}"),
        *_details(run),
    ]  # fmt: skip


def _details(run: Facts) -> list[str]:
    """What is known beyond the run's own row; nothing for a run that was not asked about."""
    stopped = [
        line("  stopped:", why) for why in words.stopped(str(run.get("stopped_for") or ""))
    ]
    if len(stopped) and not is_over(run):
        stopped.append("  its jobs are being cancelled; what they answered is still read")
    verdict = run.get("verdict")
    found = rows(run, "errors")
    return [
        *stopped,
        *_batches(run),
        *_jobs(rows(run, "jobs")),
        *_waiting(rows(run, "waiting")),
        *(f"  {told}" for told in (error_lines(found) if found else [])),
        *([line(" ", account.verdict_of(verdict).line)] if verdict else []),
    ]


def _batches(run: Facts) -> list[str]:
    found = rows(run, "batches")
    if not found:
        return []
    states = Counter(str(row.get("state")) for row in found)
    told = ", ".join(f"{figures.count(many)} {state}" for state, many in states.items())
    canary_open = any(row.get("batch") == 1 and row.get("state") not in DONE for row in found)
    moving = [row for row in found if row.get("state") not in (*DONE, "waiting")]
    still = [row for row in found if row.get("state") == "waiting"]
    lines = [line("  batches:", told)]
    lines += folded([_batch(row) for row in moving], SHOWN)
    if still:
        lines.append(line("   ", _not_begun(still, canary_open=canary_open)))
    return lines


DONE = ("completed", "abandoned")


def _batch(row: Facts) -> str:
    age = row.get("seconds_in_state")
    return line(
        f"    batch {row.get('batch')}, attempt {row.get('attempt')}: {row.get('state')}",
        f"for {figures.seconds(age)};" if age is not None else ";",
        batch_advice(str(row.get("state")), age),
    ).replace(" ; ", "; ")


def _not_begun(still: list[Facts], *, canary_open: bool) -> str:
    many = figures.plural(len(still), "batch", "batches")
    if canary_open:
        return f"{many} not begun: they wait for the first batch, which tests the water"
    return f"{many} not begun: they wait for batches in flight to end; nothing to do"


def _jobs(found: list[Facts]) -> list[str]:
    told = [
        line(
            f"    {str(job.get('name')).rsplit('/', 1)[-1]}: {job_state(job.get('state'))},"
            f" {figures.seconds(job.get('age_seconds'))} old"
        )
        for job in found
    ]
    return [line("  jobs:", figures.count(len(found))), *folded(told, SHOWN)] if found else []


def _waiting(found: list[Facts]) -> list[str]:
    told = [
        line(
            f"    {row.get('topic')} for {row.get('handler')}, since"
            f" {figures.moment(row.get('recorded_at'))}:",
            fact_advice(str(row.get("outcome")), row.get("reason")),
        )
        for row in found
    ]
    return ["  stands still:", *folded(told, SHOWN)] if told else []


def _refusal(row: Facts) -> str:
    return line(
        f"  {row.get('run_id')}: {words.plain(str(row.get('reason')))}:", row.get("detail")
    )


def _system_errors(found: list[Facts]) -> list[str]:
    told = []
    for row in found:
        where = [
            f"{name.removesuffix('_id')} {row[name]}"
            for name in ("run_id", "batch", "attempt")
            if row.get(name) is not None
        ]
        name = str(row.get("error_type"))
        told.append(
            line(
                f"  {figures.moment(row.get('created_at'))}",
                f"{name} ({row['cause']})" if row.get("cause") else name,
                f"in {', '.join(where)}" if where else "",
                f"- {row['detail']}" if row.get("detail") else "",
                f"- {words.hint(name, row.get('hint'))}",
            )
        )
    return folded(told, SHOWN)


def _letter(row: Facts) -> str:
    cause = str(row.get("cause"))
    what = words.hint(cause) or "Correct the cause, then replay or discard."
    return line(
        f"  {figures.count(number(row, 'count'))} of {row.get('handler')}: {cause}.", what
    )


def _titled(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *lines] if lines else []


def _worker(status: Facts, runs: list[Facts]) -> list[str]:
    if "worker" not in status:
        return []
    worker = status["worker"]
    if worker:
        return [line("A worker is running, process", worker.get("pid"))]
    if any(not is_over(run) for run in runs):
        return ["No worker is running, so nothing moves: start one with `troupe work`."]
    return ["No worker is running; nothing needs one."]
