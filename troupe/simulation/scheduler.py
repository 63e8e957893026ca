"""The scheduler of a simulation: run every step that is due, then jump to the next due time."""

from datetime import datetime, timedelta

from handlers.choreography import event_subscriptions

from .backend import SimulatedBackend
from .scenario import START, Action, last_run

MAX_STEPS = 6_000
FIRST_TICKS, LAST_TICK = (5, 20, 60), timedelta(hours=24)
"""The real tick comes every five minutes. Most ticks are skipped here, because one that finds
nothing costs as much time as a delivery; the seed chooses after how many minutes the first comes."""
TICK_BACKOFF = 4
"""Each tick without news comes so many times later than the one before."""
PATIENCE = timedelta(hours=160)
"""Longer than the watchdog lets any job live: waiting longer changes nothing."""


class NeverIdle(Exception):
    """The system still takes steps after `MAX_STEPS`."""


class Scheduler:
    """Moves the clock of one backend and runs its steps."""

    def __init__(self, backend: SimulatedBackend) -> None:
        self._backend, self._steps = backend, 0
        self._actions: list[Action] = sorted(
            backend.scenario.actions, key=lambda action: action.minute
        )
        self._first_gap = timedelta(minutes=backend.rng.choice("tick/first", FIRST_TICKS))
        self._gap, self._next_tick, self._woken_at = self._first_gap, START + self._first_gap, START
        self._faults = 0

    def run(self) -> None:
        """Run until nothing is left to do, or `PATIENCE` has passed. Raises `NeverIdle`."""
        backend = self._backend
        while not self._is_over():
            while self._step():
                self._steps += 1
                if self._steps > MAX_STEPS:
                    raise NeverIdle(f"{MAX_STEPS} steps")
            self._jump()
            backend.rng.minute = (backend.clock() - START).total_seconds() / 60

    def request_last_run(self) -> None:
        """Request one more run now, which takes every record that is left."""
        minute = (self._backend.clock() - START).total_seconds() / 60
        self._actions = [
            Action(minute=minute, what="request", request=last_run(), event_id="request-last")
        ]
        self.wake()

    def wake(self) -> None:
        """Something happened: let the ticks come close to each other again."""
        if self._gap > self._first_gap:
            self._next_tick = min(self._next_tick, self._backend.clock() + self._first_gap)
        self._gap, self._woken_at = self._first_gap, self._backend.clock()

    def _step(self) -> bool:
        backend = self._backend
        due = next((each for each in self._actions if self._is_due(each)), None)
        if due is not None:
            self._actions.remove(due)
            backend.perform(due)
            self.wake()
            return True
        if self._next_tick <= backend.clock():
            self._tick()
            return True
        before = backend.bus.sent
        has_run = (
            backend.commit_transactions()
            or backend.vertex.step()
            or self._resume_first()
            or backend.deliver_next()
            or backend.resume()
        )
        if backend.bus.sent > before or self._tick_failed():
            self.wake()
        return has_run

    def _tick_failed(self) -> bool:
        """Whether a tick has met a fault: a real one comes five minutes later, not a day."""
        new = self._backend.rng.faults[self._faults :]
        self._faults += len(new)
        return any("watch-tick" in fault.name for fault in new)

    def _resume_first(self) -> bool:
        """On half of the steps a parked delivery goes on before the next message is delivered."""
        backend = self._backend
        if not backend.parked or backend.rng.value(f"resume first/{self._steps}") < 0.5:
            return False
        return backend.resume()

    def _jump(self) -> None:
        backend = self._backend
        actions = [self._time_of(action) for action in self._actions[:1]]
        due = backend.next_due()
        backend.clock.pass_to(min([self._next_tick, *actions, *([due] if due else [])]))

    def _tick(self) -> None:
        self._next_tick = self._backend.clock() + self._gap
        self._gap = min(TICK_BACKOFF * self._gap, LAST_TICK)
        self._backend.tick()

    def _is_over(self) -> bool:
        backend = self._backend
        if self._actions or backend.next_due() is not None:
            return False
        return backend.clock() - self._woken_at > PATIENCE or not is_unfinished(backend)

    def _is_due(self, action: Action) -> bool:
        if action.beside_claim and self._backend.has_open_claim():
            return True
        return self._time_of(action) <= self._backend.clock()

    def _time_of(self, action: Action) -> datetime:
        return START + timedelta(minutes=action.minute)


def is_unfinished(backend: SimulatedBackend) -> bool:
    """Whether a tick could still change something: a run is open, or an event is unhandled."""
    event_log, tracking = backend.observer.event_log, backend.observer.tracking
    since = event_log.lookback_start(backend.clock())
    return bool(
        tracking.open_runs(since) or tracking.unhandled_events(since, event_subscriptions())
    )
