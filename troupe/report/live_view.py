"""The live view of runs on a terminal: one screen, whatever its size."""

from rich.text import Text

from . import formatting
from .formatting import count
from .layout import Block, Pen, apart, beside, columns, cut, fitted, words, wrapped
from .limits_text import course_lines
from .live_view_parts import batch_lines, cost_line, funnel_lines, pace_line, split_of
from .reconciliation import number, records_over
from .run_text import is_over, state_of
from .snapshot import Scene, books, errors, letters, standstills

WIDE = 116
"""From here on, batches and errors stand beside the funnel."""
RUNS_SHOWN = 4
STATES = {"running": "bold cyan", "completed": "bold green", "stopped": "bold yellow",
          "stopping": "bold yellow", "dry run": "bold"}  # fmt: skip


def screen(scene: Scene, pen: Pen, height: int | None = None, foot: str = "") -> list[Text]:
    """Lines of the terminal's width and at most of its height; without one, all there are."""
    end = [words(foot, style="dim")] if foot else []
    room = None if height is None else max(1, height - len(end))
    blocks = _blocks(scene, pen)
    if room is not None and sum(len(block.lines) for block in blocks) > room:
        blocks = _blocks(scene, pen, tight=True)
    lines = fitted(blocks, room)
    if room is not None and end:
        lines += [Text()] * (room - len(lines))
    lines = [cut(each, pen.width) for each in [*lines, *end]][:height]
    for each in lines if pen.plain else []:
        each.plain = each.plain.encode("ascii", "replace").decode()
    return lines


def _blocks(scene: Scene, pen: Pen, *, tight: bool = False) -> list[Block]:
    head = Block(_head(scene, pen), least=2)
    runs = Block(_runs_in_short(scene) if tight else _runs(scene, pen), least=3, rank=4)
    still = Block(_still(scene, pen), least=9, rank=1)
    dead = Block(_dead(scene, pen), least=2, rank=2)
    if tight and len(still.lines) + len(dead.lines) == 2:
        dead, still = Block([apart(dead.lines[0], still.lines[0], pen.width)]), Block()
    if not scene.run:
        return [head, runs, dead, still]
    bar = Block(_bar(scene, pen))
    is_wide = pen.width >= WIDE
    left = pen.width * 9 // 20
    half = Pen(left - 3, pen.plain) if is_wide else pen
    rest = Pen(pen.width - left, pen.plain) if is_wide else pen
    funnel = Block(funnel_lines(scene, half, tight=tight), least=8, rank=6)
    money = Block(_money(scene, pen, tight=tight), least=3, rank=5)
    batches = Block(batch_lines(scene, rest), least=4, rank=8)
    found = Block(_errors(scene), least=4, rank=9)
    if not is_wide:
        return [head, runs, bar, funnel, money, batches, found, dead, still]
    right = Block([*batches.lines, Text(), *found.lines])
    both = beside(funnel.lines, right.lines, left, pen.width)
    return [head, runs, bar, Block(both, least=9, rank=8), money, dead, still]


def _head(scene: Scene, pen: Pen) -> list[Text]:
    run = scene.run
    clock = words(f"{scene.clock:%H:%M:%S} UTC", style="dim")
    if not run:
        return [apart(words("No run is planned yet", style="bold"), clock, pen.width), Text()]
    state = state_of(run)
    name = words(words(run.get("run_id"), style="bold"), "", words(state, style=STATES[state]))
    about = [str(run[key]) for key in ("analysis", "model", "mode") if run.get(key)]
    age = formatting.between(run.get("planned_at"), scene.clock)
    took = formatting.between(run.get("planned_at"), run.get("completed_at"))
    if is_over(run):
        about.append(f"took {formatting.seconds(took)}" if took is not None else "over")
    elif age is not None:
        about.append(f"planned {formatting.seconds(float(round(max(age, 0))))} ago")
    return [
        apart(name, clock, pen.width),
        apart(words(pen.dot.join(about), style="dim"), _worker(scene), pen.width),
    ]


def _worker(scene: Scene) -> Text:
    worker = scene.status.get("worker")
    if not worker:
        return words("no worker", style="dim")
    told = "services at work" if worker.get("services") else f"worker {worker.get('pid')}"
    return words(told, style="dim")


