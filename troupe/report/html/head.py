"""The head of the page: the run, and its answers to the four questions of a reader."""

from collections.abc import Iterator

from handlers.summary.run_summary import RunSummary
from troupe.operations.next_steps import Step
from troupe.operations.outcome import Outcome
from troupe.operations.reconciliation import Reconciliation
from troupe.report import formatting, labels, metrics
from troupe.report.reconciliation import totals_line
from troupe.report.text.outcome import SIMULATED, empty_reason, happened, stuck
from troupe.report.text.run_cost import cost_sentence

from .elements import Markup, join, tag, unbroken

QUESTIONS = ("What happened", "What is stuck or failed", "What it cost", "What to do next")


def title(summary: RunSummary) -> Markup:
    about = [
        f"analysis {labels.prompt(summary.analysis, summary.prompt_fingerprint)}",
        f"model {labels.model(summary.model, summary.totals.answered_by)}",
        f"mode {summary.mode}",
        *_when(summary),
    ]
    return tag(
        "header",
        tag("h1", f"Run {summary.run_id}"),
        tag("ul", *(tag("li", each) for each in about), class_="about"),
    )


def _when(summary: RunSummary) -> list[str]:
    times = summary.times
    lines = [f"planned {formatting.moment(times.planned_at or summary.planned_at)}"]
    if times.completed_at:
        lines.append(f"completed {formatting.moment(times.completed_at)}")
        lines.append(f"took {metrics.duration_of(summary)}")
    return lines


def head(summary: RunSummary, outcome: Outcome, recounted: Reconciliation | None) -> Markup:
    """The mark of simulated answers, then question and answer four times."""
    totals = totals_line(summary, recounted)
    is_good = totals.mood == "good"
    failed = stuck(outcome, unbalanced="" if is_good else totals.line)
    answers = (
        _happened(summary, outcome),
        _list(failed),
        tag("p", cost_sentence(summary)),
        tag("ul", *(tag("li", *_step(step)) for step in outcome.next), class_="steps"),
    )
    lines = [
        tag("div", tag("dt", question), tag("dd", answer))
        for question, answer in zip(QUESTIONS, answers, strict=True)
    ]
    mark = tag("p", SIMULATED, class_="simulated") if outcome.simulated else Markup("")
    balance = (
        tag("p", totals.line, class_="note") if is_good and not summary.dry_run else Markup("")
    )
    return tag("section", mark, tag("dl", *lines, class_="questions"), balance,
               class_=outcome.severity, id="head")  # fmt: skip


def _happened(summary: RunSummary, outcome: Outcome) -> Markup:
    first, _, rest = happened(outcome).partition(":")
    more = " ".join(_more(summary))
    return tag("p", tag("b", f"{first}:"), rest, f" {more}" if more else "")


def _more(summary: RunSummary) -> Iterator[str]:
    """Of a dry run what it would select; of an empty run why it is empty."""
    if summary.dry_run:
        would = formatting.plural(summary.would_records, "record")
        into = formatting.plural(summary.would_batches, "batch", "batches")
        yield f"It would select {would} in {into}."
    if not (summary.would_records if summary.dry_run else summary.records):
        yield empty_reason(summary.source_rows, summary.skipped, summary.analysis)


def _list(lines: list[str]) -> Markup:
    if len(lines) == 1:
        return tag("p", lines[0])
    return tag("ul", *(tag("li", each) for each in lines))


def _step(step: Step) -> tuple[Markup, str]:
    # A line may not break within an option: it breaks at every hyphen otherwise.
    words = [tag("span", word) for word in step.command.split()]
    return tag("code", *(join([word, " "]) for word in words[:-1]), words[-1]), f" {step.why}"


def foot(summary: RunSummary) -> Markup:
    text = "Counts and names only: this page holds no transcript."
    return tag("footer", text, f" Planned on {summary.planned_on} (UTC).")


def tiles(summary: RunSummary) -> Markup:
    """The five success metrics."""
    return join(
        [
            tag("h2", "Success metrics", class_="over"),
            tag(
                "dl",
                *(
                    tag(
                        "div",
                        tag("dt", metric.name),
                        tag("dd", tag("b", unbroken(metric.value)), tag("small", metric.meaning)),
                    )
                    for metric in metrics.metrics_of(summary)
                ),
                class_="tiles",
            ),
        ]
    )
