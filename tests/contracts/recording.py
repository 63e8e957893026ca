"""Record the warehouse calls of a scenario on DuckDB, to replay them on another warehouse.

The recorded times are part of it: in a replay they replace CURRENT_TIMESTAMP() and CURRENT_DATE().
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
from troupe.operations.quality.golden_add import add_golden
from troupe.operations.quality.review_record import save_review
from troupe.operations.quality.review_sample import record_review, review_sample
from troupe.standin.corrupt import Corruption


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call of `run_once`."""

    at: datetime
    job_id: str
    script: str
    params: Params


@dataclass(frozen=True, slots=True)
class Append:
    """A call of `append`."""

    table: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Load:
    """A call of `load`: the returned name, and the lines of its files."""

    name: str
    columns: Sequence[Column]
    lines: bytes


Call = Transaction | Append | Load


@dataclass(slots=True)
class RecordedScenario:
    """The calls of a scenario, and the rows that it left."""

    now: datetime
    calls: list[Call] = field(default_factory=list)
    tables: dict[str, list[Row]] = field(default_factory=dict)


def record_scenario(home: Path) -> RecordedScenario:
    """Run and record a scenario that gives most queries rows to return.

    Corrupted answers and retries, a stopped run, a reprocessed run, a cleared history, a forgotten
    person, a review sample and the golden set made of it, a refused request, a system error, a dead letter, and a run that is in progress.
    """
    corruption = Corruption(share=0.5, seed=5)
    local = LocalHarness(home, LocalSettings(corruption=corruption, deployment="d1"))
    scenario = RecordedScenario(local.clock())
    _record(local, scenario)
    rows = [
        *calls(7), call(7, None), call(8, "x" * 40 + "ü😀'\"\\\n"), call(3), call(3, "edited"),
    ]  # fmt: skip
    _source(local, scenario, rows)
    local.run("r1", rows_per_batch=5, canary=3)
    _source(local, scenario, calls(2, start=20))
    local.request("r2")
    local.publish(CancelRequested(run_id="r2"))
    local.play()
    local.run("r3", mode="incremental")
    local.publish(ReprocessRequested(run_id="r4", of_run="r1"))
    local.play()
    _review(local, home.with_name("labels.jsonl"))
    clear_history.clear_history(local.backend, "r3", "seen twice", sure=True)
    clear_history.forget(local.backend, "tok_000001", sure=True)
    local.run("r1", limit=1)
    local.backend.dependencies.tracking.store_error(
        "e1", "dead_lettered", cause="bad", run_id="r1", batch=1
    )
    local.backend.bus.send("batch-planned", b"no event", {})
    local.play()
    _source(local, scenario, calls(2, start=30))
    local.request("r5")
    local.play_until("job-submitted", "r5")
    scenario.now = local.clock()
    scenario.tables = {table: _all(local, table) for table in layouts()}
    local.close()
    return scenario


def replay(scenario: RecordedScenario, warehouse: Warehouse, bucket: Bucket) -> list[bool]:
    """Replay on another warehouse; returns what its transactions returned."""
    names: dict[str, str] = {}
    done = []
    for each in _joined(scenario.calls):
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
    """The statement with this time in place of the current one."""
    moment = f"TIMESTAMP '{now.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"
    timed = sql.replace("CURRENT_TIMESTAMP()", moment)
    return timed.replace("CURRENT_DATE()", f"DATE '{now.astimezone(UTC):%Y-%m-%d}'")


def plain(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rows as sorted texts that are equal for equal rows: ten digits, empty list equal to null."""
    return sorted(json.dumps(_plain(dict(row)), sort_keys=True, default=str) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value] or None
    return value


def _record(local: LocalHarness, scenario: RecordedScenario) -> None:
    """Record every call that changes tables from now on."""
    warehouse, clock = local.backend.warehouse, local.clock
    run_once, append, load = warehouse.run_once, warehouse.append, warehouse.load
    deployment = {"deployment": local.backend.deployment.id}
    scenario.calls.append(
        Transaction(clock(), "create", transaction("create_deployment"), deployment)
    )

    def record_run_once(job_id: str, script: str, params: Params) -> bool:
        now = clock()
        ran = run_once(job_id, script, params)
        if ran:
            scenario.calls.append(Transaction(now, job_id, script, params))
        return ran

    def record_append(table: str, rows: Sequence[Row]) -> None:
        append(table, rows)
        scenario.calls.append(Append(table, list(rows)))

    def record_load(table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        files = list(uris)
        name = load(table, columns, files)
        lines = b"".join(local.backend.bucket.path_of(uri).read_bytes() for uri in files)
        scenario.calls.append(Load(name, columns, lines))
        return name

    for name, recorded in (
        ("run_once", record_run_once), ("append", record_append), ("load", record_load),
    ):  # fmt: skip
        setattr(warehouse, name, recorded)


def _review(local: LocalHarness, labels: Path) -> None:
    """Draw a sample of run r1, judge a record of it, and add two versions of a golden set."""
    drawn = review_sample(local.backend, "r1", n=5)
    rows = [
        {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
        for each in drawn.records
    ]
    record_review(local.backend, drawn.sample_id, "r1", drawn.by, drawn.seed, rows)
    ids = [each.record_id for each in drawn.records]
    right = {"call_tone": {"how": "right"}}
    save_review(local.backend, drawn.sample_id, "ab", ids[0], 0, right)
    for tone, labelled in (("friendly", ids[:3]), ("neutral", ids[2:])):
        lines = (json.dumps({"record_id": each, "call_tone": tone}) for each in labelled)
        labels.write_text("\n".join(lines))
        add_golden(local.backend, "tones", str(labels), extend=tone == "neutral")


def _source(local: LocalHarness, scenario: RecordedScenario, rows: Sequence[Row]) -> None:
    """Load source rows; the product does not write them through the port."""
    local.load(rows)
    typed = [row | {"event_timestamp": datetime.fromisoformat(row["event_timestamp"])}
             for row in rows]  # fmt: skip
    scenario.calls.append(Append("transcription_pass_2", typed))


def _joined(calls: Iterable[Call]) -> Iterator[Call]:
    """Join the appends to one table between two transactions, because nothing reads them before."""
    waiting: dict[str, list[Row]] = {}
    for each in calls:
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


def _all(local: LocalHarness, table: str) -> list[Row]:
    return local.backend.warehouse.query(f"SELECT * FROM {table}", {})  # noqa: S608
