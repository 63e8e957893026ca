"""A story on a laptop, kept as what the warehouse was told, so that another can be told the same.

Time is part of it: wherever a statement asks for it, the other warehouse gets the laptop's.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from events import CancelRequested, ReprocessRequested
from handlers.ports import Bucket
from tests.harness import LocalHarness, call, calls
from tracking import Params, Row, Warehouse
from tracking.statements import transaction
from tracking.tables import Column, layouts
from troupe.backends.local.backend import LocalSettings
from troupe.operations import clear_history
from troupe.standin.corrupt import Corruption


@dataclass(frozen=True, slots=True)
class Transaction:
    """Told to `do`."""

    at: datetime
    job_id: str
    script: str
    params: Params


@dataclass(frozen=True, slots=True)
class Append:
    """Told to `append`."""

    table: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Load:
    """Told to `load`; the name that came back, and the lines."""

    name: str
    columns: Sequence[Column]
    lines: bytes


Told = Transaction | Append | Load


@dataclass(slots=True)
class Story:
    """What was told, and what it left behind."""

    now: datetime
    told: list[Told] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)


def tell_story(home: Path) -> Story:
    """Something for most queries to tell.

    Corruption and retries, a stop, a reprocessing, a clearing and a forgetting, a refused request,
    a system error, and a run that is still under way.
    """
    corruption = Corruption(share=0.5, seed=5)
    harness = LocalHarness(home, LocalSettings(corruption=corruption, deployment="d1"))
    story = Story(harness.clock())
    _record(harness, story)
    rows = [
        *calls(7), call(7, None), call(8, "x" * 40 + "ü😀'\"\\\n"), call(3), call(3, "edited"),
    ]  # fmt: skip
    _source(harness, story, rows)
    harness.run("r1", rows_per_batch=5, canary=3)
    _source(harness, story, calls(2, start=20))
    harness.request("r2")
    harness.publish(CancelRequested(run_id="r2"))
    harness.play()
    harness.run("r3", mode="incremental")
    harness.publish(ReprocessRequested(run_id="r4", of_run="r1"))
    harness.play()
    clear_history.clear_history(harness.backend, "r3", "seen twice", sure=True)
    clear_history.forget(harness.backend, "tok_000001", sure=True)
    harness.run("r1", limit=1)
    harness.backend.dependencies.tracking.store_error(
        "e1", "dead_lettered", cause="bad", run_id="r1", batch=1
    )
    _source(harness, story, calls(2, start=30))
    harness.request("r5")
    while "job-submitted" not in harness.topics("r5"):
        harness.backend.deliver_next()
    story.now = harness.clock()
    story.tables = {table: _all(harness, table) for table in layouts()}
    harness.close()
    return story


def tell_again(story: Story, warehouse: Warehouse, bucket: Bucket) -> list[bool]:
    """The same to another warehouse; returns what its transactions answered."""
    names: dict[str, str] = {}
    done = []
    for each in _joined(story.told):
        if isinstance(each, Transaction):
            script = at(_renamed(each.script, names), each.at)
            done.append(warehouse.run_once(each.job_id, script, each.params))
        elif isinstance(each, Append):
            warehouse.append(each.table, each.rows)
        else:
            blob = bucket.write_once(f"staging/{each.name}.ndjson", [each.lines])
            names[each.name] = warehouse.load("staged", each.columns, [blob.uri])
    return done


def at(sql: str, now: datetime) -> str:
    """The statement with the laptop's time in place of the server's."""
    moment = f"TIMESTAMP '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    timed = sql.replace("CURRENT_TIMESTAMP()", moment)
    return timed.replace("CURRENT_DATE()", f"DATE '{now.astimezone(UTC):%Y-%m-%d}'")


def plain(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rows as sorted texts that are equal for equal rows: floats to ten digits, no list as none."""
    return sorted(json.dumps(_plain(dict(row)), sort_keys=True, default=str) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value] or None
    return value


def _record(harness: LocalHarness, story: Story) -> None:
    """Everything that changes the laptop's tables from now on is kept."""
    warehouse, clock = harness.backend.warehouse, harness.clock
    do, append, load = warehouse.run_once, warehouse.append, warehouse.load
    founded = {"deployment": harness.backend.deployment.id}
    story.told.append(Transaction(clock(), "found", transaction("create_deployment"), founded))

    def keep_run_once(job_id: str, script: str, params: Params) -> bool:
        now = clock()
        ran = do(job_id, script, params)
        if ran:
            story.told.append(Transaction(now, job_id, script, params))
        return ran

    def keep_append(table: str, rows: Sequence[Row]) -> None:
        append(table, rows)
        story.told.append(Append(table, list(rows)))

    def keep_load(table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        given = list(uris)
        name = load(table, columns, given)
        lines = b"".join(harness.backend.bucket.path_of(uri).read_bytes() for uri in given)
        story.told.append(Load(name, columns, lines))
        return name

    for name, kept in (("run_once", keep_run_once), ("append", keep_append), ("load", keep_load)):
        setattr(warehouse, name, kept)


def _source(harness: LocalHarness, story: Story, rows: Sequence[Row]) -> None:
    """The source is the user's: it is not written through the warehouse."""
    harness.load(rows)
    typed = [row | {"event_timestamp": datetime.fromisoformat(row["event_timestamp"])}
             for row in rows]  # fmt: skip
    story.told.append(Append("transcription_pass_2", typed))


def _joined(told: Iterable[Told]) -> Iterator[Told]:
    """The rows of one table between two transactions in one append: nobody reads them before."""
    waiting: dict[str, list[Row]] = {}
    for each in told:
        if isinstance(each, Append):
            waiting.setdefault(each.table, []).extend(each.rows)
            continue
        if isinstance(each, Transaction):
            yield from (Append(table, rows) for table, rows in waiting.items())
            waiting.clear()
        yield each
    yield from (Append(table, rows) for table, rows in waiting.items())


def _renamed(script: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\bstaged_staging_\d+\b", lambda name: names[name.group()], script)


def _all(harness: LocalHarness, table: str) -> list[Row]:
    return harness.backend.warehouse.query(f"SELECT * FROM {table}", {})  # noqa: S608
