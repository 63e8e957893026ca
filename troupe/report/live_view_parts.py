"""The parts of the live view that hold figures: funnel, batches, pace and cost."""

from collections import Counter

from rich.text import Text

from . import formatting
from .formatting import count
from .layout import Pen, columns, cut, words, wrapped
from .reconciliation import Fields, number, part, records_over, rows
from .run_text import DONE, is_over, not_begun
from .snapshot import PLACES, Scene, cost_so_far, cost_to_come, places, skipped
from .stall_reasons import job_state

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
NAMES = 19
LEAST_BAR = 8
WAITS = {
    "planned": "to be written",
    "uploaded": "to be submitted",
    "submitted": "at the model",
    "ended": "to be read",
    "processed": "to be told",
}


def split_of(run: Fields) -> list[tuple[int, str]]:
    """The records of the run for one bar: what is over, then what is on its way."""
    here = places(run)
    told = {
        "rows stored": number(run, "analysed"),
        "failed": number(run, "failed"),
        "released": number(run, "released"),
        **{name: here[name] for name in ("being read", "at the model", "being sent")},
    }
    return [(many, COLOURS[name]) for name, many in told.items()]


def funnel_lines(scene: Scene, pen: Pen, *, tight: bool = False) -> list[Text]:
    """From the rows of the source to the rows stored, with every exit; open ones in between.

    Where it is tight, places where no record is are left out.
    """
    run = scene.run
    planned, source = number(run, "records"), number(part(run, "plan"), "source_rows")
    left_out = skipped(run)
    lines: list[Text] = []
    if source:
        out = sum(many for _why, many in left_out)
        reasons = ", ".join(f"{count(many)} {why}" for why, many in left_out)
        lines.append(_figures("rows in the source", source, source))
        lines += _left_out(_figures("- not asked", out, source), reasons, pen, tight=tight)
    steps = [("records planned", planned, "bright_black")]
    if not is_over(run):
        here = places(run)
        steps += [(f"  {name}", many, COLOURS[name]) for name, many in here.items()]
    steps += [
        ("- failed", number(run, "failed"), "red"),
        ("- released", number(run, "released"), "yellow"),
        ("rows stored", number(run, "analysed"), "green"),
    ]
    kept = [step for step in steps if step[1] or not tight]
    return [*lines, *(_step(*step, planned, pen) for step in kept)]


def _left_out(told: Text, reasons: str, pen: Pen, *, tight: bool) -> list[Text]:
    """The reasons beside the figure, or below it where they are too long and there is room."""
    said = words(reasons, style="dim")
    if tight or told.cell_len + said.cell_len <= pen.width:
        return [told + said]
    return [told, *wrapped(words("   ", said), pen.width, 4)]


def _step(name: str, many: int, colour: str, whole: int, pen: Pen) -> Text:
    told = _figures(name, many, whole)
    room = pen.width - told.cell_len
    return told + pen.bar(many, whole, room, colour) if room >= LEAST_BAR else told


def _figures(name: str, many: int, whole: int) -> Text:
    """Bars begin in one column, whatever the figures are."""
    style = "" if many else "dim"
    told = cut(words(name, style=style), NAMES) + words(f"{count(many):>11}", style=style)
    return told + words(f"{formatting.share_of(many, whole) if many else '':>9}  ", style="dim")


def batch_lines(scene: Scene, pen: Pen) -> list[Text]:
    """How many there are by state, then those that are on their way."""
    found = rows(scene.run, "batches")
    title = words("Batches", style="bold")
    if not found:
        return [words(title, words("none", style="dim"))]
    states = Counter(str(row.get("state")) for row in found)
    told = pen.dot.join(f"{count(many)} {state}" for state, many in states.items())
    lines = [words(title, words(told, style="dim"))]
    table = [_batch(scene, row) for row in scene.moving]
    if table:
        heads = ("  batch", "try", "state", "for", "open", "job")
        lines += columns([tuple(words(head, style="dim") for head in heads), *table], (0, 1, 3, 4))
    still = [row for row in found if row.get("state") == "waiting"]
    if still:
        canary = any(row.get("batch") == 1 and row.get("state") not in DONE for row in found)
        lines.append(words(" ", not_begun(still, canary_open=canary), style="dim"))
    return lines


def _batch(scene: Scene, row: Fields) -> tuple[Text, ...]:
    state = str(row.get("state"))
    job = scene.job_of(row)
    age = float(job.get("age_seconds") or 0) + scene.age
    told = f"{job_state(job.get('state'))}, {_age(age)} old" if job else ""
    stuck = row.get("held_up")
    return (
        words(f"  {row.get('batch')}"),
        words(row.get("attempt")),
        words("stuck" if stuck else WAITS.get(state, state),
              style="bold red" if stuck else _colour(state)),
        words(_age(scene.age_of(row))),
        words(count(max(0, number(row, "records") - records_over(row)))),
        words(told, style="dim"),
    )  # fmt: skip


def _colour(state: str) -> str:
    return COLOURS.get(PLACES.get(state, ""), "")


def _age(seconds: float) -> str:
    """Whole seconds: tenths would flicker."""
    return formatting.seconds(float(round(seconds)))


def pace_line(scene: Scene) -> Text:
    """Nothing of a run that is over."""
    forecast = scene.forecast
    told = words(words(f"{'Pace':<8}", style="bold"), forecast.rate)
    return told + words(",", words(forecast.left, style="bold")) if forecast.left else told


def cost_line(scene: Scene) -> Text:
    so_far, to_come = cost_so_far(scene), cost_to_come(scene)
    told = words(words(f"{'Cost':<8}", style="bold"), words(so_far, style="bold"))
    return words(told + words(","), to_come) if to_come else told
