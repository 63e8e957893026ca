"""The troupe of one simulation: the real handlers, loop and SQL, in a cloud that is in memory."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import count

from events import Deployment, to_pubsub
from events.cloudevents import topic_of, wrap_command
from events.ids import bigquery_job
from handlers.choreography import event_subscriptions
from handlers.dispatch.deliver import deliver
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import DeliveryResult, Outcome
from handlers.ports import Blob, Dependencies, Policy
from tracking import EventLog, Tracking
from tracking.statements import transaction
from troupe.backends.defaults import error_types
from troupe.backends.local.bus import LeasedMessage
from troupe.operations import dead_letters

from .bus import RoughBus
from .call_faults import Borders
from .faulty_ports import FaultyJobService, RoughBucket, RoughPublish, RoughWarehouse
from .live_invariants import Sentinel
from .memory_cloud import HeldClock, MemoryBucket, MemoryDeadLetters
from .operators import COMMANDS, Desk, Sender, command
from .rng import Chance
from .scenario import LEAVES, START, Act, Script, fate_of
from .threads import Actor
from .vertex import Service
from .warehouse import MemoryWarehouse

DEPLOYMENT = Deployment("chaos")


class SimulatedBackend:
    """What survives every crash, and the processes that do not."""

    def __init__(self, chance: Chance, script: Script, warehouse: MemoryWarehouse) -> None:
        self.chance, self.script, self.warehouse = chance, script, warehouse
        self.clock = HeldClock(START)
        self.bucket = MemoryBucket()
        warehouse.reset(self.clock, self.bucket)
        warehouse.run_once(
            bigquery_job("create_deployment"),
            transaction("create_deployment"),
            {"deployment": DEPLOYMENT.id},
        )
        warehouse.put("transcription_pass_2", script.rows)
        self.letters = MemoryDeadLetters(self.clock)
        self.bus = RoughBus(chance, self.clock, self.letters)
        self.borders = Borders(chance, self.clock)
        self.sentinel = Sentinel(warehouse, self.bucket)
        self.service = Service(
            self.clock, self.bucket, script.corruption, partial(fate_of, chance),
            self.sentinel.created, self._announce,
        )  # fmt: skip
        self.problems: list[str] = []
        self.deliveries = self.crashes = self.interleaved = 0
        self.policy = Policy()
        self.parked: list[tuple[datetime, int, Actor]] = []
        self._names, self._turns = count(1), count(1)
        self._free: list[Dependencies] = []
        self._rough = self.new_process(inside=False)

    @property
    def outside(self) -> Dependencies:
        """Tools for queries from outside of every delivery."""
        return self._rough

    def new_process(self, *, inside: bool = True) -> Dependencies:
        """Fresh memory; nothing of it is known to another."""
        rough = RoughWarehouse(self.warehouse, self.borders, self.clock)
        return Dependencies(
            subscriptions=event_subscriptions(),
            deployment=DEPLOYMENT,
            tracking=Tracking(rough, DEPLOYMENT, _TAXONOMY),
            event_log=EventLog(rough, self.policy.look_back_days),
            bucket=RoughBucket(self.bucket, self.borders),
            job_service=FaultyJobService(
                self.service, self.borders, may_refuse=not self.script.is_exact
            ),
            clock=self.clock,
            new_name=lambda: f"name{next(self._names)}",
            peak_megabytes=lambda: None,
            policy=self.policy,
        )

    # What happens

    def deliver_next(self) -> bool:
        """Begin the next delivery that is due; whether there was one."""
        leased = self.bus.lease()
        if leased is None:
            return False
        number, delivery = leased
        self.deliveries += 1
        dependencies = self._free.pop() if self._free else self.new_process()
        name = _name_of(delivery)
        self.interleaved += "ce-id" in delivery.message.attributes and any(
            actor.name == name for _at, _turn, actor in self.parked
        )
        self._go_on(Actor(name, partial(self._handle, number, delivery, dependencies)))
        return True

    def resume(self) -> bool:
        """Let the delivery go on that was parked first and is due; whether there was one."""
        due = sorted(entry for entry in self._parked_keys() if entry[0] <= self.clock())
        if not due:
            return False
        actor = self._take(due[0][1])
        self._go_on(actor)
        return True

    def finish_transactions(self) -> bool:
        """Commit what ran longer than its caller waited; whether there was anything."""
        due = [j for j, r in self.warehouse.running.items() if r.ends_at <= self.clock()]
        for job_id in due[:1]:
            self.warehouse.end(job_id)
        return bool(due)

    def tick(self) -> None:
        with suppress(Redeliver):
            self.bus.send("watch-tick", b"{}", {"tick": "chaos"})

    def act(self, act: Act) -> None:
        """People do what the script says."""
        if act.request is not None:
            envelope = wrap_command(
                act.request, deployment=DEPLOYMENT, id_=act.event_id, time=self.clock()
            )
            body, attributes = to_pubsub(envelope)
            self.bus.send(topic_of(type(act.request)), body, attributes)
        elif act.what == "source":
            self.warehouse.put("transcription_pass_2", act.rows)
        elif act.what == "leave":
            self.warehouse.remove("transcription_pass_2", "referenceId", LEAVES)
        elif act.what == "restart":
            self.restart()
        elif act.what in COMMANDS:
            troupe = self.desk(self.new_process())
            self._go_on(Actor(f"operator < {act.what}", partial(command, act.what, troupe)))

    def desk(self, dependencies: Dependencies) -> Desk:
        """What one command speaks to."""
        publish = RoughPublish(self.bus, self.borders, self.sentinel.published)
        return Desk(dependencies, self.letters, Sender(self.bus, self.borders), publish)

    def replay_all(self) -> int:
        """An operator replays every dead letter, and what the tick has given up."""
        return int(dead_letters.replay(self.desk(self.outside))["replayed"])

    def discard_orphans(self) -> None:
        """An operator gives up what is about a run whose own request never arrived."""
        desk = self.desk(self.outside)
        planned = {run_id for (run_id,) in self.warehouse.see("SELECT run_id FROM run_plans")}
        orphans = {
            letter.event_id
            for letter in self.letters.find(handler="stop-run")
            if json.loads(letter.body)["data"]["run_id"] not in planned
        }
        for event_id in sorted(orphans):
            dead_letters.discard(desk, event_id, "there is no such run")

    def restart(self) -> None:
        """Every process dies; what was leased comes back when its lease ends."""
        for _at, _turn, actor in self.parked:
            actor.kill()
            self.crashes += 1
        self.parked.clear()
        self._free.clear()

    def next_due(self) -> datetime | None:
        times = [
            self.bus.next_due(),
            self.service.next_due(),
            *(at for at, _turn, _actor in self.parked),
            *(job.ends_at for job in self.warehouse.running.values()),
        ]
        return min((time for time in times if time is not None), default=None)

    # How a delivery goes

    def _go_on(self, actor: Actor) -> None:
        actor.go_on()
        if actor.crashed:
            self.crashes += 1
        if not actor.over:
            at = self.clock.now.timestamp() + actor.resumes_in
            moment = datetime.fromtimestamp(at, START.tzinfo)
            self.parked.append((moment, next(self._turns), actor))

    def _handle(self, number: int, delivery: LeasedMessage, dependencies: Dependencies) -> None:
        """In the delivery's own thread; a crash leaves lease and message as they are."""
        self.borders.stop_here("begin")
        publish = RoughPublish(self.bus, self.borders, self.sentinel.published)
        result = deliver(delivery.message, dependencies, publish)
        self._judge(delivery, result)
        self.borders.stop_here("acknowledge")
        self._answer(number, result)
        self._free.append(dependencies)

    def _answer(self, number: int, result: DeliveryResult) -> None:
        if result.outcome is Outcome.REDELIVER:
            self.bus.refuse(number)
        elif result.outcome is Outcome.DEAD_LETTER:
            self.bus.dead_lettered(number, result.cause, result.detail)
        else:
            self.bus.acknowledge(number)

    def _judge(self, delivery: LeasedMessage, result: DeliveryResult) -> None:
        """A handler that fails in a way nobody has a name for is a fault."""
        if result.outcome is Outcome.REDELIVER and result.cause not in _WORTH_ANOTHER_TRY:
            self.problems.append(f"{result.cause} in {_name_of(delivery)}")
        if result.outcome is Outcome.DEAD_LETTER and result.cause not in _KNOWN_CAUSES:
            self.problems.append(f"{result.cause} ({result.detail}) in {_name_of(delivery)}")

    def _announce(self, blob: Blob) -> None:
        bucket, _, name = blob.uri.removeprefix("gs://").partition("/")
        with suppress(Redeliver):
            self.bus.send("gcs-object", b"{}", {"bucketId": bucket, "objectId": name})

    def _parked_keys(self) -> Iterator[tuple[datetime, int]]:
        return ((at, turn) for at, turn, _actor in self.parked)

    def _take(self, turn: int) -> Actor:
        attempt_key = next(n for n, entry in enumerate(self.parked) if entry[1] == turn)
        return self.parked.pop(attempt_key)[2]


_TAXONOMY = error_types()
_KNOWN_CAUSES = ("broken_tool",)
_WORTH_ANOTHER_TRY = (Redeliver.__name__, *_KNOWN_CAUSES)
"""A note of a dead letter comes again even after a permanent failure."""


def _name_of(delivery: LeasedMessage) -> str:
    event = delivery.message.attributes.get("ce-id", delivery.subscription.topic)
    return f"{delivery.subscription.handler} < {event}"


class _Quiet(logging.Handler):
    """What handlers log goes nowhere; what a tick's duty met is kept."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        error = getattr(record, "error", "")
        if record.msg == "tick-duty-failed" and error not in ("Redeliver", "Reject"):
            self._problems.append(f"{error} in the tick's duty {getattr(record, 'duty', '')}")


@contextmanager
def quiet(problems: list[str]) -> Iterator[None]:
    """The troupe's log is silent for as long as a simulation takes."""
    log, handler = logging.getLogger("troupe"), _Quiet(problems)
    passes = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = passes
