"""The outcome of a run in words: what happened, what is stuck, and what to do next."""

from collections.abc import Sequence

from troupe.operations.empty_request import Nothing, why_nothing
from troupe.operations.next_steps import Step
from troupe.operations.outcome import Outcome, Word
from troupe.operations.quality.golden_request import LEFT_OUT, MISSING, GoldenRequest
from troupe.report import formatting, labels

from .columns import line, named

SIMULATED = (
    "Simulated: the built-in stand-in wrote these answers, not a model. They show how Troupe works,"
    " and say nothing about the calls."
)
WILL_BE_SIMULATED = (
    "Simulated: the built-in stand-in writes the answers, not a model; --model-url names one of"
    " your own."
)
MENDED = "Nothing is stuck: each record that failed or was released has a row since."
ALL_WELL = "Nothing is stuck, and no record failed."
FAILURES_SHOWN = 4


def happened(outcome: Outcome) -> str:
    """One sentence, which begins with the word for the run."""
    return f"{str(outcome.word).capitalize()}: {_counts(outcome)}."


def _counts(outcome: Outcome) -> str:
    records = formatting.plural(outcome.records, "record")
    over = formatting.count(outcome.analysed + outcome.without_row)
    if outcome.word is Word.EMPTY:
        return "nothing was asked"
    if outcome.word is Word.DRY_RUN:
        return "no request was sent and nothing was paid"
    if not outcome.is_over:
        return f"{over} of {records} are over, {_rows(outcome)}"
    if outcome.word is Word.STOPPED:
        why = "; ".join(labels.stop_reason(reason) for reason in outcome.stop_reasons)
        return f"{why}. {_of_all(outcome)}"
    return _of_all(outcome)


def _of_all(outcome: Outcome) -> str:
    """How many of the records of a run that is over have a row."""
    if outcome.analysed == outcome.records:
        return (
            "the record has a row"
            if outcome.records == 1
            else f"all {outcome.records:,} records have a row"
        )
    return (
        f"{formatting.count(outcome.analysed)} of {formatting.plural(outcome.records, 'record')}"
        f" have a row, {_without(outcome)}{since(outcome)}"
    )


def _rows(outcome: Outcome) -> str:
    rows = f"{formatting.plural(outcome.analysed, 'row')} stored"
    return f"{rows}, {_without(outcome)}" if outcome.without_row else rows


def since(outcome: Outcome) -> str:
    """How many of the records without a row have one by now; empty for none."""
    count = outcome.analysed_since
    if not count:
        return ""
    runs = outcome.later_runs
    where = f"run {runs[0]}" if len(runs) == 1 else f"{len(runs):,} later runs"
    if count == outcome.without_row == 1:
        return f"; it has a row since, from {where}"
    verb = "has" if count == 1 else "have"
    return f"; {formatting.count(count)} of them {verb} a row since, from {where}"


def _without(outcome: Outcome) -> str:
    parts = [
        f"{formatting.count(records)} {name}"
        for name, records in (("failed", outcome.failed), ("released", outcome.released))
        if records
    ]
    return ", ".join(parts) or "none failed"


def stuck(outcome: Outcome, unbalanced: str = "") -> list[str]:
    """What needs a look, the worst first; `unbalanced` says what the recount found."""
    worst = unbalanced or ("" if outcome.balanced else "The totals do not balance.")
    lines = [worst] if worst else []
    if outcome.held_up:
        waiting = formatting.plural(outcome.held_up, "batch", "batches")
        verb = "waits" if outcome.held_up == 1 else "wait"
        lines.append(f"{waiting} {verb} for an operator: a handler gave up on a message.")
    failures = [each for each in outcome.failures if each.left]
    lines += [
        f"{formatting.plural(each.left, 'record')} {'released' if each.is_due else 'failed'}:"
        f" {labels.error(each.error_type, each.cause)}. {labels.what(each.reason)}".rstrip()
        for each in failures[:FAILURES_SHOWN]
    ]
    rest = sum(each.left for each in failures[FAILURES_SHOWN:])
    if rest:
        lines.append(f"{formatting.plural(rest, 'record')} with other errors.")
    if not lines and outcome.left:
        lines.append(f"{formatting.plural(outcome.left, 'record')} without a row.")
    return lines or [_nothing_stuck(outcome)]


def _nothing_stuck(outcome: Outcome) -> str:
    if outcome.analysed_since:
        return MENDED
    return ALL_WELL if outcome.is_over else "Nothing failed so far."


def outcome_lines(outcome: Outcome) -> list[str]:
    """The run in one line, then the commands that follow it."""
    counts = line(f"run {outcome.run_id} {outcome.word}: {_counts(outcome)}")
    return [counts, *step_lines(outcome.next)]


def step_lines(steps: Sequence[Step]) -> list[str]:
    """Each command with what it does."""
    return [
        named("next" if at == 0 else "", f"`{step.command}` {step.why}")
        for at, step in enumerate(steps)
    ]


def simulated_lines(outcome: Outcome) -> list[str]:
    """The mark of answers that no model gave; nothing for others."""
    return [line(SIMULATED)] if outcome.simulated else []


def nothing_lines(nothing: Nothing) -> list[str]:
    """Why no run was requested, and what helps."""
    return [
        line(f"nothing to do: {nothing.why}"),
        *step_lines(nothing.next),
        line("no run was requested; --allow-empty requests one all the same"),
    ]


def golden_line(golden: GoldenRequest) -> str:
    """How a request covers the records of a golden set."""
    parts = [f"{count:,} {LEFT_OUT[name]}" for name, count in golden.left_out.items()]
    if golden.missing:
        parts.append(f"{golden.missing:,} {MISSING}")
    rest = f"; left out: {', '.join(parts)}" if parts else ""
    return line(
        f"golden set {golden.golden} version {golden.version}: {golden.asked:,} of "
        f"{formatting.plural(golden.records, 'record')}{rest}"
    )


def empty_reason(source_rows: int, skipped: dict[str, int], analysis: str) -> str:
    """Why an empty run has no record."""
    why = why_nothing(source_rows, {name: n for name, n in skipped.items() if n}, analysis)
    return f"{why[:1].upper()}{why[1:]}."
