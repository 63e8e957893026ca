"""Draw a sample of a run's rows for people to review, and record what was drawn."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from analysis import Analysis, AnalysisError
from events.ids import review_sample_id
from tracking import Plan, Row
from tracking.review_samples import BY_CHANCE
from troupe.operations.backend import Backend, InvalidOperation
from troupe.operations.runs import analysis_of, plan_of, run_rows
from troupe.quality.review_columns import (
    ReviewColumn,
    review_columns,
    strata_columns,
)

MOST_RECORDS = 1_000
"""Rows of one sample: a page holds all of their transcripts."""
DISAGREEMENT = "disagreement"
LOW_GROUNDING = "low-grounding"
WAYS = (*BY_CHANCE, DISAGREEMENT)
_SAMPLE_ID = re.compile(r"[0-9a-f]{12}")
_NOTHING = {
    LOW_GROUNDING: "no row of run {run} has a grounding: the analysis has it switched off",
    "partial": "no row of run {run} is partial or normalised: use --by random",
    DISAGREEMENT: (
        "no row of run {run} differs from {against} in a closed column, of the records that both have"
    ),
}


class DrawnRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a sample, without what it says."""

    record_id: str
    stratum: str
    weight: float | None
    """How many rows of its stratum it stands for; None where it was not drawn by chance."""


class ReviewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a sample with its transcript: personal data."""

    record_id: str
    stratum: str
    weight: float | None
    grade: str | None
    grounding: float | None
    attributes: str | None
    """Call attributes as a JSON object."""
    transcript: str | None
    """The text that was sent; None after the plan's partition has expired."""
    answer: dict[str, Any]
    """Column to value."""


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """A group of rows of which the sample has some."""

    stratum: str
    rows: int
    sampled: int


