"""Playing a backend to its end: everything that can happen happens, then time jumps."""

from datetime import datetime, timedelta

from handlers.choreography import event_subscriptions

from .backend import SimulatedBackend
from .scenario import START, Act, last_run

MOST_STEPS = 6_000
FIRST_TICKS, LAST_TICK = (5, 20, 60), timedelta(hours=24)
"""The tick comes every five minutes, and most of them are lost: a tick without news takes as long
as a delivery. How many minutes the first one takes after news, by the seed."""
SLOWER = 4
"""Each tick without news is so many times later than the one before."""
PATIENCE = timedelta(hours=160)
"""Longer than the watchdog lets any job live: after this nothing comes of waiting."""


class Restless(Exception):
    """The troupe does not come to rest."""


class Player:
    """Moves the clock of one backend."""

    def __init__(self, backend: SimulatedBackend) -> None:
        self._backend, self._steps = backend, 0
        self._acts: list[Act] = sorted(backend.script.acts, key=lambda act: act.minute)
        self._first = timedelta(minutes=backend.chance.one_of("tick/first", FIRST_TICKS))
        self._gap, self._next_tick, self._woken = self._first, START + self._first, START

    def play(self) -> None:
        """Until nothing is left to be done, or nothing comes of waiting."""
        backend = self._backend
        while not self._is_over():
            while self._step():
                self._steps += 1
                if self._steps > MOST_STEPS:
                    raise Restless(f"{MOST_STEPS} steps")
            self._jump()
            backend.chance.minute = (backend.clock() - START).total_seconds() / 60

    def ask_for_the_rest(self) -> None:
        """Somebody asks for one more run, now."""
        minute = (self._backend.clock() - START).total_seconds() / 60
        self._acts = [
            Act(minute=minute, what="request", request=last_run(), event_id="request-last")
        ]
        self._wake()

    def resume(self) -> None:
        """Operators did something: look closely again."""
        self._wake()

    def _step(self) -> bool:
        backend = self._backend
        if self._acts and self._moment(self._acts[0]) <= backend.clock():
            backend.act(self._acts.pop(0))
            self._wake()
            return True
        if self._next_tick <= backend.clock():
            self._tick()
            return True
        before = backend.bus.sent
        went_on = (
            backend.finish_transactions()
            or backend.service.step()
            or self._parked_first()
            or backend.deliver_next()
            or backend.resume()
        )
        if backend.bus.sent > before:
            self._wake()
        return went_on

    def _parked_first(self) -> bool:
        """Sometimes who was parked goes on before the next message is delivered."""
        backend = self._backend
        if not backend.parked or backend.chance.value(f"first/{self._steps}") < 0.5:
            return False
        return backend.resume()

    def _jump(self) -> None:
        backend = self._backend
        acts = [self._moment(act) for act in self._acts[:1]]
        due = backend.next_due()
        backend.clock.pass_to(min([self._next_tick, *acts, *([due] if due else [])]))

    def _tick(self) -> None:
        self._next_tick = self._backend.clock() + self._gap
        self._gap = min(SLOWER * self._gap, LAST_TICK)
        self._backend.tick()

    def _wake(self) -> None:
        if self._gap > self._first:
            self._next_tick = min(self._next_tick, self._backend.clock() + self._first)
        self._gap, self._woken = self._first, self._backend.clock()

    def _is_over(self) -> bool:
        backend = self._backend
        if self._acts or backend.next_due() is not None:
            return False
        return backend.clock() - self._woken > PATIENCE or not unfinished(backend)

    def _moment(self, act: Act) -> datetime:
        return START + timedelta(minutes=act.minute)


def unfinished(backend: SimulatedBackend) -> bool:
    """Whether a tick could still bring something."""
    event_log, tracking = backend.outside.event_log, backend.outside.tracking
    since = event_log.lookback_start(backend.clock())
    return bool(
        tracking.open_runs(since) or tracking.unhandled_events(since, event_subscriptions())
    )
