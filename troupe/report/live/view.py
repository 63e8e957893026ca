"""The live view of runs on a terminal: one screen, whatever its size."""

import msgspec
from rich.text import Text

from analysis.models import is_simulated
from troupe.operations.outcome import Word, word_of
from troupe.operations.runs import RunStatus
from troupe.report import formatting, labels
from troupe.report.formatting import count
from troupe.report.layout import Block, Pen, apart, beside, columns, cut, fitted, words, wrapped
from troupe.report.text.outcome import SIMULATED, happened, step_lines
from troupe.report.text.run import over
from troupe.report.text.safeguards import safeguard_lines

from .progress import share_over
from .snapshot import (
    Snapshot,
    dead_letter_lines,
    error_label,
    final_outcome,
    final_totals,
    hold_ups,
)
from .view_parts import bar_parts, batch_lines, cost_line, funnel_lines, pace_line

WIDE = 116
"""From this width on, batches and errors are shown beside the funnel."""
RUNS_SHOWN = 4
STATES = {
    Word.RUNNING: "bold cyan", Word.STOPPING: "bold yellow", Word.STOPPED: "bold red",
    Word.COMPLETED: "bold green", Word.FAILURES: "bold yellow", Word.EMPTY: "bold",
    Word.DRY_RUN: "bold",
}  # fmt: skip


def screen(snapshot: Snapshot, pen: Pen, height: int | None = None, foot: str = "") -> list[Text]:
    """Lines of the terminal's width and at most its height; without a height, all lines."""
    end = [words(foot, style="dim")] if foot else []
    room = None if height is None else max(1, height - len(end))
    blocks = _blocks(snapshot, pen)
    if room is not None and sum(len(block.lines) for block in blocks) > room:
        blocks = _blocks(snapshot, pen, tight=True)
    lines = fitted(blocks, room)
    if room is not None and end:
        lines += [Text()] * (room - len(lines))
    lines = [cut(each, pen.width) for each in [*lines, *end]][:height]
    for each in lines if pen.plain else []:
        each.plain = each.plain.encode("ascii", "replace").decode()
    return lines


def _blocks(snapshot: Snapshot, pen: Pen, *, tight: bool = False) -> list[Block]:
    run = snapshot.run
    head = Block(_head(snapshot, pen), least=2)
    runs = Block(_runs_in_short(snapshot) if tight else _runs(snapshot, pen), least=3, rank=4)
    held_up = Block(_held_up(snapshot, pen), least=9, rank=1)
    dead = Block(_dead_letters(snapshot, pen), least=2, rank=2)
    if tight and len(held_up.lines) + len(dead.lines) == 2:
        dead, held_up = Block([apart(dead.lines[0], held_up.lines[0], pen.width)]), Block()
    if run is None:
        return [head, runs, dead, held_up]
    bar = Block(_bar(snapshot, run, pen))
    is_wide = pen.width >= WIDE
    left = pen.width * 9 // 20
    half = Pen(left - 3, pen.plain) if is_wide else pen
    rest = Pen(pen.width - left, pen.plain) if is_wide else pen
    funnel = Block(funnel_lines(snapshot, run, half, tight=tight), least=8, rank=6)
    money = Block(_money(snapshot, run, pen, tight=tight), least=3, rank=5)
    batches = Block(batch_lines(snapshot, rest), least=4, rank=8)
    errors = Block(_errors(snapshot), least=4, rank=9)
    if not is_wide:
        return [head, runs, bar, funnel, money, batches, errors, dead, held_up]
    right = Block([*batches.lines, Text(), *errors.lines])
    both = beside(funnel.lines, right.lines, left, pen.width)
    return [head, runs, bar, Block(both, least=9, rank=8), money, dead, held_up]


def _head(snapshot: Snapshot, pen: Pen) -> list[Text]:
    run = snapshot.run
    clock = words(f"{snapshot.clock:%H:%M:%S} UTC", style="dim")
    if run is None:
        return [apart(words("No run is planned yet", style="bold"), clock, pen.width), Text()]
    word = word_of(run)
    name = words(words(run.run_id, style="bold"), "", words(word, style=STATES[word]))
    about = [run.analysis, labels.model(run.model, run.answered_by), run.mode]
    if run.is_over:
        took = formatting.between(run.planned_at, run.completed_at)
        about.append(f"took {formatting.seconds(took)}" if took is not None else "over")
    else:
        age = (snapshot.clock - run.planned_at).total_seconds()
        about.append(f"planned {formatting.seconds(float(round(max(age, 0))))} ago")
    mark = [words(SIMULATED, style="yellow")] if is_simulated(run.answered_by) else []
    return [
        apart(name, clock, pen.width),
        apart(words(pen.dot.join(about), style="dim"), _worker(snapshot), pen.width),
        *(each for text in mark for each in wrapped(text, pen.width, 2)),
    ]


