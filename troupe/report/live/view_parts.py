"""The parts of the live view that hold figures: funnel, batches, pace and cost."""

from collections import Counter

from rich.text import Text

from troupe.operations.run_status import BatchStatus
from troupe.operations.runs import RunStatus
from troupe.report import formatting
from troupe.report.formatting import count
from troupe.report.layout import Pen, columns, cut, words, wrapped
from troupe.report.stall_reasons import job_state
from troupe.report.text.run import not_begun

from .snapshot import PLACES, Snapshot, cost_so_far, cost_to_come, places, skipped

COLOURS = {
    "rows stored": "green",
    "failed": "red",
    "released": "yellow",
    "being read": "magenta",
    "at the model": "cyan",
    "being sent": "blue",
    "not begun": "dim",
}
"""The same in the bar and in the funnel."""
LABEL_WIDTH = 19
LEAST_BAR = 8
WAITS = {
    "planned": "to be written",
    "uploaded": "to be submitted",
    "submitted": "at the model",
    "ended": "to be read",
    "processed": "to be published",
}


def bar_parts(snapshot: Snapshot, run: RunStatus) -> list[tuple[int, str]]:
    """The records of the run and their colours for one bar: first those that are over."""
    here = places(snapshot.batches)
    parts = {
        "rows stored": run.analysed,
        "failed": run.failed,
        "released": run.released,
        **{name: here[name] for name in ("being read", "at the model", "being sent")},
    }
    return [(records, COLOURS[name]) for name, records in parts.items()]


def funnel_lines(
    snapshot: Snapshot, run: RunStatus, pen: Pen, *, tight: bool = False
) -> list[Text]:
    """From the rows of the source to the rows stored, with exits and open records in between.

    With `tight`, places without a record are left out.
    """
    planned = run.records
    source = snapshot.details.plan.source_rows if snapshot.details else 0
    lines: list[Text] = []
    if source:
        reasons = skipped(snapshot.details)
        out = sum(records for _reason, records in reasons)
        text = ", ".join(f"{count(records)} {reason}" for reason, records in reasons)
        lines.append(_figures("rows in the source", source, source))
        lines += _left_out(_figures("- not selected", out, source), text, pen, tight=tight)
    steps = [("records planned", planned, "bright_black")]
    if not run.is_over:
        here = places(snapshot.batches)
        steps += [(f"  {name}", records, COLOURS[name]) for name, records in here.items()]
    steps += [
        ("- failed", run.failed, "red"),
        ("- released", run.released, "yellow"),
        ("rows stored", run.analysed, "green"),
    ]
    kept = [step for step in steps if step[1] or not tight]
    return [*lines, *(_step(*step, planned, pen) for step in kept)]


def _left_out(figures: Text, reasons: str, pen: Pen, *, tight: bool) -> list[Text]:
    """The reasons beside the figures, or below them where they are too long and there is room."""
    text = words(reasons, style="dim")
    if tight or figures.cell_len + text.cell_len <= pen.width:
        return [figures + text]
    return [figures, *wrapped(words("   ", text), pen.width, 4)]


def _step(name: str, records: int, colour: str, whole: int, pen: Pen) -> Text:
    figures = _figures(name, records, whole)
    room = pen.width - figures.cell_len
    return figures + pen.bar(records, whole, room, colour) if room >= LEAST_BAR else figures


def _figures(name: str, records: int, whole: int) -> Text:
    """Of one width for all figures, so that the bars begin in one column."""
    style = "" if records else "dim"
    share = formatting.share_of(records, whole) if records else ""
    label = cut(words(name, style=style), LABEL_WIDTH)
    return label + words(f"{count(records):>11}", style=style) + words(f"{share:>9}  ", style="dim")


def batch_lines(snapshot: Snapshot, pen: Pen) -> list[Text]:
    """The number of batches by state, then those that are on their way."""
    batches = snapshot.batches
    title = words("Batches", style="bold")
    if not batches:
        return [words(title, words("none", style="dim"))]
    states = Counter(batch.state for batch in batches)
    counts = pen.dot.join(f"{count(number)} {state}" for state, number in states.items())
    lines = [words(title, words(counts, style="dim"))]
    table = [_batch(snapshot, batch) for batch in snapshot.moving]
    if table:
        titles = ("  batch", "try", "state", "for", "open", "job")
        head = tuple(words(each, style="dim") for each in titles)
        lines += columns([head, *table], (0, 1, 3, 4))
    waiting = not_begun(batches)
    return [*lines, words(" ", waiting, style="dim")] if waiting else lines


def _batch(snapshot: Snapshot, batch: BatchStatus) -> tuple[Text, ...]:
    job = ""
    if batch.job_state is not None:
        age = (batch.job_age_seconds or 0.0) + snapshot.age
        job = f"{job_state(batch.job_state)}, {_age(age)} old"
    state = words(WAITS.get(batch.state, batch.state), style=_colour(batch.state))
    if batch.held_up is not None:
        state = words("stuck", style="bold red")
    return (
        words(f"  {batch.batch}"),
        words(batch.attempt),
        state,
        words(_age(snapshot.age_of(batch))),
        words(count(batch.records_open)),
        words(job, style="dim"),
    )


def _colour(state: str) -> str:
    return COLOURS.get(PLACES.get(state, ""), "")


def _age(seconds: float) -> str:
    """Whole seconds: tenths would flicker."""
    return formatting.seconds(float(round(seconds)))


def pace_line(snapshot: Snapshot) -> Text:
    forecast = snapshot.forecast
    text = words(words(f"{'Pace':<8}", style="bold"), forecast.rate)
    return text + words(",", words(forecast.left, style="bold")) if forecast.left else text


def cost_line(snapshot: Snapshot) -> Text:
    to_come = cost_to_come(snapshot)
    text = words(words(f"{'Cost':<8}", style="bold"), words(cost_so_far(snapshot), style="bold"))
    return words(text + words(","), to_come) if to_come else text
