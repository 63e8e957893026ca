"""What is to be seen of runs that move, before anybody draws or tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from events.ids import parse_attempt_id

from . import formatting, labels, reconciliation
from .pace import Forecast
from .reconciliation import Fields, number, part, records_over, rows
from .run_text import DONE, is_over
from .stall_reasons import batch_standing, event_advice, limits_in
from .status_text import dead_letter_line, refusal_line, system_error_line, worker_lines
from .text_columns import line

PLACES = {
    "waiting": "not begun",
    "planned": "being sent",
    "uploaded": "being sent",
    "submitted": "at the model",
    "ended": "being read",
    "processed": "being read",
}
"""Where the open records of a batch are, by its state."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One look at the runs."""

    status: Fields
    """All that were asked about."""
    run: Fields
    """The one that is told in full; empty while none is planned."""
    now: datetime
    forecasts: Mapping[str, Forecast] = field(default_factory=dict)
    """By run."""
    fresh: frozenset[str] = frozenset()
    """Types of errors that came a short while ago."""
    trouble: str = ""
    """Why nothing newer than this is known."""
    age: float = 0.0
    """Seconds since it was asked."""

    @property
    def forecast(self) -> Forecast:
        return self.forecasts.get(str(self.run.get("run_id")), Forecast())

    @property
    def clock(self) -> datetime:
        """It goes on between two looks."""
        return self.now + timedelta(seconds=self.age)

    @property
    def runs(self) -> list[Fields]:
        return rows(self.status, "runs")

    @property
    def open_runs(self) -> list[Fields]:
        return [run for run in self.runs if not is_over(run)]

    @property
    def moving(self) -> list[Fields]:
        """Batches on their way: what hangs first, then the oldest."""
        found = [b for b in rows(self.run, "batches") if b.get("state") not in (*DONE, "waiting")]
        return sorted(found, key=lambda b: (not b.get("held_up"), -self.age_of(b)))

    def age_of(self, batch: Fields) -> float:
        return float(batch.get("seconds_in_state") or 0) + self.age

    def job_of(self, batch: Fields) -> Fields:
        """Its job at the service; empty when none is known to live."""
        key = (self.run.get("run_id"), batch.get("batch"), batch.get("attempt"))
        for job in rows(self.status, "jobs"):
            attempt = parse_attempt_id(str(job.get("name")))
            if attempt and (attempt.run_id, attempt.batch, attempt.attempt) == key:
                return job
        return {}


def is_finished(status: Fields) -> bool:
    """Nothing is to come: no run is open, and no request waits to be planned."""
    return not rows(status, "requests") and all(is_over(run) for run in rows(status, "runs"))


def places(run: Fields) -> dict[str, int]:
    """Open records by where they are, in the order of their way."""
    found = dict.fromkeys(PLACES.values(), 0)
    for batch in rows(run, "batches"):
        place = PLACES.get(str(batch.get("state")))
        if place:
            found[place] += max(0, number(batch, "records") - records_over(batch))
    return found


def skipped(run: Fields) -> list[tuple[str, int]]:
    """Why rows of the source are not in the run, the most frequent first."""
    told = part(part(run, "plan"), "skipped")
    found = [(labels.skipped(reason), int(many)) for reason, many in told.items() if many]
    return sorted(found, key=lambda each: -each[1])


def cost_so_far(scene: Scene) -> str:
    told = formatting.spent(scene.run.get("cost"), records_over(scene.run)).removeprefix("cost ")
    return told if is_over(scene.run) or told == "no cost yet" else f"{told} so far"


def cost_to_come(scene: Scene) -> str:
    """By what was paid so far, and by the plan; nothing more of a run that is over."""
    low, high = part(scene.run, "plan").get("expected_cost") or (None, None)
    planned = formatting.span(formatting.dollars(low), formatting.dollars(high))
    told = [
        f"about {formatting.dollars(scene.forecast.cost)} in all" if scene.forecast.cost else "",
        f"expected {planned}" if low is not None else "",
    ]
    return ", ".join(each for each in told if each)


def errors(scene: Scene) -> list[tuple[str, int, str]]:
    """Each type with its number and what to do."""
    return [
        (labels.error(row), number(row, "errors"),
         labels.hint(str(row.get("error_type")), row.get("hint")))
        for row in rows(scene.run, "errors")
    ]  # fmt: skip


def letters(scene: Scene) -> list[str]:
    return [dead_letter_line(row).strip() for row in rows(scene.status, "dead_letters")]


def standstills(scene: Scene) -> list[str]:
    """For anything that stands still why, and what to do."""
    return [
        *([scene.trouble] if scene.trouble else []),
        *_nobody(scene),
        *_requests(scene),
        *(f"refused: {refusal_line(row).strip()}" for row in rows(scene.status, "refusals")),
        *_stopped(scene.run),
        *_batches(scene),
        *_events(scene.run),
        *(system_error_line(row).strip() for row in rows(scene.status, "system_errors")),
    ]


def _nobody(scene: Scene) -> list[str]:
    """Without a worker nothing moves on a laptop."""
    status = scene.status
    needed = not is_finished(status)
    return worker_lines(status) if needed and "worker" in status and not status["worker"] else []


def _requests(scene: Scene) -> Iterator[str]:
    for row in rows(scene.status, "requests"):
        since = formatting.moment(row.get("requested_at"))
        yield line(
            f"run {row.get('run_id')}: requested {since}, not planned yet; a worker plans it"
        )


def _stopped(run: Fields) -> Iterator[str]:
    for why in labels.stopped(str(run.get("stopped_for") or "")):
        yield f"stopped: {why}"


def _batches(scene: Scene) -> Iterator[str]:
    """Those that somebody must look at; a batch that waits for its turn does not stand still."""
    limits = limits_in(scene.status)
    for batch in scene.moving:
        told = batch_standing({**batch, "seconds_in_state": scene.age_of(batch)}, limits)
        if batch.get("held_up") or "nobody does it" in told or "over the limit" in told:
            yield line(f"batch {batch.get('batch')}, attempt {batch.get('attempt')}: {told}")


def _events(run: Fields) -> Iterator[str]:
    held = {part(batch, "held_up").get("letter_id") for batch in rows(run, "batches")}
    for row in rows(run, "waiting"):
        if row.get("event_id") not in held:
            yield line(f"{row.get('topic')} for {row.get('handler')}: {event_advice(row)}")


def books(run: Fields) -> reconciliation.Totals | None:
    """Of a run that is over; while it moves, they are no news."""
    totals = part(run, "reconciliation")
    return reconciliation.totals_of(totals) if totals and is_over(run) else None