def _worker(snapshot: Snapshot) -> Text:
    worker = snapshot.status.worker
    if worker is None or worker is msgspec.UNSET:
        return words("no worker", style="dim")
    return words("services at work" if worker.services else f"worker {worker.pid}", style="dim")


def _runs(snapshot: Snapshot, pen: Pen) -> list[Text]:
    """The open runs, where there are several; the one that is shown in full is marked."""
    runs = snapshot.open_runs
    if len(runs) < 2:
        return []
    shown = snapshot.run.run_id if snapshot.run else None
    runs = sorted(runs, key=lambda run: run.run_id != shown)
    width = max(8, pen.width // 5)
    rows = [
        (
            words(">" if pen.plain else "▸") if run.run_id == shown else Text(" "),
            words(run.run_id),
            pen.bar(run.records_over, run.records, width, "green"),
            formatting.share_of(run.records_over, run.records) or "-",
            f"of {formatting.plural(run.records, 'record')}",
            words(word_of(run), style=STATES[word_of(run)].removeprefix("bold ")),
        )
        for run in runs[:RUNS_SHOWN]
    ]
    rest = len(runs) - RUNS_SHOWN
    more = [words(f"  and {count(rest)} more open", style="dim")] if rest > 0 else []
    return [_title("Open runs", count(len(runs))), *columns(rows, right=(3,)), *more]


def _runs_in_short(snapshot: Snapshot) -> list[Text]:
    shown = snapshot.run.run_id if snapshot.run else None
    others = [run for run in snapshot.open_runs if run.run_id != shown]
    if not others:
        return []
    names = ", ".join(f"{run.run_id} {share_over(run)}" for run in others)
    return [words(words("Also open", style="bold"), words(names, style="dim"))]


def _bar(snapshot: Snapshot, run: RunStatus, pen: Pen) -> list[Text]:
    text = words(
        over(run),
        words(formatting.share_of(run.records_over, run.records), style="bold"),
    )
    width = max(4, pen.width - text.cell_len - 2)
    return [pen.stack(bar_parts(snapshot, run), run.records, width) + Text("  ") + text]


def _money(snapshot: Snapshot, run: RunStatus, pen: Pen, *, tight: bool) -> list[Text]:
    """Pace and cost; while the run moves, also canary, breaker and budget."""
    lines = [cost_line(snapshot)] if run.is_over else [pace_line(snapshot), cost_line(snapshot)]
    if not run.is_over and not tight and snapshot.details:
        safeguards = safeguard_lines(run.run_id, snapshot.details.safeguards, run.stop_reasons)
        lines += [words(each.strip(), style="dim") for each in safeguards]
    return [each for line in lines for each in wrapped(line, pen.width, 9)]


def _errors(snapshot: Snapshot) -> list[Text]:
    errors = snapshot.errors
    if not errors:
        return [_title("Errors", "none")]
    rows = []
    for error in errors:
        name = error_label(error)
        is_fresh = name in snapshot.fresh
        new = [words("new" if is_fresh else "", style="bold")] if snapshot.fresh else []
        rows.append(
            (
                words(f"  {count(error.errors)}"),
                words(name, style="bold red" if is_fresh else "red"),
                *new,
                words(labels.what(error.error_type, error.hint), style="dim"),
            )
        )
    total = count(sum(error.errors for error in errors))
    return [_title("Errors", total), *columns(rows, right=(0,))]


def _dead_letters(snapshot: Snapshot, pen: Pen) -> list[Text]:
    letters = dead_letter_lines(snapshot)
    if not letters:
        return [_title("Dead letters", "none")]
    see = words("see `troupe dead-letters list`", style="yellow")
    return [
        words(_title("Dead letters"), see),
        *(each for letter in letters for each in wrapped(words(" ", letter), pen.width, 4)),
    ]


def _held_up(snapshot: Snapshot, pen: Pen) -> list[Text]:
    """What is held up, why, and what to do; of a run that is over whether its totals balance."""
    totals = final_totals(snapshot)
    mood = {"good": "green", "bad": "bold red"}
    end = wrapped(words(totals.line, style=mood[totals.mood]), pen.width, 2) if totals else []
    end += _what_next(snapshot, pen)
    reasons = hold_ups(snapshot)
    if not reasons:
        return end or [_title("Held up", "nothing")]
    lines = [
        each
        for reason in reasons
        for each in wrapped(words(" ", words(reason, style="yellow")), pen.width, 4)
    ]
    return [_title("Held up", count(len(reasons))), *lines, *end]


def _what_next(snapshot: Snapshot, pen: Pen) -> list[Text]:
    """Of a run that is over the commands that follow."""
    outcome = final_outcome(snapshot)
    since = [happened(outcome)] if outcome and outcome.analysed_since else []
    lines = [*since, *step_lines(outcome.next)] if outcome else []
    return [each for text in lines for each in wrapped(words(text), pen.width, 12)]


def _title(name: str, note: str = "") -> Text:
    return words(words(name, style="bold"), words(note, style="dim"))
