"""How a run stands: one word, how bad it is, and the commands that follow.

Terminal, page, JSON and exit codes all take it from here.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Literal

import msgspec

from analysis.models import is_simulated
from handlers.summary.run_summary import Endings, ErrorCount
from troupe.exit_codes import ExitCode

from .later_rows import LaterRows
from .next_steps import Step, analysis_option
from .runs import RunStatus

Severity = Literal["good", "open", "warn", "bad"]

_WORST_FIRST = (ExitCode.FAILED, ExitCode.RUN_STOPPED, ExitCode.RECORDS_FAILED, ExitCode.OK)

REREAD = frozenset({"schema_mismatch", "incomplete_answer", "missing_summary"})
"""Errors that other reading rules may mend, without asking the model again."""

_NOT_OF_THE_RUN = frozenset({"cleared", "empty_transcript", "request_too_large"})
"""Errors of rows that the plan left out, and of records whose row was deleted later."""


class Word(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILURES = "completed with failures"
    EMPTY = "empty"
    DRY_RUN = "dry run"


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Records of a run that have no row, by the error that decided it."""

    error_type: str
    cause: str | None
    records: int
    is_due: bool
    """The next plan takes them by itself; the others wait for a `reprocess` that names them."""
    analysed_since: int = 0
    """Those of the records that have a row by now, from a later run."""

    @property
    def left(self) -> int:
        """Records that still have no row."""
        return max(0, self.records - self.analysed_since)

    @property
    def reason(self) -> str:
        """What was wrong with the last answer, where the error only says that no try was left."""
        return self.cause or self.error_type


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How one run stands, and what follows."""

    run_id: str
    word: Word
    severity: Severity
    simulated: bool
    """The stand-in gave some of the answers: they are invented, and were not paid for."""
    answered_by: str | None
    records: int
    analysed: int
    failed: int
    released: int
    analysed_since: int
    """Failed and released records that have a row by now, from a later run of the analysis."""
    later_runs: list[str]
    """The runs that stored those rows."""
    stop_reasons: list[str]
    balanced: bool
    """Whether its recounted totals balance; true where they were not recounted."""
    held_up: int
    """Batches that wait for an operator, because of a dead letter."""
    failures: list[Failure]
    next: list[Step]
    """Commands, the first one to begin with."""

    @property
    def without_row(self) -> int:
        """Records that ended without a row in this run."""
        return self.failed + self.released

    @property
    def left(self) -> int:
        """Records that still have no row, from no run."""
        return self.without_row - self.analysed_since

    @property
    def is_over(self) -> bool:
        return self.word not in (Word.RUNNING, Word.STOPPING)

    def exit_code(self, fail_over: float = 0) -> int:
        """With `fail_over`, a share of records without a row up to this percentage is no failure."""
        if not self.balanced:
            return ExitCode.FAILED
        if self.word is Word.STOPPED:
            return ExitCode.RUN_STOPPED
        if self.word is Word.FAILURES and 100 * self.left > fail_over * self.records:
            return ExitCode.RECORDS_FAILED
        return ExitCode.OK


def exit_code(outcomes: Iterable[Outcome], fail_over: float = 0) -> int:
    """The code of the worst outcome."""
    codes = {each.exit_code(fail_over) for each in outcomes}
    return next((code for code in _WORST_FIRST if code in codes), ExitCode.OK)


def word_of(run: RunStatus) -> Word:
    """The word for a run."""
    if run.dry_run:
        return Word.DRY_RUN
    if run.completed_at is None:
        return Word.STOPPING if run.stopped_for else Word.RUNNING
    if run.stopped_for:
        return Word.STOPPED
    if not run.records:
        return Word.EMPTY
    return Word.FAILURES if run.failed + run.released else Word.COMPLETED


def outcome_of(
    run: RunStatus,
    errors: Sequence[ErrorCount] = (),
    *,
    when_empty: Sequence[Step] = (),
    recounted: Endings | None = None,
    balanced: bool = True,
    held_up: int = 0,
    later: Sequence[LaterRows] = (),
) -> Outcome:
    """Judge a run. All but its row is known where it is looked at in full.

    `when_empty` are the commands that follow a run without records; `later` are the rows that
    later runs stored for records without one.
    """
    run = run if recounted is None else _as_recounted(run, recounted)
    word, failures = word_of(run), _failures(errors, later)
    left = _left(run, later)
    return Outcome(
        run_id=run.run_id,
        word=word,
        severity=_severity(left, word, is_bad=not balanced or held_up > 0),
        simulated=is_simulated(run.answered_by),
        answered_by=run.answered_by,
        records=run.records,
        analysed=run.analysed,
        failed=run.failed,
        released=run.released,
        analysed_since=sum(each.records for each in later),
        later_runs=sorted({each.run_id for each in later}),
        stop_reasons=run.stop_reasons,
        balanced=balanced,
        held_up=held_up,
        failures=failures,
        next=list(_next(left, word, failures, when_empty, balanced=balanced, held_up=held_up)),
    )


def _as_recounted(run: RunStatus, totals: Endings) -> RunStatus:
    """The row counts what the attempts closed; what was cleared since has no row and no failure."""
    return msgspec.structs.replace(
        run, analysed=totals.analysed, failed=totals.failed, released=totals.released
    )


def _left(run: RunStatus, later: Sequence[LaterRows]) -> RunStatus:
    """The run with the failures that are left: what a later run analysed needs nothing more."""
    mended = Counter[str]()
    for each in later:
        mended[each.ending] += each.records
    return msgspec.structs.replace(
        run, failed=run.failed - mended["failed"], released=run.released - mended["released"]
    )


def _severity(run: RunStatus, word: Word, *, is_bad: bool) -> Severity:
    if is_bad or word is Word.STOPPED:
        return "bad"
    if word is Word.FAILURES and run.failed + run.released:
        return "warn" if run.analysed else "bad"
    if word is Word.FAILURES:
        return "good"
    return "good" if word is Word.COMPLETED else "warn" if word is Word.STOPPING else "open"


def _failures(errors: Sequence[ErrorCount], later: Sequence[LaterRows]) -> list[Failure]:
    """The errors that ended records, the most frequent first; those that were mended are left out."""
    since = Counter[tuple[str | None, str | None]]()
    for row in later:
        since[row.error_type, row.cause] += row.records
    found = [
        Failure(
            error_type=each.error_type,
            cause=each.cause,
            records=each.records,
            is_due=bool(each.replan),
            analysed_since=since[each.error_type, each.cause],
        )
        for each in errors
        if each.scope == "record" and not each.retryable and each.error_type not in _NOT_OF_THE_RUN
    ]
    return sorted(found, key=lambda each: (each.is_due, -each.records))


def _next(
    run: RunStatus,
    word: Word,
    failures: Sequence[Failure],
    when_empty: Sequence[Step],
    *,
    balanced: bool,
    held_up: int,
) -> Iterator[Step]:
    if not balanced:
        yield Step(command=f"troupe verify {run.run_id} --json", why="shows what does not balance")
    if held_up:
        yield Step(command="troupe dead-letters list", why="shows what is stuck, and why")
    if word is Word.DRY_RUN:
        yield Step(command="troupe request", why="with the same options makes the run")
    elif word in (Word.RUNNING, Word.STOPPING):
        yield Step(
            command=f"troupe status {run.run_id} --watch",
            why="shows how far it is, and what holds it up",
        )
    elif word is Word.EMPTY:
        yield from when_empty
    elif word is Word.COMPLETED or not run.failed + run.released:
        yield Step(command=f"troupe report {run.run_id} --html {run.run_id}.html",
                   why="shows the results as a page")  # fmt: skip
    else:
        yield from _of_failures(run, [each for each in failures if each.left])


def _of_failures(run: RunStatus, failures: Sequence[Failure]) -> Iterator[Step]:
    """First what costs nothing, then what asks again; of a stopped run first what was released."""
    if any(each.reason in REREAD for each in failures) and run.mode != "reread":
        yield Step(
            command=f"troupe reread {run.run_id} --dry-run",
            why="counts the stored answers that changed reading rules would accept, at no cost",
        )
    again = _asked_again(run, [each for each in failures if not each.is_due])
    released = _released(run)
    yield from (*released, *again) if run.stopped_for else (*again, *released)


def _asked_again(run: RunStatus, failures: Sequence[Failure]) -> list[Step]:
    """One type of error is named; of several, all failed records are sent."""
    if not run.failed:
        return []
    types = sorted({each.error_type for each in failures})
    only = f" --error-type {types[0]}" if len(types) == 1 else ""
    return [
        Step(
            command=f"troupe reprocess --run {run.run_id}{only} --dry-run",
            why="shows what asking the model again for the failed records would cost",
        )
    ]


def _released(run: RunStatus) -> list[Step]:
    if not run.released:
        return []
    budget = " --budget AMOUNT" if "budget" in run.stop_reasons else ""
    return [
        Step(
            command=f"troupe request{analysis_option(run.analysis)}{budget} --dry-run",
            why="shows the next run, which takes the released records",
        )
    ]
