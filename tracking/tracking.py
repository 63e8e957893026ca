"""Access to the tracking tables: each method runs the query or transaction of the same name."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from events import Deployment
from events.ids import AttemptId, short_hash

from .attempts import AttemptKey
from .attributes import Attributes, column_problems
from .erasure import Erasure
from .golden_sets import GoldenSets
from .results import (
    Claims,
    Closing,
    FinishedBatches,
    LetterState,
    Plan,
    Progress,
    RequestRecord,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .review_samples import ReviewSamples
from .source_reading import Reading
from .statements import (
    NamedQueries,
    Source,
    column_name,
    convert_rows,
    fragment,
    query,
    table_name,
    transaction,
)
from .tables import Column, columns_at, flattened, nothing_staged, staged_columns
from .warehouse import Warehouse


class Tracking(NamedQueries):
    """Reads and writes the tracking tables."""

    def __init__(
        self,
        warehouse: Warehouse,
        deployment: Deployment,
        error_types: Sequence[Row],
        source: Source | None = None,
    ) -> None:
        """`error_types` lists error_type, retryable, replan and hint of every known error."""
        super().__init__(warehouse, (source or Source()).names())
        self._deployment = deployment
        self._error_types = list(error_types)
        self._plans: dict[str, Plan] = {}
        self._finished: dict[str, FinishedBatches] = {}

    # Planning

    def plan_of(self, run_id: str) -> Plan | None:
        """Load the plan of a run; None while it has none. A plan never changes, so it is cached."""
        if run_id not in self._plans:
            rows = self.query("plan_of", {"run_id": run_id})
            if not rows:
                return None
            plan = {**rows[0], "redactions": rows[0].get("redactions") or []}
            (self._plans[run_id],) = convert_rows([plan], Plan, "plan_of")
        return self._plans[run_id]

    def event_time_floor(
        self, *, run_id: str, analysis: str, lookback_days: int
    ) -> datetime | None:
        """Return where an incremental run begins; None when no earlier run covers the source."""
        params = {"run_id": run_id, "analysis": analysis, "lookback_days": lookback_days}
        rows = self.query("event_time_floor", params)
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

    def keep_unplanned(self, run_id: str) -> bool:
        """Take the job id of the plan, so that no delivery plans the run any more; False: planned.

        Another delivery may be planning it just now; that one is waited for.
        """
        job = self._deployment.job("plan", run_id)
        self._warehouse.run_once(job, transaction("keep_unplanned"), {"run_id": run_id})
        return self.plan_of(run_id) is None

    def plan_reread(self, run_id: str, params: Mapping[str, Any]) -> bool:
        """Freeze which records of a completed run are read again; False when it was planned before."""
        job = self._deployment.job("plan", run_id)
        values = {**params, "run_id": run_id}
        return self._warehouse.run_once(job, transaction("plan_reread"), values)

    def stored_outputs(self, attempt_key: AttemptKey) -> list[str]:
        """List the output folders that a batch of a reread run reads, those of older attempts first."""
        rows = self.query("stored_outputs", attempt_key.params())
        return list(dict.fromkeys(folder for row in rows for folder in json.loads(row["outputs"])))

    def preview_plan(self, params: Mapping[str, Any], reading: Reading) -> Row:
        """Count what a run with this request would take and leave out."""
        return self.query("preview_plan", {**params, **reading.params()}, **self.names(reading))[0]

    def sample_of_plan(self, params: Mapping[str, Any], reading: Reading) -> list[str]:
        """Return some of the texts that a run with this request would send."""
        values = {**params, **reading.params()}
        rows = self.query("sample_of_plan", values, **self.names(reading))
        return [row["transcript"] for row in rows]

    def selection_of_record(self, params: Mapping[str, Any], reading: Reading) -> str | None:
        """Return how this request would select `record_id`; None when the source has no such row."""
        values = {**params, **reading.params()}
        rows = self.query("selection_of_record", values, **self.names(reading))
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
        rows = self.query("claims_of", attempt_key.params())
        taken = [row for row in rows if row["claim"] is not None]
        return convert_rows([{**rows[0], "taken": taken}], Claims, "claims_of")[0]

    def claim_attempt(self, attempt_key: AttemptKey, claim: int, state: str = "create") -> bool:
        """Take this numbered claim; True for the one caller whose transaction took it.

        `state` is `create`, or `void` for the certainty that no job will be created. On an attempt
        that may get no job the transaction writes nothing: read the claims afterwards.
        """
        job = self._deployment.job("claim", *attempt_key.parts, claim)
        params = {**attempt_key.params(), "claim": claim, "state": state}
        return self._warehouse.run_once(job, transaction("claim_attempt"), params)

    def return_claim(self, attempt_key: AttemptKey, claim: int) -> None:
        """Give a claim back: it certainly brought no job, and will not bring one."""
        job = self._deployment.job("return", *attempt_key.parts, claim)
        params = {**attempt_key.params(), "claim": claim}
        self._warehouse.run_once(job, transaction("return_claim"), params)

    def unclaimed_attempts(self, run_id: str, planned_on: str) -> int:
        """Count the open attempts of a run that hold no claim."""
        params = {"run_id": run_id, "planned_on": date.fromisoformat(planned_on)}
        count: int = self.query("unclaimed_attempts", params)[0]["attempts"]
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
        rows = [
            {**row, **{name: (row[name] or "").split() for name in ("jobs", "ends")}}
            for row in self.query("waiting_attempts", params)
        ]
        return convert_rows(rows, WaitingAttempt, "waiting_attempts")

    def stage_answers(self, answer: Column, uris: Sequence[str]) -> str:
        """Load the parsed answers, each nested in the column `answer`, into a private table."""
        return self._warehouse.load("staged", staged_columns(answer), uris)

    def close_attempt(
        self,
        attempt_key: AttemptKey,
        params: Mapping[str, Any],
        *,
        staged: str | None,
        output: str,
        answer: Column,
        paths: Mapping[str, str],
        summary: str,
    ) -> bool:
        """Close an attempt exactly once; False when it was closed before.

        The first caller's result is stored; later callers read it with `closing_of`. `staged` is the
        staging table of the answers, None when no answer was read; `answer` the column of it that
        holds an answer; `paths` the path in an answer of each column of the table `output`; `summary`
        the column whose words are looked up in the transcript.
        """
        columns = [column_name(column) for column in paths]
        script = transaction(
            "close_attempt",
            staged=flattened(table_name(staged), answer, paths)
            if staged
            else nothing_staged(columns_at(answer, paths)),
            output=table_name(output),
            answer_columns=", ".join(columns),
            c_answer_columns=", ".join(f"c.{name}" for name in columns),
            s_answer_columns=", ".join(f"s.{name}" for name in columns),
            summary=f"c.{column_name(summary)}",
            cost_of_c=fragment("cost_of", row="c"),
            cost_of_a=fragment("cost_of", row="a"),
        )
        all_params = {
            **attempt_key.params(),
            **params,
            "attempt_id": self._deployment.attempt(*attempt_key.parts),
            "error_type_rows": self._error_types,
        }
        job = self._deployment.job("close", *attempt_key.parts)
        return self._warehouse.run_once(job, script, all_params)

    def closing_of(self, attempt_key: AttemptKey) -> Closing | None:
        """Load how an attempt was closed; None while it is open."""
        return next(iter(self.rows("closing_of", Closing, attempt_key.params())), None)

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
        row = self.query("progress", params)[0]
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
        rows = self.query("batches_to_begin", params)
        return {row["batch"]: row["records"] for row in rows}

    def run_counts(self, run_id: str, planned_on: str) -> Row:
        """Sum the totals of the batches that are over."""
        params = {"run_id": run_id, "planned_on": date.fromisoformat(planned_on)}
        return self.query("run_counts", params)[0]

    def open_runs(self, since: date) -> list[tuple[str, str]]:
        """List id and planning day of each run that is planned and not completed."""
        rows = self.query("open_runs", {"since": since})
        return [(row["run_id"], row["planned_on"].isoformat()) for row in rows]

    def unhandled_events(self, since: date, subscriptions: Sequence[Row]) -> list[UnhandledEvent]:
        """List the events that a handler has not finished, oldest first.

        `subscriptions` has topic and handler of each event that is handled.
        """
        params = {"since": since, "subscriptions": list(subscriptions)}
        return self.rows("unhandled_events", UnhandledEvent, params)

    def letter_states(self, event_ids: Sequence[str], since: date) -> list[LetterState]:
        """Load how far these events are with each of their handlers."""
        params = {"event_ids": list(event_ids), "since": since}
        return self.rows("letter_states", LetterState, params)

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

    @property
    def review_samples(self) -> ReviewSamples:
        """The samples of rows that people review."""
        return ReviewSamples(self._warehouse, self._deployment)

    @property
    def golden_sets(self) -> GoldenSets:
        """The labels that people gave, by name and version."""
        return GoldenSets(self._warehouse, self._deployment, self._source)

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
