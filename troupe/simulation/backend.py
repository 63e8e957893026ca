"""The backend of one simulation: the real handlers, delivery loop and SQL, the cloud in memory."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from analysis import Analyses
from events import Deployment, to_pubsub
from events.cloudevents import topic_of, wrap_command
from events.ids import bigquery_job, is_bigquery_job
from handlers.choreography import event_subscriptions
from handlers.dispatch.dead_letters import NOT_RECORDED
from handlers.dispatch.deliver import deliver
from handlers.dispatch.errors import Redeliver
from handlers.dispatch.message import DeliveryResult, Outcome
from handlers.ports import Blob, Dependencies, Policy
from handlers.summary.ended_run import EndedRun, RefusedRun
from tracking import EventLog, Tracking
from tracking.statements import transaction
from troupe.backends.defaults import error_types
from troupe.backends.local.bus import LeasedMessage
from troupe.operations import dead_letters
from troupe.operations.dead_letters import DeadLetter

from .bus import FaultyBus
from .call_faults import CallFaults
from .faulty_ports import (
    FaultyBucket,
    FaultyJobService,
    FaultyNotifier,
    FaultyPublish,
    FaultyWarehouse,
)
from .forgeries import FORGERIES, forge, is_forged
from .installed_analyses import ORIGINAL, InstalledAnalyses
from .live_invariants import LiveInvariants
from .memory_cloud import HeldClock, MemoryBucket, MemoryDeliveryCounts
from .operators import COMMANDS, FaultySender, OperatorBackend, run_command
from .rng import Rng
from .scenario import REMOVED_REFERENCE, START, Action, Scenario, job_outcome_of
from .threads import SimulatedThread
from .vertex import SimulatedVertex
from .warehouse import MemoryWarehouse

DEPLOYMENT = Deployment("sim")


class SimulatedBackend:
    """Everything that survives a crash (tables, objects, messages, jobs), and the processes."""

    def __init__(self, rng: Rng, scenario: Scenario, warehouse: MemoryWarehouse) -> None:
        self.rng, self.scenario, self.warehouse = rng, scenario, warehouse
        self.clock = HeldClock(START)
        self.bucket = MemoryBucket()
        warehouse.reset(self.clock, self.bucket)
        warehouse.run_once(
            bigquery_job("create_deployment"),
            transaction("create_deployment"),
            {"deployment": DEPLOYMENT.id},
        )
        warehouse.put("transcription_pass_2", scenario.rows)
        self.bus = FaultyBus(rng, self.clock, MemoryDeliveryCounts())
        self.call_faults = CallFaults(rng, self.clock)
        self.installed = InstalledAnalyses(rng, self.call_faults.profile.other_analyses)
        self.live_invariants = LiveInvariants(warehouse, self.bucket)
        self.vertex = SimulatedVertex(
            self.clock, self.bucket, scenario.corruption, partial(job_outcome_of, rng),
            self.live_invariants.check_created, self._notify,
        )  # fmt: skip
        self.notifications: list[EndedRun | RefusedRun] = []
        """What the receiver of notifications got."""
        self.problems: list[str] = []
        self.deliveries = self.crashes = self.interleaved = 0
        self.policy = Policy()
        self.parked: list[tuple[datetime, int, SimulatedThread]] = []
        """Due time, number and thread of each delivery that stands still."""
        self._names, self._parkings = count(1), count(1)
        self._idle_processes: list[Dependencies] = []
        self._observer = self.new_process()

    @property
    def observer(self) -> Dependencies:
        """Dependencies for queries from outside of every delivery; no fault happens to them."""
        return self._observer

    def new_process(self, analyses: Analyses = ORIGINAL) -> Dependencies:
        """The dependencies of a new process: no memory is shared with another."""
        warehouse = FaultyWarehouse(self.warehouse, self.call_faults, self.clock)
        return Dependencies(
            subscriptions=event_subscriptions(),
            deployment=DEPLOYMENT,
            tracking=Tracking(warehouse, DEPLOYMENT, _ERROR_TYPES),
            event_log=EventLog(warehouse, self.policy.look_back_days),
            bucket=FaultyBucket(self.bucket, self.call_faults),
            job_service=FaultyJobService(
                self.vertex, self.call_faults, may_refuse=not self.scenario.is_deterministic
            ),
            analyses=analyses,
            clock=self.clock,
            new_name=lambda: f"name{next(self._names)}",
            peak_megabytes=lambda: None,
            policy=self.policy,
            notifier=FaultyNotifier(self.notifications, self.call_faults),
        )

    # Steps of the scheduler

    def deliver_next(self) -> bool:
        """Begin the next delivery that is due; False when there is none."""
        leased = self.bus.lease()
        if leased is None:
            return False
        number, delivery = leased
        self.deliveries += 1
        dependencies = self._process()
        name = _name_of(delivery)
        self.interleaved += "ce-id" in delivery.message.attributes and any(
            thread.name == name for _due, _number, thread in self.parked
        )
        self._resume(SimulatedThread(name, partial(self._handle, number, delivery, dependencies)))
        return True

    def _process(self) -> Dependencies:
        """An idle process, or a new one."""
        if self._idle_processes:
            return self._idle_processes.pop()
        return self.new_process(self.installed.of_process())

    def resume(self) -> bool:
        """Resume the parked delivery that is due first; False when none is due."""
        due = [(at, number) for at, number, _thread in self.parked if at <= self.clock()]
        if not due:
            return False
        _at, first = min(due)
        index = next(i for i, (_due, number, _t) in enumerate(self.parked) if number == first)
        self._resume(self.parked.pop(index)[2])
        return True

    def commit_transactions(self) -> bool:
        """Commit one transaction that outlived its caller; False when none is due."""
        due = [j for j, r in self.warehouse.running.items() if r.ends_at <= self.clock()]
        for job_id in due[:1]:
            self.warehouse.commit(job_id)
        return bool(due)

    def has_open_claim(self) -> bool:
        """Whether the transaction of a claim has begun and is not committed yet."""
        return any(is_bigquery_job(job_id, "claim") for job_id in self.warehouse.running)

    def tick(self) -> None:
        with suppress(Redeliver):
            self.bus.send("watch-tick", b"{}", {"tick": "sim"})

    def perform(self, action: Action) -> None:
        """Carry out one of the scenario's actions."""
        if action.request is not None:
            envelope = wrap_command(
                action.request, deployment=DEPLOYMENT, id_=action.event_id, time=self.clock()
            )
            body, attributes = to_pubsub(envelope)
            self.bus.send(topic_of(type(action.request)), body, attributes)
        elif action.what == "source":
            self.warehouse.put("transcription_pass_2", action.rows)
        elif action.what == "remove":
            self.warehouse.remove("transcription_pass_2", "referenceId", REMOVED_REFERENCE)
        elif action.what == "restart":
            self.restart()
        elif action.what == "forge":
            self._forge()
        elif action.what in COMMANDS:
            operator = self.operator_backend(self.new_process())
            run = partial(run_command, action.what, operator)
            self._resume(SimulatedThread(f"operator < {action.what}", run))

    def _forge(self) -> None:
        """A stranger publishes one message of each kind, made out of events of the log."""
        recorded = self.warehouse.rows(
            "SELECT DISTINCT event_id FROM events WHERE topic NOT LIKE '%-requested' ORDER BY event_id"
        )
        for kind in FORGERIES if recorded else ():
            (event_id,) = self.rng.choice(f"forge/{kind}", recorded)
            (envelope,) = self.observer.event_log.load([event_id], START.date())
            self.bus.send(*forge(kind, envelope, DEPLOYMENT))

    def operator_backend(self, dependencies: Dependencies) -> OperatorBackend:
        """The backend that one operator's command works on."""
        return OperatorBackend(dependencies, FaultySender(self.bus, self.call_faults))

    @property
    def letters(self) -> list[DeadLetter]:
        """The dead letters that wait for an operator."""
        return dead_letters.list_dead_letters(self.operator_backend(self.observer)).letters

    def act_on_letters(self) -> bool:
        """Replay the dead letters, discard those of unknown runs and events; False for none."""
        operator = self.operator_backend(self.observer)
        letters = self.letters
        planned = {run_id for (run_id,) in self.warehouse.rows("SELECT run_id FROM run_plans")}
        for letter in letters:
            if letter.handler == "stop-run" and letter.run_id not in planned:
                dead_letters.discard(operator, letter.letter_id, "there is no such run")
            elif not letter.is_replayable:
                dead_letters.discard(operator, letter.letter_id, "the event log does not hold it")
        dead_letters.replay(operator)
        return bool(letters)

    def restart(self) -> None:
        """Crash every process; leased messages come back when their leases end."""
        for _at, _number, thread in self.parked:
            thread.kill()
            self.crashes += 1
        self.parked.clear()
        self._idle_processes.clear()

    def next_due(self) -> datetime | None:
        times = [
            self.bus.next_due(),
            self.vertex.next_due(),
            *(at for at, _number, _thread in self.parked),
            *(job.ends_at for job in self.warehouse.running.values()),
        ]
        return min((time for time in times if time is not None), default=None)

    # One delivery

    def _resume(self, thread: SimulatedThread) -> None:
        thread.resume()
        if thread.crashed:
            self.crashes += 1
        if not thread.done:
            due = self.clock.now + timedelta(seconds=thread.resumes_in)
            self.parked.append((due, next(self._parkings), thread))

    def _handle(self, number: int, delivery: LeasedMessage, dependencies: Dependencies) -> None:
        """Deliver in this thread; after a crash the message stays leased."""
        self.call_faults.point("begin")
        publish = FaultyPublish(self.bus, self.call_faults, self.live_invariants.check_published)
        given = dependencies
        if delivery.subscription.handler in ("plan-run", "plan-reread"):
            # Every run is planned with the original, so that it has one right result.
            given = replace(dependencies, analyses=ORIGINAL)
        result = deliver(delivery.message, given, publish)
        self._check_result(delivery, result)
        self.call_faults.point("acknowledge")
        self._acknowledge(number, result)
        self._idle_processes.append(dependencies)

    def _acknowledge(self, number: int, result: DeliveryResult) -> None:
        if result.outcome is Outcome.REDELIVER:
            self.bus.refuse(number)
        elif result.outcome is Outcome.DEAD_LETTER:
            self.bus.dead_lettered(number, result.cause, result.detail)
        else:
            self.bus.acknowledge(number)

    def _check_result(self, delivery: LeasedMessage, result: DeliveryResult) -> None:
        """Report a delivery that failed with a cause that no injected fault has."""
        if is_forged(delivery.message) and delivery.subscription.handler != "record-dead-letter":
            if result.outcome is Outcome.DONE:
                self.problems.append(f"believed: a forged message in {_name_of(delivery)}")
            if result.cause == NOT_RECORDED:
                return
        if result.outcome is Outcome.REDELIVER and result.cause not in _RETRYABLE_CAUSES:
            self.problems.append(f"{result.cause} in {_name_of(delivery)}")
        if result.outcome is Outcome.DEAD_LETTER and result.cause not in _INJECTED_CAUSES:
            self.problems.append(f"{result.cause} ({result.detail}) in {_name_of(delivery)}")

    def _notify(self, blob: Blob) -> None:
        bucket, _, name = blob.uri.removeprefix("gs://").partition("/")
        with suppress(Redeliver):
            self.bus.send("gcs-object", b"{}", {"bucketId": bucket, "objectId": name})


_ERROR_TYPES = error_types()
_INJECTED_CAUSES = ("port_failure",)
_RETRYABLE_CAUSES = (Redeliver.__name__, *_INJECTED_CAUSES)
"""`record-dead-letter` has no dead letters: it is redelivered even after a permanent failure."""


def _name_of(delivery: LeasedMessage) -> str:
    event = delivery.message.attributes.get("ce-id", delivery.subscription.topic)
    return f"{delivery.subscription.handler} < {event}"


class _ProblemLog(logging.Handler):
    """Drops the product's log records, except errors of the tick's duties: these are problems."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._problems = problems

    def emit(self, record: logging.LogRecord) -> None:
        error = getattr(record, "error", "")
        if record.msg == "tick-duty-failed" and error not in ("Redeliver", "Reject"):
            self._problems.append(f"{error} in the tick's duty {getattr(record, 'duty', '')}")


@contextmanager
def silenced_log(problems: list[str]) -> Iterator[None]:
    """Silence the product's log within the block, and add errors of duties to `problems`."""
    log, handler = logging.getLogger("troupe"), _ProblemLog(problems)
    propagates = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = propagates
