"""The page of tables, from tracking/schemas."""

from collections.abc import Iterator
from importlib.resources import files

from sqlglot import parse_one

from tracking.tables import Column, Layout, columns_of, layouts

from .text import MADE

HOLDS = {
    "transcription_pass_2": "The source: one row a call or chat. Its name and columns can be set.",
    "transcription_analyzed_transcripts": "The result: one row for each record that was analysed.",
    "processed_records": "Which records are done, so that no later plan takes them again.",
    "error_tracking": "Each thing that went wrong, of a record or of the system.",
    "run_plans": "One row a run: what was asked for, and what the plan made of the source.",
    "batch_plans": "How many records and bytes each batch holds: what its cost follows from.",
    "batch_records": "Which records belong to which batch, with the text that is analysed.",
    "planning_lock": "One row that every plan changes first, so that two plans exclude each other.",
    "claims": "Who may create the job of an attempt.",
    "attempt_closings": "How each attempt at a batch ended, with its counts and its cost.",
    "events": "The event log: every event, as it was told.",
    "deliveries": "What became of each delivery.",
    "history_clearings": "Runs whose history an operator cleared.",
    "run_reports": "The report of each run, and its measures as columns.",
}


def tables_page() -> str:
    known = [name for name in layouts() if name in HOLDS]
    parts = [
        "# Tables",
        MADE,
        (
            "All of them stand in one dataset. Each has one schema file in `tracking/schemas`, from"
            " which Terraform and the laptop make the table and every writer is checked."
        ),
        *(_table(name, layouts()[name]) for name in known),
        _views(),
    ]
    return "\n\n".join(parts) + "\n"


def _views() -> str:
    """In the order of their names, by their own first lines."""
    folder = files("tracking").joinpath("views")
    texts = {file.name.removesuffix(".sql"): file.read_text() for file in folder.iterdir()}
    rows = [f"| `{name}` | {_shown(text)} |" for name, text in sorted(texts.items())]
    head = "| view | what it shows | columns |\n|---|---|---|"
    told = "In a deployment these stand beside the tables; `troupe` itself does not read them."
    return "\n".join(["## Views", "", told, "", head, *rows])


def _shown(view: str) -> str:
    first = view.partition("\n")[0].removeprefix("-- ")
    columns = parse_one(view.format(dataset=""), read="bigquery").named_selects
    return f"{first} | {', '.join(f'`{name}`' for name in columns)}"


def _table(name: str, layout: Layout) -> str:
    rows = "\n".join(
        f"| `{path}` | {column.type.lower()} | {_MODES[column.mode]} | {column.description} |"
        for path, column in flat(columns_of(name))
    )
    head = "| column | type | | what it holds |\n|---|---|---|---|"
    return f"## {name}\n\n{HOLDS[name]} {_laid_out(layout)}\n\n{head}\n{rows}"


_MODES = {"REQUIRED": "required", "NULLABLE": "", "REPEATED": "list"}


def flat(columns: tuple[Column, ...], above: str = "") -> Iterator[tuple[str, Column]]:
    for column in columns:
        yield above + column.name, column
        yield from flat(column.fields, f"{above}{column.name}.")


def _laid_out(layout: Layout) -> str:
    told = [f"Written by {layout.written_by}."]
    if layout.partition:
        must = ", and every query must say which days it wants" * layout.require_partition_filter
        told.append(f"Partitioned by day of `{layout.partition}`{must}.")
    if layout.cluster:
        told.append(f"Clustered by {', '.join(f'`{name}`' for name in layout.cluster)}.")
    if layout.expiration_days:
        told.append(f"Partitions expire after {layout.expiration_days} days.")
    return " ".join(told)
