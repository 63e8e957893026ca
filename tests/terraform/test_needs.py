"""What the catalogue says a handler needs is what its code does: seen, not believed."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from events import CancelRequested
from handlers.dispatch.message import DeliveryResult
from tests.harness import LocalHarness, calls
from tracking.tables import layouts
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.bus import LeasedMessage
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.deployment.permissions import permissions_of
from troupe.deployment.services import CO_HOSTED, groupings, handlers_by_name
from troupe.standin.corrupt import Damage

SOURCE = next(name for name, layout in layouts().items() if layout.written_by == "the user")
RARELY = {"watch-jobs": {"error_tracking", "deliveries"}}
"""Written only for events that nobody handles."""
Seen = dict[str, dict[str, set[str]]]


@cache
def tables_in(sql: str) -> tuple[set[str], set[str]]:
    """Reads and writes, by a parser of its own."""
    reads, writes = set[str](), set[str]()
    for parsed in sqlglot.parse(sql, read="bigquery"):
        if parsed is None:
            continue
        target = None
        if isinstance(parsed, exp.Insert | exp.Update | exp.Delete | exp.Merge):
            target = parsed.find(exp.Table)
            writes |= {target.name} if target else set()
        reads |= {each.name for each in parsed.find_all(exp.Table) if each is not target}
    return reads & set(layouts()), writes & set(layouts())


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Service to the tables that it was seen to read and write."""
    found: Seen = {}
    acting = [""]

    def note(reads: set[str], writes: set[str]) -> None:
        if acting[0]:
            mine = found.setdefault(acting[0], {"reads": set(), "writes": set()})
            mine["reads"] |= reads
            mine["writes"] |= writes

    for name in ("query", "stream"):
        monkeypatch.setattr(LocalWarehouse, name, _noting(name, note, position=0))
    monkeypatch.setattr(LocalWarehouse, "run_once", _noting("run_once", note, position=1))
    append, deliver = LocalWarehouse.append, LocalBackend._deliver

    def noted_append(self: LocalWarehouse, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        note(set(), {table})
        append(self, table, rows)  # type: ignore[arg-type]

    def noted_deliver(self: LocalBackend, delivery: LeasedMessage) -> DeliveryResult:
        acting[0] = delivery.subscription.handler
        try:
            return deliver(self, delivery)
        finally:
            acting[0] = ""

    monkeypatch.setattr(LocalWarehouse, "append", noted_append)
    monkeypatch.setattr(LocalBackend, "_deliver", noted_deliver)
    return found


def _noting(name: str, note: Callable[[set[str], set[str]], None], *, position: int) -> Any:
    """A method of the warehouse that notes the tables of its SQL."""
    original = getattr(LocalWarehouse, name)

    def noted(self: LocalWarehouse, *given: Any) -> Any:
        note(*tables_in(given[position]))
        return original(self, *given)

    return noted


def test_no_handler_touches_a_table_that_the_catalogue_does_not_grant(
    seen: Seen, tmp_path: Path
) -> None:
    """In runs that succeed, fail, are stopped, are refused and are dead-lettered."""
    for story in stories(tmp_path):
        story.play()
        story.close()

    services = {each["name"]: each for each in groupings()["per-handler"]}
    assert set(services) == set(seen)
    for name, touched in seen.items():
        granted = services[name]["tables"]
        writes = set(granted["writes"])
        reads = (
            writes | set(granted["reads"]) | ({SOURCE} if services[name]["reads_source"] else set())
        )
        assert touched["writes"] <= writes, name
        assert touched["reads"] <= reads, name
        never = writes - touched["writes"] - RARELY.get(name, set())
        assert not never, f"{name} was never seen to write {never}"


def stories(folder: Path) -> Iterator[LocalHarness]:
    """A run with damaged answers and messages that nobody can read; a run that is stopped."""
    harness = LocalHarness(folder / "a", LocalSettings(damage=Damage(share=0.3)))
    harness.load(calls(12))
    harness.request("r1", rows_per_batch=4, canary=2, max_attempts=2)
    harness.backend.bus.send("run-requested", b'{"mode": "nonsense"}', {})
    harness.backend.bus.send("batch-planned", b"no event", {})
    yield harness
    harness = LocalHarness(folder / "b")
    harness.load(calls(12))
    harness.request("r2", rows_per_batch=3, canary=2)
    for _ in range(6):
        harness.backend.deliver_next()
    harness.publish(CancelRequested(run_id="r2"))
    yield harness


@pytest.mark.parametrize("grouping", ["per-handler", "compact"])
def test_every_handler_of_the_score_belongs_to_a_service(grouping: str) -> None:
    """A guest has no topic of its own, and lives with the host whose messages it answers."""
    played = [name for service in groupings()[grouping] for name in service["handlers"]]

    assert sorted(handlers_by_name()) == sorted(played)
    assert {"refuse-run"} == {guest for guests in CO_HOSTED.values() for guest in guests}


def test_compact_needs_what_all_need_together() -> None:
    """One account holds every right; that is what makes it the small grouping."""
    (one,) = groupings()["compact"]
    several = groupings()["per-handler"]

    for key in ("reads", "writes"):
        assert set(one["tables"][key]) == {t for each in several for t in each["tables"][key]}
    for key in ("publishes", "dead_letters_on", "folders"):
        assert set(one[key]) == {topic for each in several for topic in each[key]}
    assert one["vertex"]
    assert one["reads_source"]


def test_only_those_who_ask_vertex_may() -> None:
    """Its client is the heaviest, and its jobs cost money."""
    asks = {each["name"] for each in groupings()["per-handler"] if each["vertex"]}

    assert {"submit-job", "stop-run", "watch-jobs"} == asks


def test_only_the_plan_reads_the_source() -> None:
    """Once a run; everything later reads what was frozen."""
    reads = [each["name"] for each in groupings()["per-handler"] if each["reads_source"]]

    assert ["plan-run"] == reads


def test_what_cannot_be_read_from_the_code_is_an_error() -> None:
    """Never a right too few: a name that is computed is refused when the catalogue is made."""

    def sly(event: object, tracking: Any, which: str = "x") -> None:
        tracking.query(which, {})

    with pytest.raises(ValueError, match=re.escape("tracking.query(which, {})")):
        permissions_of([sly])
