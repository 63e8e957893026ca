"""One run as `troupe status` tells it."""

from collections import Counter

from . import formatting, labels, reconciliation
from .limits_text import course_lines
from .reconciliation import Fields, number, records_over, rows
from .stall_reasons import Limits, batch_standing, event_advice, job_state, limits_in
from .summary_text import error_lines
from .text_columns import folded, line

SHOWN = 12
"""Lines of a list; the rest is counted."""

DETAILS = ("batches", "waiting", "errors", "jobs", "reconciliation", "course", "limits", "plan")
"""What is told of a run that was asked about."""

DONE = ("completed", "abandoned")
"""States of a batch that is over."""


def is_over(run: Fields) -> bool:
    return bool(run.get("completed_at") or run.get("dry_run"))


def state_of(run: Fields) -> str:
    if run.get("dry_run"):
        return "dry run"
    if run.get("completed_at"):
        return "stopped" if run.get("stopped_for") else "completed"
    return "stopping" if run.get("stopped_for") else "running"


def run_row(run: Fields) -> tuple[str, ...]:
    records = number(run, "records")
    return (
        str(run.get("run_id")),
        state_of(run),
        f"{formatting.count(records_over(run))} of {formatting.plural(records, 'record')}",
        formatting.share_of(records_over(run), records),
        f"{formatting.count(number(run, 'failed'))} failed",
        _spent(run),
    )


def _spent(run: Fields) -> str:
    return formatting.spent(run.get("cost"), records_over(run))


def run_lines(run: Fields) -> list[str]:
    about = ", ".join(str(run[name]) for name in ("analysis", "model", "mode") if run.get(name))
    records = number(run, "records")
    share = formatting.share_of(records_over(run), records)
    batches = len(rows(run, "batches")) or run.get("batches") or 0
    into = formatting.plural(batches, "batch", "batches")
    sides = {name: number(run, name) for name in ("analysed", "failed", "released")}
    sides["open"] = records - records_over(run)
    counts = ", ".join(f"{formatting.count(many)} {name}" for name, many in sides.items())
    over = f"{formatting.count(records_over(run))} of {formatting.plural(records, 'record')} over"
    return [
        line(f"Run {run.get('run_id')}: {state_of(run)};", about),
        line(f"  planned {formatting.moment(run.get('planned_at'))}{_ended(run)}"),
        line(f"  {over}{f' ({share})' if share else ''} in {into}: {counts}; {_spent(run)}"),
        *detail_lines(run),
    ]


def _ended(run: Fields) -> str:
    at = run.get("completed_at")
    return f", completed {formatting.moment(at)}" if at else ""


def detail_lines(run: Fields) -> list[str]:
    """What is known beyond the run's own row; nothing for a run that was not asked about."""
    stopped = [line("  stopped:", why) for why in labels.stopped(str(run.get("stopped_for") or ""))]
    if len(stopped) and not is_over(run):
        stopped.append("  its jobs are being cancelled; what they answered is still read")
    totals = run.get("reconciliation")
    found = rows(run, "errors")
    return [
        *stopped,
        *(line(" ", told) for told in course_lines(run)),
        *_batches(run),
        *job_lines(rows(run, "jobs")),
        *_waiting(rows(run, "waiting")),
        *(f"  {told}" for told in (error_lines(found) if found else [])),
        *([line(" ", reconciliation.totals_of(totals).line)] if totals else []),
    ]


def _batches(run: Fields) -> list[str]:
    found = rows(run, "batches")
    if not found:
        return []
    states = Counter(str(row.get("state")) for row in found)
    told = ", ".join(f"{formatting.count(many)} {state}" for state, many in states.items())
    canary_open = any(row.get("batch") == 1 and row.get("state") not in DONE for row in found)
    moving = [row for row in found if row.get("state") not in (*DONE, "waiting")]
    still = [row for row in found if row.get("state") == "waiting"]
    lines = [line("  batches:", told)]
    lines += folded([_batch(row, limits_in(run)) for row in moving], SHOWN)
    if still:
        lines.append(line("   ", not_begun(still, canary_open=canary_open)))
    return lines


def _batch(row: Fields, limits: Limits) -> str:
    place = f"    batch {row.get('batch')}, attempt {row.get('attempt')}"
    return line(f"{place}: {batch_standing(row, limits)}")


def not_begun(still: list[Fields], *, canary_open: bool) -> str:
    many = formatting.plural(len(still), "batch", "batches")
    if canary_open:
        return f"{many} not begun, until the first batch has gone well; nothing to do"
    return f"{many} not begun, until batches in flight have ended; nothing to do"


def job_lines(found: list[Fields]) -> list[str]:
    told = [
        line(
            f"    {str(job.get('name')).rsplit('/', 1)[-1]}: {job_state(job.get('state'))},"
            f" {formatting.seconds(job.get('age_seconds'))} old"
        )
        for job in found
    ]
    return [line("  jobs:", formatting.count(len(found))), *folded(told, SHOWN)] if found else []


def _waiting(found: list[Fields]) -> list[str]:
    told = [
        line(
            f"    {row.get('topic')} for {row.get('handler')}, since"
            f" {formatting.moment(row.get('recorded_at'))}:",
            event_advice(row),
        )
        for row in found
    ]
    return ["  stands still:", *folded(told, SHOWN)] if told else []
