"""The watch without a terminal: a line for each thing that changed, and no line twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import formatting
from .formatting import count
from .reconciliation import Fields, number, records_over, rows
from .run_text import is_over, state_of
from .snapshot import Scene, books, cost_so_far, cost_to_come, errors, letters, standstills
from .text_columns import line

STILL = "still "


@dataclass(slots=True)
class Feed:
    """What was told so far. Ages are left out: they change without anything happening."""

    told: dict[str, str] = field(default_factory=dict)
    """By what it is about."""
    past: frozenset[str] | None = None
    """Runs that were over at the first look; None before it."""

    def _is_new(self, about: str, said: str) -> bool:
        """What stands still is told once: only its age changes."""
        before = self.told.get(about)
        return before is None or (before != said and not about.startswith(STILL))

    def news(self, scene: Scene) -> list[str]:
        """The lines that are new or have changed, each with the time of the look."""
        if self.past is None:
            over = {str(run.get("run_id")) for run in scene.runs if is_over(run)}
            self.past = frozenset(over - {str(scene.run.get("run_id"))})
        now = dict(_said(scene, self.past))
        new = [said for about, said in now.items() if self._is_new(about, said)]
        gone = [about for about in self.told if about.startswith(STILL) and about not in now]
        self.told = now
        texts = [*new, *(f"moves again: {about.removeprefix(STILL)}" for about in gone)]
        moment = formatting.moment(scene.now)
        lines = [line(moment, each) for each in texts]
        return [*lines, *_pace(scene, moment)] if new else lines


def _said(scene: Scene, past: frozenset[str]) -> Iterator[tuple[str, str]]:
    for run in scene.runs:
        if str(run.get("run_id")) not in past:
            yield f"run {run.get('run_id')}", _run(run)
    for row in rows(scene.run, "batches"):
        if row.get("state") != "waiting":
            where = f"batch {row.get('batch')}"
            yield where, f"{where}, attempt {row.get('attempt')}: {row.get('state')}"
    for name, many, hint in errors(scene):
        yield f"error {name}", f"error: {count(many)} {name}: {hint}"
    for letter in letters(scene):
        yield f"letter {letter}", f"dead letter: {letter}"
    for why in standstills(scene):
        about = why.split(";")[0].split(" for ")[0]
        yield f"{STILL}{about}", f"stands still: {why}"
    totals = books(scene.run)
    if totals:
        yield "books", totals.line


def _run(run: Fields) -> str:
    whole = number(run, "records")
    ends = ", ".join(f"{count(number(run, n))} {n}" for n in ("analysed", "failed", "released"))
    share = formatting.share_of(records_over(run), whole)
    return (
        f"run {run.get('run_id')}: {state_of(run)}; {count(records_over(run))} of"
        f" {formatting.plural(whole, 'record')} over{f' ({share})' if share else ''}: {ends}"
    )


def _pace(scene: Scene, moment: str) -> list[str]:
    """Beside other news alone: it changes all the time."""
    if not scene.run or is_over(scene.run):
        return []
    forecast, to_come = scene.forecast, cost_to_come(scene)
    cost = ", ".join(each for each in (cost_so_far(scene), to_come) if each)
    pace = ", ".join(each for each in (forecast.rate, forecast.left) if each)
    return [line(moment, f"pace: {pace}; cost: {cost}")]
