"""How the runs stand; for whatever stands still why, and what to do."""

from collections.abc import Mapping
from typing import Any

from . import formatting, labels
from .reconciliation import Fields, number, rows
from .run_text import DETAILS, SHOWN, detail_lines, is_over, job_lines, run_lines, run_row
from .text_columns import aligned, folded, line


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """Every key of `status` may be absent or empty; without `worker` none is missed.

    Batches, waiting events, errors, jobs and verdict stand in their run, or beside a single one.
    """
    runs = rows(status, "runs")
    requests = [_request(row) for row in rows(status, "requests")]
    lines: list[str] = [] if runs or requests else ["No runs."]
    if len(runs) > 1:
        lines += aligned(run_row(run) for run in runs)
        for run in runs:
            lines += _titled(line("Run", run.get("run_id")), detail_lines(run))
    elif runs:
        lines += run_lines(whole(runs[0], status))
    return [
        *lines,
        *requests,
        *_titled("Refused requests", [refusal_line(row) for row in rows(status, "refusals")]),
        *_titled("System errors", _system_errors(rows(status, "system_errors"))),
        *_titled("Dead letters", [dead_letter_line(row) for row in rows(status, "dead_letters")]),
        *(job_lines(rows(status, "jobs")) if len(runs) != 1 else []),
        *worker_lines(status),
    ]


def whole(run: Fields, status: Fields) -> Fields:
    """A run's row only counts its batches; that gives way to the batches themselves."""
    beside = {name: status[name] for name in DETAILS if status.get(name)}
    inside = {name: run[name] for name in beside if isinstance(run.get(name), list | dict)}
    return {**run, **beside, **inside}


def _request(row: Fields) -> str:
    return line(
        f"Run {row.get('run_id')}: requested {formatting.moment(row.get('requested_at'))},"
        " not planned yet; a worker plans it"
    )


def refusal_line(row: Fields) -> str:
    return line(
        f"  {row.get('run_id')}: {labels.plain(str(row.get('reason')))}:", row.get("detail")
    )


def _system_errors(found: list[Fields]) -> list[str]:
    return folded([system_error_line(row) for row in found], SHOWN)


def system_error_line(row: Fields) -> str:
    where = ", ".join(
        f"{name.removesuffix('_id')} {row[name]}"
        for name in ("run_id", "batch", "attempt")
        if row.get(name) is not None
    )
    name = str(row.get("error_type"))
    return line(
        f"  {formatting.moment(row.get('created_at'))}",
        f"{name} ({row['cause']})" if row.get("cause") else name,
        f"in {where}" if where else "",
        f"- {row['detail']}" if row.get("detail") else "",
        f"- {labels.hint(name, row.get('hint'))}",
    )


def dead_letter_line(row: Fields) -> str:
    cause = str(row.get("cause"))
    what = f"{labels.hint(cause) or 'Correct the cause.'} Then replay or discard."
    return line(
        f"  {formatting.count(number(row, 'count'))} of {row.get('handler')}: {cause}.", what
    )


def _titled(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:", *lines] if lines else []


def worker_lines(status: Fields) -> list[str]:
    """Who works, and whether somebody should."""
    if "worker" not in status:
        return []
    worker = status["worker"]
    if worker and worker.get("services"):
        return ["The deployment's services work; `troupe doctor` looks at them."]
    if worker:
        return [line("A worker is running, process", worker.get("pid"))]
    if rows(status, "requests") or any(not is_over(run) for run in rows(status, "runs")):
        return ["No worker is running, so nothing moves: start one with `troupe work`."]
    return ["No worker is running; nothing needs one."]
