"""The catalogue lists exactly the tables that the handlers were observed to access."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from events import CancelRequested, DiscardRequested, ReprocessRequested, RereadRequested
from handlers.dispatch.message import DeliveryResult
from tests.harness import LocalHarness, calls
from tracking import Row
from tracking.tables import layouts
from troupe.backends.local.backend import LocalBackend, LocalSettings
from troupe.backends.local.bus import LeasedMessage
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.deployment.permissions import permissions_of
from troupe.deployment.services import CO_HOSTED, groupings, handlers_by_name
from troupe.operations.dead_letters import list_dead_letters
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour, End

SOURCE = next(name for name, layout in layouts().items() if layout.written_by == "the user")
RARELY = {
    "watch-jobs": {"error_tracking", "deliveries", "attempt_closings"},
    "replay-dead-letters": {"claims"},
    "notify-run": {"events"},
}
"""Written only for events that no handler finishes, for claims that a stopped run gave back, and for
attempts that are discarded before they have a job. No event follows a notification: the delivery
loop, which every service runs, could record one."""
Observed = dict[str, dict[str, set[str]]]


@cache
def tables_in(sql: str) -> tuple[set[str], set[str]]:
    """Return the tables that a statement reads and writes, by another parser than the catalogue's."""
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
def observed(monkeypatch: pytest.MonkeyPatch) -> Observed:
    """Tables that each service was observed to read and write."""
    accesses: Observed = {}
    acting = [""]

    def note(reads: set[str], writes: set[str]) -> None:
        if acting[0]:
            mine = accesses.setdefault(acting[0], {"reads": set(), "writes": set()})
            mine["reads"] |= reads
            mine["writes"] |= writes

    for name in ("query", "stream"):
        monkeypatch.setattr(LocalWarehouse, name, _noting(name, note, position=0))
    monkeypatch.setattr(LocalWarehouse, "run_once", _noting("run_once", note, position=1))
    append, deliver = LocalWarehouse.append, LocalBackend._deliver

    def noted_append(self: LocalWarehouse, table: str, rows: Sequence[Row]) -> None:
        note(set(), {table})
        append(self, table, rows)

    def noted_deliver(self: LocalBackend, delivery: LeasedMessage) -> DeliveryResult:
        acting[0] = delivery.subscription.handler
        try:
            return deliver(self, delivery)
        finally:
            acting[0] = ""

    monkeypatch.setattr(LocalWarehouse, "append", noted_append)
    monkeypatch.setattr(LocalBackend, "_deliver", noted_deliver)
    return accesses


def _noting(name: str, note: Callable[[set[str], set[str]], None], *, position: int) -> Any:
    """A method of the warehouse that notes the tables of its SQL."""
    original = getattr(LocalWarehouse, name)

    def noted(self: LocalWarehouse, *args: Any) -> Any:
        note(*tables_in(args[position]))
        return original(self, *args)

    return noted


def test_no_handler_touches_a_table_that_the_catalogue_does_not_grant(
    observed: Observed, tmp_path: Path
) -> None:
    """In runs that succeed, fail, are stopped, are refused and are dead-lettered."""
    for harness in scenarios(tmp_path):
        harness.play()
        harness.close()

    services = {each["name"]: each for each in groupings()["per-handler"]}
    assert set(services) == set(observed)
    for name, touched in observed.items():
        granted = services[name]["tables"]
        writes = set(granted["writes"])
        reads = (
            writes | set(granted["reads"]) | ({SOURCE} if services[name]["reads_source"] else set())
        )
        assert touched["writes"] <= writes, name
        assert touched["reads"] <= reads, name
        never = writes - touched["writes"] - RARELY.get(name, set())
        assert not never, f"{name} was never observed to write {never}"


def scenarios(folder: Path) -> Iterator[LocalHarness]:
    """Corrupted answers and unreadable messages; a stop; a discard; a replacement and a reread."""
    harness = LocalHarness(folder / "a", LocalSettings(corruption=Corruption(share=0.3)))
    harness.load(calls(6))
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
    without_output = Behaviour(end=lambda _: End(share=0))
    harness = LocalHarness(folder / "c", LocalSettings(behaviour=without_output))
    harness.load(calls(2))
    harness.run("r3")
    (letter,) = list_dead_letters(harness.backend).letters
    harness.publish(DiscardRequested(letter_ids=[letter.letter_id], reason="a test"))
    yield harness
    harness = LocalHarness(folder / "d")
    harness.load(calls(2))
    harness.run("r4")
    harness.sql("UPDATE transcription_pass_2 SET transcript = 'CUSTOMER: It is another one.'")
    harness.clock.pass_(60)
    harness.publish(ReprocessRequested(run_id="r5", changed=True))
    harness.publish(RereadRequested(run_id="r6", of_run="r4"))
    harness.publish(RereadRequested(run_id="r7", of_run="nosuch"))
    yield harness


@pytest.mark.parametrize("grouping", ["per-handler", "compact"])
def test_every_handler_belongs_to_a_service(grouping: str) -> None:
    """A co-hosted handler has no topic of its own and runs in the service of another one."""
    names = [name for service in groupings()[grouping] for name in service["handlers"]]

    assert sorted(handlers_by_name()) == sorted(names)
    assert {"refuse-run"} == {name for co_hosted in CO_HOSTED.values() for name in co_hosted}


def test_the_compact_service_needs_the_union_of_all_needs() -> None:
    """One account has every permission."""
    (one,) = groupings()["compact"]
    several = groupings()["per-handler"]

    for key in ("reads", "writes"):
        assert set(one["tables"][key]) == {t for each in several for t in each["tables"][key]}
    for key in ("publishes", "dead_letters_on", "folders"):
        assert set(one[key]) == {topic for each in several for topic in each[key]}
    assert one["vertex"]
    assert one["reads_source"]


def test_only_four_services_may_call_vertex() -> None:
    """Vertex's client is the largest, and its jobs cost money."""
    callers = {each["name"] for each in groupings()["per-handler"] if each["vertex"]}

    assert {"submit-job", "stop-run", "watch-jobs", "replay-dead-letters"} == callers


def test_only_the_plan_reads_the_source() -> None:
    """Once per run; every later handler reads what the plan froze."""
    readers = [each["name"] for each in groupings()["per-handler"] if each["reads_source"]]

    assert ["plan-run"] == readers


def test_a_statement_name_that_is_computed_is_an_error() -> None:
    """It is refused when the catalogue is made, so that no permission is missing."""

    def computed(event: object, tracking: Any, which: str = "x") -> None:
        tracking.query(which, {})

    with pytest.raises(ValueError, match=re.escape("tracking.query(which, {})")):
        permissions_of([computed])
