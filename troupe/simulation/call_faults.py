"""Fault injection around each call of a port: a delivery fails, crashes or is parked there."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from handlers.dispatch.errors import Redeliver, Refused, Reject, Unavailable

from .fault_profile import PORTS, fault_profile_of
from .rng import Rng
from .threads import Crash, SimulatedThread

T = TypeVar("T")


class CallFaults:
    """Injects faults before and after each call of a port, by the seed's fault profile."""

    def __init__(self, rng: Rng, clock: Callable[[], datetime]) -> None:
        self.rng, self.profile, self.clock = rng, fault_profile_of(rng), clock
        self._began_at = clock()
        self._used_up = False
        """Whether a quota was used up: one fault, however often a job is refused by it."""
        self.disabled = False
        """True in the second part of a simulation: no fault happens any more."""

    def call(self, port: str, name: str, function: Callable[[], T]) -> T:
        """Call the function between two points of failure; outside of deliveries just call it."""
        thread = SimulatedThread.current
        if thread is None or self.disabled:
            return function()
        site = f"{thread.name} / {port}.{name}"
        self._before(thread, port, f"before {site}")
        result = function()
        self._after(thread, port, f"after {site}")
        return result

    def point(self, name: str) -> None:
        """A point of failure without a call."""
        self.call("loop", name, lambda: None)

    def occurs(self, name: str, kind: str, rate: float) -> bool:
        thread = SimulatedThread.current
        if thread is None or self.disabled:
            return False
        return self.rng.occurs(f"{thread.name} / {name}", kind, rate)

    def refuse(self, name: str) -> None:
        """Refuse to create a job: for good, for now, or for hours while a quota is used up."""
        profile = self.profile
        if self.occurs(name, "refuse", profile.refuse):
            raise Refused("permission_denied", "the service agent may not read the bucket")
        if self.occurs(f"{name} now", "busy", profile.busy):
            raise Unavailable("503 from the service")
        since = self.clock() - self._began_at - profile.quota_from
        is_used_up = timedelta(0) <= since < profile.quota_for and not self.disabled
        if is_used_up and SimulatedThread.current is not None:
            self._used_up = self._used_up or self.rng.occurs("quota", "quota is used up", 1.0)
            if self._used_up:
                raise Unavailable("429 from the service")

    def _before(self, thread: SimulatedThread, port: str, site: str) -> None:
        if self._is_out(port):
            raise Redeliver(f"{port} is unavailable")
        rates = self._rates(site, port)
        if port in PORTS:
            rates["reject"] = self.profile.reject
        fault = self.rng.fault(site, rates)
        if fault is not None:
            self._apply(thread, *fault)

    def _after(self, thread: SimulatedThread, port: str, site: str) -> None:
        fault = self.rng.fault(site, self._rates(site, port))
        if fault is not None:
            self._apply(thread, *fault)

    def _rates(self, site: str, port: str) -> dict[str, float]:
        profile = self.profile
        is_target = profile.target and re.match(profile.target, site)
        factor = profile.target_factor if is_target else 1.0
        return {
            "crash": profile.crash * factor,
            "park": profile.park * factor,
            "fail": profile.fail * factor if port in PORTS else 0.0,
        }

    def _apply(self, thread: SimulatedThread, kind: str, name: str) -> None:
        if kind == "crash":
            raise Crash
        if kind == "fail":
            raise Redeliver("no reply")
        if kind == "reject":
            raise Reject("port_failure", "refused until an operator repairs it")
        thread.park(self.rng.choice(f"{name}/seconds", self.profile.park_seconds))

    def _is_out(self, port: str) -> bool:
        profile = self.profile
        since = self.clock() - self._began_at - profile.outage_from
        if profile.outage != port or not timedelta(0) <= since < profile.outage_for:
            return False
        return self.rng.occurs("outage", f"{port} is out", 1.0)
