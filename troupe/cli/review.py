"""The commands `review`: draw a sample of a run's rows for people, and compare two reviewers."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from analysis import AnalysisError
from events import RunRequested
from troupe.operations.quality import review_sample as reviewing
from troupe.operations.quality.review_sample import DrawnRow, ReviewSample, Stratum
from troupe.operations.quality.reviews import label_lines, labels_file, list_reviews, review_labels
from troupe.quality.agreement import agreement as compare_reviews
from troupe.quality.agreement import agreement_lines
from troupe.quality.labels import BadLabels, read_labels
from troupe.quality.review_page import about, render_page

from .client import CallFailed, call, installed_analyses, try_call
from .options import AsJson
from .output import check_writable, fail, print_json, print_lines, warn, write_private

app = typer.Typer(
    help="Have people judge a sample of a run's answers, and compare what they say.",
    no_args_is_help=True,
    add_completion=False,
)


DEFAULT_ANALYSIS = RunRequested(run_id="").analysis


class SampledReview(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `review sample`; what the records say is on the page alone."""

    sample_id: str
    run_id: str
    analysis: str
    page: str
    """The file."""
    recorded: bool
    """Whether the table `review_samples` has the sample."""
    eligible: int
    strata: list[Stratum]
    strata_left_out: int
    rows: list[DrawnRow]


@app.command("sample")
def sample(
    run: Annotated[str, typer.Argument(help="Run whose rows to review.")],
    n: Annotated[
        int, typer.Option("--n", min=1, max=reviewing.MOST_RECORDS, help="Rows of the sample.")
    ] = 50,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="HOW",
            help="random, low-grounding, partial, disagreement, or a column with few values: "
            "each value has an equal share.",
        ),
    ] = "random",
    seed: Annotated[str, typer.Option("--seed", help="The same seed draws the same rows.")] = "0",
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="RUN_OR_VERSION",
            help="With --by disagreement: the run or analysis that may differ.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="The page. Default: review-RUN.html."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw rows of a run, and write a page on which a person judges them.

    The page is one file that works without a network, on a phone as well. It holds transcripts and
    answers: only you can read the file, and it is yours to delete. It exports a file of labels.

    Examples:
        troupe review sample first
        troupe review sample first --n 30 --by call_tone --out tones.html
        troupe review sample second --by disagreement --against first
    """
    checked = check_writable("--out", out) if out else None
    how = {"run_id": run, "by": by, "seed": seed, "against": against}
    drawn = call(reviewing.review_sample, n=n, **how)
    page = checked or check_writable("--out", Path(f"review-{run}.html"))
    write_private(page, render_page(drawn))
    rows = msgspec.convert(drawn.records, list[DrawnRow], from_attributes=True)
    problem = _record(drawn, rows, how)
    if as_json:
        print_json(
            SampledReview(
                sample_id=drawn.sample_id,
                run_id=run,
                analysis=drawn.analysis,
                page=str(page),
                recorded=problem is None,
                eligible=drawn.eligible,
                strata=drawn.strata,
                strata_left_out=drawn.strata_left_out,
                rows=rows,
            )
        )
    else:
        print_lines([f"wrote {page}: {about(drawn)}", *_strata_lines(drawn)])
    warn(
        [f"{page} holds personal data: only you can read it; delete it after the review"]
        + [f"the sample is not in the table review_samples: {problem}"] * (problem is not None)
    )


def _record(drawn: ReviewSample, rows: list[DrawnRow], how: dict[str, Any]) -> str | None:
    """Record the sample; return why that failed. The page is as good without it."""
    try:
        try_call(
            reviewing.record_review,
            sample_id=drawn.sample_id,
            rows=[msgspec.structs.asdict(each) for each in rows],
            **how,
        )
    except CallFailed as error:
        return str(error)
    return None


def _strata_lines(drawn: ReviewSample) -> list[str]:
    lines = []
    if len(drawn.strata) > 1:
        for each in drawn.strata:
            weight = each.rows / each.sampled
            lines.append(
                f"  {each.stratum}: {each.sampled:,} of {each.rows:,} rows, weight {weight:g}"
            )
    if len(drawn.records) < drawn.asked:
        lines.append(
            f"{drawn.asked:,} rows were asked for, and run {drawn.run_id} has only "
            f"{drawn.eligible:,} such rows"
        )
    if drawn.strata_left_out:
        lines.append(
            f"{drawn.strata_left_out:,} other strata have no row in the sample: use a larger --n"
        )
    if not drawn.is_over:
        lines.append(f"run {drawn.run_id} is not over: rows that come later are not in the sample")
    return lines


@app.command("list")
def list_samples(
    run: Annotated[str | None, typer.Argument(help="Only samples of this run.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the recorded samples, and how many records each reviewer judged in the console.

    Examples:
        troupe review list first
    """
    found = call(list_reviews, run_id=run)
    if as_json:
        print_json(found)
        return
    for each in found.reviews:
        typer.echo(f"{each.sample_id}  run {each.run_id}, {each.records:,} records by {each.by}")
        print_lines([f"  {who.reviewer}: {who.labelled:,} judged" for who in each.reviewers])
    if not found.reviews:
        typer.echo("no samples: draw one with `troupe review sample RUN`")


@app.command("labels")
def labels(
    sample: Annotated[str, typer.Argument(help="Id of the sample, as `review list` shows it.")],
    reviewer: Annotated[str, typer.Argument(help="Initials under which the reviewer judged.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Default: labels-RUN-SAMPLE-REVIEWER.jsonl."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write what a reviewer saved in the console as a file of labels, for `golden add`.

    Corrections may be personal data: only you can read the file, and it is yours to delete.

    Examples:
        troupe review labels 71346a4e85b8 ab --out labels-ab.jsonl
    """
    file = check_writable("--out", out) if out else None
    found = call(review_labels, sample_id=sample, reviewer=reviewer)
    if as_json:
        print_json(found)
        return
    if not found.rows:
        fail(f"{reviewer} has saved no label of sample {sample}: see `troupe review list`")
    file = file or check_writable("--out", Path(labels_file(found)))
    write_private(file, label_lines(found))
    print_lines([f"wrote {file}: labels of {len(found.rows):,} records"])


@app.command("agreement")
def agreement(
    first: Annotated[Path, typer.Argument(help="Labels of one reviewer.")],
    second: Annotated[Path, typer.Argument(help="Labels of another one, of the same sample.")],
    analysis: Annotated[
        str, typer.Option("--analysis", metavar="NAME", help="Analysis whose columns they label.")
    ] = DEFAULT_ANALYSIS,
    show: Annotated[
        bool, typer.Option("--show", help="Show texts and lists that differ: personal data.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far two reviewers agree: by column, with Cohen's kappa, and where they differ.

    Where both give a value it is compared. A label that only says what is wrong differs from that
    value, and cannot be compared with another one.

    Examples:
        troupe review agreement labels-ab.jsonl labels-cd.jsonl
    """
    try:
        chosen = installed_analyses().load(analysis)
        found = compare_reviews(
            read_labels(first, chosen), read_labels(second, chosen), chosen, show=show
        )
    except AnalysisError as error:
        fail(f"invalid --analysis {analysis!r}: {error}")
    except BadLabels as error:
        fail(str(error))
    except ValueError as error:
        fail(f"{first} and {second} cannot be compared: {error}")
    if as_json:
        print_json(found)
    else:
        print_lines(list(agreement_lines(found)))
