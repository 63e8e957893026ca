"""Copy the tables of a deployment, as they are or were, and put rows back that are gone.

    python -m scripts.restore copy my-project.troupe my-project.troupe_copy
    python -m scripts.restore copy my-project.troupe my-project.troupe_copy --at 2026-03-02T09:00:00Z
    python -m scripts.restore missing my-project.troupe_copy my-project.troupe
    python -m scripts.restore back my-project.troupe_copy my-project.troupe --table claims

`copy` makes one copy job a table, which costs nothing but the storage; with --at it copies what time
travel keeps (seven days), of tables that were dropped as well. `missing` counts the rows of the copy
that are no more in the live table. `back` inserts these, and nothing else; a table that does not
exist is copied whole. Each may be repeated. Rows that somebody deleted on purpose come back too: see
docs/how-to/restore.md.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from google.api_core.exceptions import NotFound
from google.cloud.bigquery import Client, CopyJobConfig, WriteDisposition

from tracking.tables import layouts

LEFT_OUT = ("planning_lock",)
"""It has one row, which every plan changes: there are no rows to put back."""
OF_USER = frozenset(name for name, each in layouts().items() if each.written_by == "the user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was done with one table."""

    table: str
    rows: int | None
    """Rows copied, missing or inserted; None: there is no such table."""

    def line(self) -> str:
        return f"{self.table:<36} {'not there' if self.rows is None else f'{self.rows:,}'}"


def decorated(table: str, at: datetime | None) -> str:
    """Return the name of a table as it was at a time, by milliseconds as a copy job takes it."""
    return table if at is None else f"{table}@{round(at.timestamp() * 1000)}"


def gone(table: str, copied: str, live: str) -> str:
    """Return the condition and the source of the rows of the copy that the live table lacks.

    Rows are compared as JSON. A table that asks for a filter on its partition gets one for all days.
    """
    layout = layouts().get(table)
    partition = layout.partition if layout else None
    every = f"{{0}}.{partition} >= '1900-01-01'" if partition else "TRUE"
    return (
        f"FROM `{copied}.{table}` AS c WHERE {every.format('c')} AND TO_JSON_STRING(c) NOT IN ("  # noqa: S608
        f"SELECT TO_JSON_STRING(l) FROM `{live}.{table}` AS l WHERE {every.format('l')})"
    )


def copy(
    client: Client, source: str, target: str, tables: Sequence[str], at: datetime | None
) -> Iterator[Result]:
    """Copy tables into an existing dataset, over what an earlier copy left there."""
    config = CopyJobConfig(write_disposition=WriteDisposition.WRITE_TRUNCATE)
    for table in tables:
        yield Result(table=table, rows=_copied(client, source, target, table, config, at))


def missing(client: Client, copied: str, live: str, tables: Sequence[str]) -> Iterator[Result]:
    """Count the rows of the copy that the live tables lack."""
    for table in tables:
        if not _exists(client, f"{live}.{table}"):
            yield Result(table=table, rows=client.get_table(f"{copied}.{table}").num_rows)
            continue
        sql = f"SELECT COUNT(*) AS gone {gone(table, copied, live)}"
        yield Result(table=table, rows=next(iter(client.query_and_wait(sql)))["gone"])


def back(client: Client, copied: str, live: str, tables: Sequence[str]) -> Iterator[Result]:
    """Insert the rows of the copy that the live tables lack, and copy tables that do not exist."""
    config = CopyJobConfig(write_disposition=WriteDisposition.WRITE_EMPTY)
    for table in tables:
        if not _exists(client, f"{live}.{table}"):
            yield Result(table=table, rows=_copied(client, copied, live, table, config, None))
            continue
        fields = client.get_table(f"{copied}.{table}").schema
        columns = ", ".join(f"`{field.name}`" for field in fields)
        sql = (
            f"INSERT INTO `{live}.{table}` ({columns}) SELECT {columns} {gone(table, copied, live)}"
        )
        job = client.query(sql)
        job.result()
        yield Result(table=table, rows=job.num_dml_affected_rows or 0)


def _copied(
    client: Client, source: str, target: str, table: str, config: CopyJobConfig, at: datetime | None
) -> int | None:
    try:
        client.copy_table(
            decorated(f"{source}.{table}", at), f"{target}.{table}", job_config=config
        ).result()
    except NotFound:
        return None
    return int(client.get_table(f"{target}.{table}").num_rows)


def _exists(client: Client, table: str) -> bool:
    try:
        client.get_table(table)
    except NotFound:
        return False
    return True


def tables_of(client: Client, dataset: str, chosen: Iterable[str]) -> list[str]:
    """Return the chosen tables; without any, all of the product and what else the dataset holds."""
    listed = {t.table_id for t in client.list_tables(dataset) if t.table_type == "TABLE"}
    every = (listed | set(layouts())) - OF_USER - set(LEFT_OUT)
    return sorted(set(chosen) or every)


def main(arguments: Sequence[str] | None = None, client: Client | None = None) -> int:
    options = _parser().parse_args(arguments)
    used = client or Client(project=options.source.partition(".")[0])
    tables = tables_of(used, options.source, options.table)
    if options.what == "copy":
        results = copy(used, options.source, options.target, tables, options.at)
    else:
        run = missing if options.what == "missing" else back
        copied = [table for table in tables if _exists(used, f"{options.source}.{table}")]
        results = run(used, options.source, options.target, copied)
    for each in results:
        print(each.line(), flush=True)  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.restore", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("what", choices=("copy", "missing", "back"))
    parser.add_argument("source", type=_dataset, help="PROJECT.DATASET to read")
    parser.add_argument("target", type=_dataset, help="PROJECT.DATASET, which exists")
    parser.add_argument("--at", type=_time, help="copy the tables as they were then, RFC 3339")
    parser.add_argument("--table", action="append", default=[], help="only this one; repeatable")
    return parser


def _dataset(text: str) -> str:
    if text.count(".") != 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not PROJECT.DATASET")
    return text


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min  # noqa: DTZ901 - it has no time zone, as what is refused
    if time.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 2026-01-31T00:00:00Z")
    return time.astimezone(UTC)


if __name__ == "__main__":
    sys.exit(main())