class ReviewSample(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `review_sample`."""

    sample_id: str
    run_id: str
    analysis: str
    model: str
    answered_by: str | None
    """Models that the run's answers name, joined by commas."""
    by: str
    against: str | None
    seed: str
    asked: int
    """Rows that were asked for."""
    eligible: int
    """Rows that could have been drawn."""
    strata: list[Stratum]
    """Those with rows in the sample."""
    strata_left_out: int
    is_over: bool
    """Whether the run is over: no further row can come."""
    columns: list[ReviewColumn]
    records: list[ReviewRecord]


class RecordedSample(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `record_review`."""

    sample_id: str
    is_new: bool
    """False: it was recorded before."""


class _Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `queries/quality/review_sample.sql`."""

    record_id: str
    batch: int
    stratum: str
    size: int
    strata: int
    eligible: int


def review_sample(
    backend: Backend,
    run_id: str,
    n: int = 50,
    by: str = "random",
    seed: str = "0",
    against: str | None = None,
) -> ReviewSample:
    """Draw `n` rows of the run, the same ones for the same seed, with their transcripts.

    Each stratum has an equal share of them: a value of the column `by`, a grade, or the first column
    that differs from `against`. Raises `InvalidOperation` for a run without such rows.
    """
    plan = plan_of(backend, run_id)
    analysis = analysis_of(plan)
    _check(analysis, run_id, n, by, against)
    here = {"run_id": run_id, "planned_on": plan.planned_on, "sample": n, "seed": seed}
    drawn = _draw(backend, analysis, by, {**here, "against": against})
    if not drawn:
        raise InvalidOperation(_nothing(backend, plan, by, against))
    ids = [each.record_id for each in drawn]
    how = (by, seed, against or "")
    rows, run = _strata(drawn), run_rows(backend, run_id)[0]
    return ReviewSample(
        sample_id=review_sample_id(run_id, how, ids),
        run_id=run_id,
        analysis=plan.analysis,
        model=plan.model,
        answered_by=run.answered_by,
        by=by,
        against=against,
        seed=seed,
        asked=n,
        eligible=drawn[0].eligible,
        strata=[*rows.values()],
        strata_left_out=drawn[0].strata - len(rows),
        is_over=run.is_over,
        columns=review_columns(analysis),
        records=_records(backend, analysis, drawn, rows, here, is_random=by != LOW_GROUNDING),
    )


def record_review(
    backend: Backend,
    sample_id: str,
    run_id: str,
    by: str,
    seed: str,
    rows: Sequence[Mapping[str, Any]],
    against: str | None = None,
) -> RecordedSample:
    """Record the rows of a sample in `review_samples`, once. Rows that the run lacks are left out."""
    if not _SAMPLE_ID.fullmatch(sample_id):
        raise InvalidOperation(f"invalid sample {sample_id!r}: use the id that the drawing gave")
    drawn = msgspec.convert(rows, list[DrawnRow])
    plan = plan_of(backend, run_id)
    params = {
        "run_id": run_id,
        "planned_on": plan.planned_on,
        "analysis": plan.analysis,
        "drawn_by": by,
        "against": against,
        "seed": seed,
        "drawn_rows": [msgspec.structs.asdict(each) for each in drawn],
    }
    samples = backend.dependencies.tracking.review_samples
    is_new = samples.record(sample_id, analysis_of(plan).table, params)
    return RecordedSample(sample_id=sample_id, is_new=is_new)


def _check(analysis: Analysis, run_id: str, n: int, by: str, against: str | None) -> None:
    if not 1 <= n <= MOST_RECORDS:
        raise InvalidOperation(f"invalid --n {n}: use 1 to {MOST_RECORDS:,}")
    known = strata_columns(analysis)
    if by not in WAYS and by not in known:
        columns = ", ".join(known) or "the analysis has no column with few values"
        raise InvalidOperation(
            f"invalid --by {by!r}: use {', '.join(WAYS)}, or a column of {analysis.name}: {columns}"
        )
    if by == DISAGREEMENT and not against:
        raise InvalidOperation("--against is missing: name the run or version that may differ")
    if against == run_id:
        raise InvalidOperation(
            f"invalid --against {against}: name another run than the sampled one"
        )
    if by != DISAGREEMENT and against:
        raise InvalidOperation(f"--against needs --by {DISAGREEMENT}")


def _draw(backend: Backend, analysis: Analysis, by: str, params: Mapping[str, Any]) -> list[_Drawn]:
    samples = backend.dependencies.tracking.review_samples
    if by == DISAGREEMENT:
        other = _analysis_against(backend, params["against"])
        shared = [each for each in analysis.closed_columns if each in other.closed_columns]
        if not shared:
            raise InvalidOperation(
                f"invalid --against {params['against']}: {analysis.name} and {other.name} "
                "have no closed column in common"
            )
        rows = samples.draw_differing(shared, analysis.table, other.table, params)
    else:
        rows = samples.draw(by, analysis.table, params)
    return msgspec.convert(rows, list[_Drawn])


def _analysis_against(backend: Backend, against: str) -> Analysis:
    """Return the analysis of a run, or the version itself. Raises `InvalidOperation`."""
    plan = backend.dependencies.tracking.plan_of(against)
    if plan is not None:
        return analysis_of(plan)
    try:
        return backend.dependencies.analyses.load(against)
    except AnalysisError as error:
        raise InvalidOperation(
            f"invalid --against {against!r}: it is neither a run that was planned nor an analysis "
            f"({error}); `troupe status` lists the runs"
        ) from error


def _nothing(backend: Backend, plan: Plan, by: str, against: str | None) -> str:
    run = run_rows(backend, plan.run_id)[0]
    if not run.analysed:
        return f"run {plan.run_id} has no row: see `troupe status {plan.run_id}`"
    return _NOTHING.get(by, "no row of run {run} is left").format(run=plan.run_id, against=against)


def _strata(drawn: Sequence[_Drawn]) -> dict[str, Stratum]:
    sampled = Counter(each.stratum for each in drawn)
    sizes = {each.stratum: each.size for each in drawn}
    return {
        name: Stratum(stratum=name, rows=sizes[name], sampled=sampled[name])
        for name in sorted(sizes)
    }


def _records(
    backend: Backend,
    analysis: Analysis,
    drawn: Sequence[_Drawn],
    strata: Mapping[str, Stratum],
    here: Mapping[str, Any],
    *,
    is_random: bool,
) -> list[ReviewRecord]:
    samples = backend.dependencies.tracking.review_samples
    params = {
        **here,
        "record_ids": [each.record_id for each in drawn],
        "batches": sorted({each.batch for each in drawn}),
    }
    rows = samples.answers([*analysis.columns], analysis.table, params)
    texts = samples.texts(params)

    def record(each: _Drawn) -> ReviewRecord:
        row, stratum = rows[each.record_id], strata[each.stratum]
        return ReviewRecord(
            record_id=each.record_id,
            stratum=each.stratum,
            weight=stratum.rows / stratum.sampled if is_random else None,
            grade=row["grade"],
            grounding=row["grounding"],
            attributes=row["attributes"],
            transcript=texts.get(each.record_id),
            answer=answer_of(row, analysis),
        )

    return [record(each) for each in drawn if each.record_id in rows]


def answer_of(row: Row, analysis: Analysis) -> dict[str, Any]:
    """Return column to value of a row of `queries/quality/review_rows.sql`.

    A list without entries is null in DuckDB and empty in BigQuery: it is empty here.
    """
    lists = {column.name for column in analysis.output_columns if column.mode == "REPEATED"}
    return {name: (row[name] or []) if name in lists else row[name] for name in analysis.columns}