def _runs(scene: Scene, pen: Pen) -> list[Text]:
    """Where several are open; the one that is told in full is marked."""
    found = scene.open_runs
    if len(found) < 2:
        return []
    mine = scene.run.get("run_id")
    found = sorted(found, key=lambda run: run.get("run_id") != mine)
    width = max(8, pen.width // 5)
    rows = [
        (
            words(">" if pen.plain else "▸") if run.get("run_id") == mine else Text(" "),
            words(run.get("run_id")),
            pen.bar(records_over(run), number(run, "records"), width, "green"),
            formatting.share_of(records_over(run), number(run, "records")) or "-",
            f"of {formatting.plural(number(run, 'records'), 'record')}",
            words(state_of(run), style=STATES[state_of(run)].removeprefix("bold ")),
        )
        for run in found[:RUNS_SHOWN]
    ]
    rest = len(found) - RUNS_SHOWN
    more = [words(f"  and {count(rest)} more open", style="dim")] if rest > 0 else []
    return [_title("Open runs", count(len(found))), *columns(rows, right=(3,)), *more]


def _runs_in_short(scene: Scene) -> list[Text]:
    others = [run for run in scene.open_runs if run.get("run_id") != scene.run.get("run_id")]
    if not others:
        return []
    told = ", ".join(
        f"{run.get('run_id')}"
        f" {formatting.share_of(records_over(run), number(run, 'records')) or 'empty'}"
        for run in others
    )
    return [words(words("Also open", style="bold"), words(told, style="dim"))]


def _bar(scene: Scene, pen: Pen) -> list[Text]:
    run = scene.run
    done, whole = records_over(run), number(run, "records")
    said = words(
        f"{count(done)} of {formatting.plural(whole, 'record')} over",
        words(formatting.share_of(done, whole), style="bold"),
    )
    width = max(4, pen.width - said.cell_len - 2)
    return [pen.stack(split_of(run), whole, width) + Text("  ") + said]


def _money(scene: Scene, pen: Pen, *, tight: bool) -> list[Text]:
    """Pace and cost; while the run moves what canary, breaker and budget saw."""
    moves = not is_over(scene.run)
    told = [pace_line(scene)] * moves + [cost_line(scene)]
    if moves and not tight:
        told += [words(said.strip(), style="dim") for said in course_lines(scene.run)]
    return [each for line in told for each in wrapped(line, pen.width, 9)]


def _errors(scene: Scene) -> list[Text]:
    found = errors(scene)
    if not found:
        return [_title("Errors", "none")]
    rows = [
        (
            words(f"  {count(many)}"),
            words(name, style="bold red" if name in scene.fresh else "red"),
            *([words("new" if name in scene.fresh else "", style="bold")] * bool(scene.fresh)),
            words(hint, style="dim"),
        )
        for name, many, hint in found
    ]
    total = count(sum(many for _name, many, _hint in found))
    return [_title("Errors", total), *columns(rows, right=(0,))]


def _dead(scene: Scene, pen: Pen) -> list[Text]:
    found = letters(scene)
    if not found:
        return [_title("Dead letters", "none")]
    see = words("see `troupe dead-letters list`", style="yellow")
    return [
        words(_title("Dead letters"), see),
        *(each for told in found for each in wrapped(words(" ", told), pen.width, 4)),
    ]


def _still(scene: Scene, pen: Pen) -> list[Text]:
    """Why, and what to do; of a run that is over whether its books balance."""
    totals = books(scene.run)
    mood = {"good": "green", "bad": "bold red"}
    end = wrapped(words(totals.line, style=mood[totals.mood]), pen.width, 2) if totals else []
    found = standstills(scene)
    if not found:
        return end or [_title("Stands still", "nothing")]
    told = (words(" ", each, style="yellow") for each in found)
    lines = [each for line_ in told for each in wrapped(line_, pen.width, 4)]
    return [_title("Stands still", count(len(found))), *lines, *end]


def _title(name: str, beside: str = "") -> Text:
    return words(words(name, style="bold"), words(beside, style="dim"))
