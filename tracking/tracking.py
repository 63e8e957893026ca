"""Access to the tracking tables: each method runs the query or transaction of the same name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

from events import Deployment
from events.ids import AttemptId, short_hash

from .attempts import AttemptKey, AttemptResult
from .attributes import Attributes, column_problems
from .erasure import Erasure
from .results import (
    Claim,
    Claims,
    Closing,
    FinishedBatches,
    LetterState,
    Plan,
    Progress,
    RedactionCount,
    RequestRecord,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .source_reading import Reading
from .statements import Source, column_name, fragment, query, table_name, transaction
from .tables import Column, columns_at, flattened, nothing_staged, staged_columns
from .typed_rows import convert_rows, typed_row, waiting_attempt
from .warehouse import Warehouse

T = TypeVar("T")


class Tracking:
    """Reads and writes the tracking tables."""

    def __init__(
        self,
        warehouse: Warehouse,
        deployment: Deployment,
        error_types: Sequence[Row],
        source: Source | None = None,
    ) -> None:
        """`error_types` lists error_type, retryable, replan and hint of every known error."""
        self._warehouse = warehouse
        self._deployment = deployment
        self._error_types = list(error_types)
        self._source = (source or Source()).names()
        self._plans: dict[str, Plan] = {}
        self._finished: dict[str, FinishedBatches] = {}

    # Planning

    def plan_of(self, run_id: str) -> Plan | None:
        """Load the plan of a run; None while it has none. A plan never changes, so it is cached."""
        if run_id not in self._plans:
            rows = self._warehouse.query(query("plan_of"), {"run_id": run_id})
            if not rows:
                return None
            counts = convert_rows(rows[0].pop("redactions", None) or [], RedactionCount, "plan_of")
            self._plans[run_id] = replace(typed_row(Plan, rows[0]), redactions=tuple(counts))
        return self._plans[run_id]

    def event_time_floor(
        self, *, run_id: str, analysis: str, lookback_days: int
    ) -> datetime | None:
        """Return where an incremental run begins; None when no earlier run covers the source."""
        params = {"run_id": run_id, "analysis": analysis, "lookback_days": lookback_days}
        rows = self._warehouse.query(query("event_time_floor"), params)
        return rows[0]["floor"] if rows else None

    def source_problems(self, attributes: Attributes) -> list[tuple[str, str]]:
        """List reason and problem of each attribute that the source lacks, or has otherwise."""
        columns = self._warehouse.columns(self._source["source"].strip("`")) if attributes else {}
        return list(column_problems(attributes, columns, self._source))

    def plan_run(self, run_id: str, params: Mapping[str, Any], reading: Reading) -> bool:
        """Freeze the batches of the run; False when a run of this id was planned before."""
        script = transaction("plan_run", **self.names(reading))
        all_params = {**params, **reading.params(), "run_id": run_id}
        all_params["error_type_rows"] = self._error_types
        return self._warehouse.run_once(self._deployment.job("plan", run_id), script, all_params)

    def plan_reread(self, run_id: str, params: Mapping[str, Any]) -> bool:
        """Freeze which records of a completed run are read again; False when it was planned before."""
        job = self._deployment.job("plan", run_id)
        values = {**params, "run_id": run_id}
        return self._warehouse.run_once(job, transaction("plan_reread"), values)

    def stored_outputs(self, attempt_key: AttemptKey) -> list[str]:
        """List the output folders that a batch of a reread run reads, those of older attempts first."""
        rows = self._warehouse.query(query("stored_outputs"), attempt_key.params())
        return list(dict.fromkeys(folder for row in rows for folder in json.loads(row["outputs"])))

    def preview_plan(self, params: Mapping[str, Any], reading: Reading) -> Row:
        """Count what a run with this request would take and leave out."""
        sql = query("preview_plan", **self.names(reading))
        return self._warehouse.query(sql, {**params, **reading.params()})[0]

    def sample_of_plan(self, params: Mapping[str, Any], reading: Reading) -> list[str]:
        """Return some of the texts that a run with this request would send."""
        sql = query("sample_of_plan", **self.names(reading))
        values = {**params, **reading.params()}
        return [row["transcript"] for row in self._warehouse.query(sql, values)]

    def selection_of_record(self, params: Mapping[str, Any], reading: Reading) -> str | None:
        """Return how this request would select `record_id`; None when the source has no such row."""
        sql = query("selection_of_record", **self.names(reading))
        rows = self._warehouse.query(sql, {**params, **reading.params()})
        return rows[0]["selection"] if rows else None

    def names(self, reading: Reading) -> dict[str, str]:
        """The names for a statement that reads the texts of the source."""
        return {**self._source, **reading.names(self._source)}

    # Attempts

    def requests_of(self, attempt_key: AttemptKey) -> Iterator[RequestRecord]:
        """Stream the records that an attempt requests, in the order of its request file."""
        rows = self._warehouse.stream(query("requests_of"), attempt_key.params())
        return (RequestRecord(**row) for row in rows)

    def claims_of(self, attempt_key: AttemptKey) -> Claims:
        """Load the claims on an attempt."""
        rows = self._warehouse.query(query("claims_of"), attempt_key.params())
        taken = tuple(typed_row(Claim, row) for row in rows if row["claim"] is not None)
        first = rows[0]
        return Claims(
            planned=first["planned"],
            stopped=first["stopped"],
            ended=first["ended"],
            closed=first["closed"],
            taken=taken,
        )

    def claim_attempt(self, attempt_key: AttemptKey, claim: int, state: str = "create") -> bool:
        """Take this numbered claim; True for the one caller whose transaction took it.

        `state` is `create`, or `void` for the certainty that no job will be created. On an attempt
        that may get no job the transaction writes nothing: read the claims afterwards.
        """
        job = self._deployment.job(
            "claim", attempt_key.run_id, attempt_key.batch, attempt_key.attempt, claim
        )
        params = {**attempt_key.params(), "claim": claim, "state": state}
        return self._warehouse.run_once(job, transaction("claim_attempt"), params)

    def return_claim(self, attempt_key: AttemptKey, claim: int) -> None:
        """Give a claim back: it certainly brought no job, and will not bring one."""
        job = self._deployment.job(
            "return", attempt_key.run_id, attempt_key.batch, attempt_key.attempt, claim
        )
        params = {**attempt_key.params(), "claim": claim}
        self._warehouse.run_once(job, transaction("return_claim"), params)

    def unclaimed_attempts(self, run_id: str, planned_on: str) -> int:
        """Count the open attempts of a run that hold no claim."""
        params = {"run_id": run_id, "planned_on": date.fromisoformat(planned_on)}
        count: int = self._warehouse.query(query("unclaimed_attempts"), params)[0]["attempts"]
        return count

    def release_attempts(
        self, run_id: str, planned_on: str, number: int, *, has_price: bool
    ) -> bool:
        """Close all open attempts of a stopped run that hold no claim, in one transaction.

        False when the release of this number was done before; the next one begins only then.
        `has_price`: the cost of nothing is 0 where a price is known, and else unknown.
        """
        params = {
            "run_id": run_id,
            "planned_on": date.fromisoformat(planned_on),
            "deployment": self._deployment.id,
            "input_price": 0.0 if has_price else None,
            "error_type_rows": self._error_types,
        }
        job = self._deployment.job("release", run_id, number)
        return self._warehouse.run_once(job, transaction("release_attempts"), params)

    def waiting_attempts(self, since: date, only: AttemptId | None = None) -> list[WaitingAttempt]:
        """List the attempts that wait for their jobs: all of them, or `only` this one."""
        _deployment, run_id, batch, attempt = only or (None, None, None, None)
        params = {"since": since, "run_id": run_id, "batch": batch, "attempt": attempt}
        return [
            waiting_attempt(row) for row in self._warehouse.query(query("waiting_attempts"), params)
        ]

    def stage_answers(self, answer: Column, uris: Sequence[str]) -> str:
        """Load the parsed answers, each nested in the column `answer`, into a private table."""
        return self._warehouse.load("staged", staged_columns(answer), uris)

    def close_attempt(self, result: AttemptResult) -> bool:
        """Close an attempt exactly once; False when it was closed before.

        The first caller's result is stored; later callers read it with `closing_of`.
        """
        attempt_key, answer, paths = result.attempt_key, result.answer_record, result.answer_paths
        columns = [column_name(column) for column in paths]
        script = transaction(
            "close_attempt",
            staged=flattened(table_name(result.staged), answer, paths)
            if result.staged
            else nothing_staged(columns_at(answer, paths)),
            output=table_name(result.output),
            answer_columns=", ".join(columns),
            c_answer_columns=", ".join(f"c.{name}" for name in columns),
            s_answer_columns=", ".join(f"s.{name}" for name in columns),
            summary=f"c.{column_name(result.summary_column)}",
            cost_of_c=fragment("cost_of", row="c"),
            cost_of_a=fragment("cost_of", row="a"),
        )
        price = result.prices or (None, None, None)
        params = {
            **attempt_key.params(),
            "ending": result.ending,
            "cause": result.cause,
            "never_started": result.never_started,
            "jobs": result.jobs,
            "outputs": result.outputs,
            "analysis": result.analysis,
            "prompt_fingerprint": result.prompt_fingerprint,
            "reader_fingerprint": result.reader_fingerprint,
            "model": result.model,
            "max_attempts": result.max_attempts,
            "first_gap": result.first_gap,
            "longest_gap": result.longest_gap,
            "grounding": result.grounding,
            "input_price": price[0],
            "cached_price": price[1],
            "output_price": price[2],
            "seconds": result.seconds,
            "peak_megabytes": result.peak_megabytes,
            "attempt_id": self._deployment.attempt(
                attempt_key.run_id, attempt_key.batch, attempt_key.attempt
            ),
            "error_type_rows": self._error_types,
        }
        job = self._deployment.job(
            "close", attempt_key.run_id, attempt_key.batch, attempt_key.attempt
        )
        return self._warehouse.run_once(job, script, params)

    def closing_of(self, attempt_key: AttemptKey) -> Closing | None:
        """Load how an attempt was closed; None while it is open."""
        rows = self._warehouse.query(query("closing_of"), attempt_key.params())
        return typed_row(Closing, rows[0]) if rows else None

    # Runs

    def progress(self, run_id: str, planned_on: str) -> Progress:
        """Count the batches and records of a run that are over.

        Batches that were over at the last call are not read again, so the cost of a call does not
        grow with the run.
        """
        known = self._finished.get(run_id, FinishedBatches())
        day = date.fromisoformat(planned_on)
        params = {
            "run_id": run_id,
            "planned_on": day,
            "after": known.batches,
            "last_answered_at": known.last_answered_at,
        }
        row = self._warehouse.query(query("progress"), params)[0]
        self._finished[run_id] = FinishedBatches(
            batches=row["over_to"],
            records=known.records + row["records_over_to"],
            failed=known.failed + row["failed_over_to"],
            refused=known.refused or row["refused"],
            last_answered_at=row["last_answered_at"],
        )
        return Progress(
            batches=row["batches"],
            finished=row["finished"],
            over_to=row["over_to"],
            canary_finished=row["canary_finished"],
            records_over=known.records + row["records"],
            failed_over=known.failed + row["failed"],
            stopped=row["stopped"],
            refused=known.refused or row["refused"],
            unanswered_seconds=row["unanswered_seconds"],
        )

    def batches_to_begin(
        self, run_id: str, planned_on: str, after: int, last: int
    ) -> dict[int, int]:
        """Return number and records of each batch after `after`, up to `last`, that is not begun.

        The caller knows that every batch up to `after` is over.
        """
        day = date.fromisoformat(planned_on)
        params = {"run_id": run_id, "planned_on": day, "after": after, "last": last}
        rows = self._warehouse.query(query("batches_to_begin"), params)
        return {row["batch"]: row["records"] for row in rows}

    def run_counts(self, run_id: str, planned_on: str) -> Row:
        """Sum the totals of the batches that are over."""
        params = {"run_id": run_id, "planned_on": date.fromisoformat(planned_on)}
        return self._warehouse.query(query("run_counts"), params)[0]

    def open_runs(self, since: date) -> list[tuple[str, str]]:
        """List id and planning day of each run that is planned and not completed."""
        rows = self._warehouse.query(query("open_runs"), {"since": since})
        return [(row["run_id"], row["planned_on"].isoformat()) for row in rows]

    def unhandled_events(self, since: date, subscriptions: Sequence[Row]) -> list[UnhandledEvent]:
        """List the events that a handler has not finished, oldest first.

        `subscriptions` has topic and handler of each event that is handled.
        """
        params = {"since": since, "subscriptions": list(subscriptions)}
        rows = self._warehouse.query(query("unhandled_events"), params)
        return [typed_row(UnhandledEvent, row) for row in rows]

    def letter_states(self, event_ids: Sequence[str], since: date) -> list[LetterState]:
        """Load how far these events are with each of their handlers."""
        params = {"event_ids": list(event_ids), "since": since}
        rows = self._warehouse.query(query("letter_states"), params)
        return [typed_row(LetterState, row) for row in rows]

    def replace_rows(self, plan: Plan, output: str) -> bool:
        """Delete the older rows of the records that a completed run has analysed again.

        False when this was done before. The plan must have `replaces_from`.
        """
        job = self._deployment.job("replace", plan.run_id)
        params: dict[str, Any] = {
            "run_id": plan.run_id,
            "planned_on": plan.planned_on,
            "analysis": plan.analysis,
            "reason": f"replaced by run {plan.run_id}",
            "clearing_id": job,
            "stored_from": plan.replaces_from,
            "stored_to": plan.replaces_to,
            "error_type_rows": self._error_types,
        }
        script = transaction("replace_rows", output=table_name(output))
        return self._warehouse.run_once(job, script, params)

    @property
    def erasure(self) -> Erasure:
        """The deletion of stored data by an operator."""
        return Erasure(self._warehouse, self._deployment, self._error_types, self._source)

    # Errors and reports

    def store_error(
        self,
        error_id: str,
        error_type: str,
        *,
        cause: str | None = None,
        run_id: str | None = None,
        batch: int | None = None,
        attempt: int | None = None,
        event_id: str | None = None,
        handler: str | None = None,
        generation: int | None = None,
        detail: str | None = None,
    ) -> bool:
        """Store a system error; False when an error of this id is stored already."""
        hints = {row["error_type"]: row["hint"] for row in self._error_types}
        params = {
            "error_id": error_id,
            "error_type": error_type,
            "cause": cause,
            "run_id": run_id,
            "batch": batch,
            "attempt": attempt,
            "event_id": event_id,
            "handler": handler,
            "generation": generation,
            "hint": hints.get(error_type),
            "detail": detail,
        }
        return self._warehouse.run_once(
            self._deployment.job("error", short_hash(error_id)), transaction("store_error"), params
        )

    def write_report(self, run_id: str, params: Mapping[str, Any]) -> bool:
        """Store the summary of a run; False when it has one."""
        job = self._deployment.job("report", run_id)
        values = {**params, "run_id": run_id}
        return self._warehouse.run_once(job, transaction("write_report"), values)

    def query(self, name: str, params: Mapping[str, Any], **names: str) -> list[Row]:
        """Run a query by name and return its rows untyped."""
        return self._warehouse.query(query(name, **{**self._source, **names}), params)

    def rows(self, name: str, kind: type[T], params: Mapping[str, Any], **names: str) -> list[T]:
        """Run a query by name and return its rows as `kind`. Raises `ColumnMismatch`."""
        return convert_rows(self.query(name, params, **names), kind, name)

    def row(self, name: str, kind: type[T], params: Mapping[str, Any], **names: str) -> T:
        """Run a query that always returns one row. Raises `ColumnMismatch`."""
        return self.rows(name, kind, params, **names)[0]
