"""Every method is one query or one transaction; its text is a file of the same name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Self, TypedDict, TypeVar

from events import AttemptEvent, Deployment
from events.ids import short_hash

from .history import History
from .rows import (
    Asked,
    Claim,
    Claims,
    Closing,
    Over,
    Plan,
    Progress,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .statements import Source, column_name, fragment, query, table_name, transaction
from .tables import Column, nothing_staged, staged_columns
from .warehouse import Warehouse

T = TypeVar("T")


class AttemptFields(TypedDict):
    """The key of an attempt, by the names that events use."""

    run_id: str
    planned_on: str
    batch: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptKey:
    """One attempt at one batch of one run."""

    run_id: str
    planned_on: str
    batch: int
    attempt: int = 0

    @classmethod
    def of(cls, event: AttemptEvent | WaitingAttempt) -> Self:
        """The attempt that an event or a waiting attempt belongs to."""
        return cls(
            run_id=event.run_id,
            planned_on=str(event.planned_on),
            batch=event.batch,
            attempt=event.attempt,
        )

    def fields(self) -> AttemptFields:
        """As the fields that every event of an attempt begins with."""
        return {
            "run_id": self.run_id,
            "planned_on": self.planned_on,
            "batch": self.batch,
            "attempt": self.attempt,
        }

    def params(self) -> dict[str, Any]:
        return {
            "run_id": self.run_id,
            "planned_on": date.fromisoformat(self.planned_on),
            "batch": self.batch,
            "attempt": self.attempt,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptResult:
    """What closes an attempt: how its jobs ended, and what was read of them."""

    attempt_key: AttemptKey
    ending: str
    never_started: bool
    jobs: str
    outputs: str
    staged: str | None
    """The staging table that holds the answers; None when there are none."""
    output: str
    """The table that gets the rows."""
    answer_columns: Sequence[Column]
    summary_column: str
    """The column whose words are looked for in the transcript."""
    grounding: bool
    """Whether they are."""
    analysis: str
    model: str
    max_attempts: int
    prices: tuple[float, float, float] | None
    """US dollars for a million tokens: input, cached input, output."""
    seconds: float
    peak_megabytes: float | None


class Tracking:
    """What we know, asked and told in SQL."""

    def __init__(
        self,
        warehouse: Warehouse,
        deployment: Deployment,
        error_types: Sequence[Row],
        source: Source | None = None,
    ) -> None:
        """`error_types` lists error_type, retryable, replan and hint of every error there is."""
        self._warehouse = warehouse
        self._deployment = deployment
        self._error_types = list(error_types)
        self._source = (source or Source()).names()
        self._plans: dict[str, Plan] = {}
        self._over: dict[str, Over] = {}

    # Planning

    def plan_of(self, run_id: str) -> Plan | None:
        """A plan never changes once it is made, so it is asked for once."""
        if run_id not in self._plans:
            rows = self._warehouse.query(query("plan_of"), {"run_id": run_id})
            if not rows:
                return None
            self._plans[run_id] = _typed(Plan, rows[0])
        return self._plans[run_id]

    def event_time_floor(
        self, *, run_id: str, analysis: str, lookback_days: int
    ) -> datetime | None:
        given = {"run_id": run_id, "analysis": analysis, "lookback_days": lookback_days}
        rows = self._warehouse.query(query("event_time_floor"), given)
        return rows[0]["floor"] if rows else None

    def plan_run(self, run_id: str, params: Mapping[str, Any]) -> bool:
        """Freeze the run; False when a run of this id had been planned before."""
        script = transaction("plan_run", **self._source)
        given = {**params, "run_id": run_id, "error_type_rows": self._error_types}
        return self._warehouse.run_once(self._deployment.job("plan", run_id), script, given)

    def preview_plan(self, params: Mapping[str, Any]) -> Row:
        return self._warehouse.query(query("preview_plan", **self._source), params)[0]

    # Attempts

    def requests_of(self, attempt_key: AttemptKey) -> Iterator[Asked]:
        rows = self._warehouse.stream(query("requests_of"), attempt_key.params())
        return (Asked(**row) for row in rows)

    def claims_of(self, attempt_key: AttemptKey) -> Claims:
        rows = self._warehouse.query(query("claims_of"), attempt_key.params())
        taken = tuple(_typed(Claim, row) for row in rows if row["claim"] is not None)
        return Claims(stopped=rows[0]["stopped"], taken=taken)

    def claim_attempt(self, attempt_key: AttemptKey, claim: int) -> bool:
        """Take this numbered claim; True for the one caller that took it now."""
        job = self._deployment.job(
            "claim", attempt_key.run_id, attempt_key.batch, attempt_key.attempt, claim
        )
        given = {**attempt_key.params(), "claim": claim}
        return self._warehouse.run_once(job, transaction("claim_attempt"), given)

    def waiting_attempts(
        self, since: date, only: tuple[str, int, int] | None = None
    ) -> list[WaitingAttempt]:
        """All that wait, or `only` this one, named by run, batch and attempt."""
        run_id, batch, attempt = only or (None, None, None)
        given = {"since": since, "run_id": run_id, "batch": batch, "attempt": attempt}
        return [_waiting(row) for row in self._warehouse.query(query("waiting_attempts"), given)]

    def stage_answers(self, answer_columns: Sequence[Column], uris: Sequence[str]) -> str:
        """Load the answers that were read into a table of this execution alone."""
        return self._warehouse.load("staged", staged_columns(answer_columns), uris)

    def close_attempt(self, ending: AttemptResult) -> bool:
        """Close the attempt for good; False when it had been closed before."""
        attempt_key, answer = ending.attempt_key, ending.answer_columns
        columns = [column_name(column.name) for column in answer]
        script = transaction(
            "close_attempt",
            staged=table_name(ending.staged) if ending.staged else nothing_staged(answer),
            output=table_name(ending.output),
            answer_columns=", ".join(columns),
            c_answer_columns=", ".join(f"c.{name}" for name in columns),
            summary=f"c.{column_name(ending.summary_column)}",
            cost_of_c=fragment("cost_of", row="c"),
            cost_of_a=fragment("cost_of", row="a"),
        )
        price = ending.prices or (None, None, None)
        given = {
            **attempt_key.params(),
            "ending": ending.ending,
            "never_started": ending.never_started,
            "jobs": ending.jobs,
            "outputs": ending.outputs,
            "analysis": ending.analysis,
            "model": ending.model,
            "max_attempts": ending.max_attempts,
            "grounding": ending.grounding,
            "input_price": price[0],
            "cached_price": price[1],
            "output_price": price[2],
            "seconds": ending.seconds,
            "peak_megabytes": ending.peak_megabytes,
            "attempt_id": self._deployment.attempt(
                attempt_key.run_id, attempt_key.batch, attempt_key.attempt
            ),
            "error_type_rows": self._error_types,
        }
        job = self._deployment.job(
            "close", attempt_key.run_id, attempt_key.batch, attempt_key.attempt
        )
        return self._warehouse.run_once(job, script, given)

    def closing_of(self, attempt_key: AttemptKey) -> Closing | None:
        rows = self._warehouse.query(query("closing_of"), attempt_key.params())
        return _typed(Closing, rows[0]) if rows else None

    # Runs

    def progress(self, run_id: str, planned_on: str) -> Progress:
        """What was seen to be over is not read again: a call costs no more in long runs."""
        over = self._over.get(run_id, Over())
        day = date.fromisoformat(planned_on)
        given = {"run_id": run_id, "planned_on": day, "after": over.batches}
        row = self._warehouse.query(query("progress"), given)[0]
        self._over[run_id] = Over(
            batches=row["over_to"],
            records=over.records + row["records_over_to"],
            failed=over.failed + row["failed_over_to"],
        )
        return Progress(
            batches=row["batches"],
            finished=row["finished"],
            over_to=row["over_to"],
            canary_finished=row["canary_finished"],
            records_over=over.records + row["records"],
            failed_over=over.failed + row["failed"],
            stopped=row["stopped"],
        )

    def batches_to_begin(
        self, run_id: str, planned_on: str, after: int, last: int
    ) -> dict[int, int]:
        """Number and records of each batch up to `last` that nobody has begun.

        Those up to `after` are known to be over, and not looked at.
        """
        day = date.fromisoformat(planned_on)
        given = {"run_id": run_id, "planned_on": day, "after": after, "last": last}
        rows = self._warehouse.query(query("batches_to_begin"), given)
        return {row["batch"]: row["records"] for row in rows}

    def run_counts(self, run_id: str, planned_on: str) -> Row:
        given = {"run_id": run_id, "planned_on": date.fromisoformat(planned_on)}
        return self._warehouse.query(query("run_counts"), given)[0]

    def open_runs(self, since: date) -> list[tuple[str, str]]:
        rows = self._warehouse.query(query("open_runs"), {"since": since})
        return [(row["run_id"], row["planned_on"].isoformat()) for row in rows]

    def unhandled_events(self, since: date, score: Sequence[Row]) -> list[UnhandledEvent]:
        """`score` lists topic and handler of every event that somebody handles."""
        given = {"since": since, "score": list(score)}
        rows = self._warehouse.query(query("unhandled_events"), given)
        return [_typed(UnhandledEvent, row) for row in rows]

    @property
    def history(self) -> History:
        """What operators may clear or forget."""
        return History(self._warehouse, self._deployment, self._error_types, self._source)

    # Errors and reports

    def store_error(self, error_id: str, error_type: str, **about: Any) -> bool:
        hints = {row["error_type"]: row["hint"] for row in self._error_types}
        given = {
            "cause": None, "run_id": None, "batch": None, "attempt": None, "detail": None
        } | about  # fmt: skip
        given |= {"error_id": error_id, "error_type": error_type, "hint": hints.get(error_type)}
        return self._warehouse.run_once(
            self._deployment.job("error", short_hash(error_id)), transaction("store_error"), given
        )

    def write_report(self, run_id: str, params: Mapping[str, Any]) -> bool:
        job = self._deployment.job("report", run_id)
        return self._warehouse.run_once(
            job, transaction("write_report"), {**params, "run_id": run_id}
        )

    def query(self, name: str, params: Mapping[str, Any], **names: str) -> list[Row]:
        """Ask a query for people: its rows as they are."""
        return self._warehouse.query(query(name, **self._source, **names), params)


def _waiting(row: Row) -> WaitingAttempt:
    return _typed(WaitingAttempt, row | {"jobs": tuple((row["jobs"] or "").split())})


def _typed(kind: type[T], row: Row) -> T:
    """The row as `kind`; columns that it does not know are left out."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in row.items() if name in known})
