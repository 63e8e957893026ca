"""The page of tables, from the schemas in tracking/schemas."""

from collections.abc import Iterator
from importlib.resources import files
from typing import cast

from sqlglot import parse_one
from sqlglot.expressions import Query

from tracking.tables import Column, Layout, columns_of, layouts

from .text import MADE

HOLDS = {
    "transcription_pass_2": "The source: one row for each call or chat. Its name and columns are settings.",
    "transcription_analyzed_transcripts": "The result: one row for each record that was analysed.",
    "processed_records": "Records that have a row, so that no later plan takes them again.",
    "error_tracking": "Errors of records and of the system.",
    "run_plans": "One row for each run: its request, and what the plan selected from the source.",
    "batch_plans": "Records and bytes of each batch, from which its cost is estimated.",
    "batch_records": "The records of each batch, with the text that is sent.",
    "planning_lock": "One row that every plan updates first, so that only one plan runs at a time.",
    "claims": "Claims: who may create the job of an attempt.",
    "attempt_closings": "How each attempt ended, with its counts and its cost.",
    "events": "The event log: every event as it was published.",
    "deliveries": "The outcome of each delivery.",
    "dead_letters": "Dead letters: what each handler could not handle, for operators.",
    "history_clearings": "Runs whose history an operator cleared.",
    "golden_labels": "Golden sets: what people say is right, by record, set and version.",
    "review_samples": "The rows that were drawn for people to review, and how.",
    "review_labels": "What reviewers say of the rows of a sample: each save, the newest counts.",
    "run_reports": "The report of each run, with its metrics as columns.",
}


def tables_page() -> str:
    known = [name for name in layouts() if name in HOLDS]
    parts = [
        "# Tables",
        MADE,
        (
            "All of them are in one dataset. Each has one schema file in `tracking/schemas`, from which"
            " Terraform and the local backend create the table; rows are checked against it."
        ),
        *(_table(name, layouts()[name]) for name in known),
        _views(),
    ]
    return "\n\n".join(parts) + "\n"


def _views() -> str:
    """The views in order of name, each with the first line of its file."""
    folder = files("tracking").joinpath("views")
    texts = {file.name.removesuffix(".sql"): file.read_text() for file in folder.iterdir()}
    rows = [f"| `{name}` | {_shown(text)} |" for name, text in sorted(texts.items())]
    head = "| view | content | columns |\n|---|---|---|"
    note = "A deployment has these views beside the tables; `troupe` itself does not read them."
    return "\n".join(["## Views", "", note, "", head, *rows])


def _shown(view: str) -> str:
    first = view.partition("\n")[0].removeprefix("-- ")
    select = cast("Query", parse_one(view.format(dataset=""), read="bigquery"))
    return f"{first} | {', '.join(f'`{name}`' for name in select.named_selects)}"


def _table(name: str, layout: Layout) -> str:
    rows = "\n".join(
        f"| `{path}` | {column.type.lower()} | {_MODES[column.mode]} | {column.description} |"
        for path, column in flat(columns_of(name))
    )
    head = "| column | type | | content |\n|---|---|---|---|"
    return f"## {name}\n\n{HOLDS[name]} {_laid_out(layout)}\n\n{head}\n{rows}"


_MODES = {"REQUIRED": "required", "NULLABLE": "", "REPEATED": "list"}


def flat(columns: tuple[Column, ...], above: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        yield above + column.name, column
        yield from flat(column.fields, f"{above}{column.name}.")


def _laid_out(layout: Layout) -> str:
    sentences = [f"Written by {layout.written_by}."]
    if layout.partition:
        must = "; a query must restrict the days" * layout.require_partition_filter
        sentences.append(f"Partitioned by day of `{layout.partition}`{must}.")
    if layout.cluster:
        sentences.append(f"Clustered by {', '.join(f'`{name}`' for name in layout.cluster)}.")
    if layout.expiration_days:
        sentences.append(f"Partitions expire after {layout.expiration_days} days.")
    return " ".join(sentences)
