"""The borders of tool calls: where a delivery fails, dies, or stands still while others go on."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from handlers.dispatch.errors import Redeliver, Reject

from .fault_profile import PORTS, weather_of
from .rng import Chance
from .threads import Actor, Crash

T = TypeVar("T")


class Borders:
    """What may happen just before and just after each call."""

    def __init__(self, chance: Chance, clock: Callable[[], datetime]) -> None:
        self.chance, self.weather, self.clock = chance, weather_of(chance), clock
        self._begin = clock()
        self.is_calm = False
        """The weather is over: nothing fails any more."""

    def cross(self, port: str, name: str, act: Callable[[], T]) -> T:
        """The call between its two borders; outside of deliveries nothing goes wrong."""
        actor = Actor.current
        if actor is None or self.is_calm:
            return act()
        site = f"{actor.name} / {port}.{name}"
        self._before(actor, port, f"before {site}")
        result = act()
        self._after(actor, port, f"after {site}")
        return result

    def stop_here(self, name: str) -> None:
        """A border without a call."""
        self.cross("loop", name, lambda: None)

    def hits(self, name: str, kind: str, share: float) -> bool:
        actor = Actor.current
        if actor is None or self.is_calm:
            return False
        return self.chance.hits(f"{actor.name} / {name}", kind, share)

    def _before(self, actor: Actor, port: str, site: str) -> None:
        if self._is_out(port):
            raise Redeliver(f"{port} is out of order")
        shares = self._shares(site, port)
        if port in PORTS:
            shares["dead_lettered"] = self.weather.dead_lettered
        found = self.chance.fault(site, shares)
        if found is not None:
            self._happens(actor, *found)

    def _after(self, actor: Actor, port: str, site: str) -> None:
        found = self.chance.fault(site, self._shares(site, port))
        if found is not None:
            self._happens(actor, *found)

    def _shares(self, site: str, port: str) -> dict[str, float]:
        weather = self.weather
        is_target = weather.target and re.match(weather.target, site)
        more = weather.aim if is_target else 1.0
        return {
            "crash": weather.crash * more,
            "park": weather.park * more,
            "fail": weather.fail * more if port in PORTS else 0.0,
        }

    def _happens(self, actor: Actor, kind: str, name: str) -> None:
        if kind == "crash":
            raise Crash
        if kind == "fail":
            raise Redeliver("no reply")
        if kind == "dead_lettered":
            raise Reject("broken_tool", "refused for good until somebody mends it")
        actor.park(self.chance.one_of(f"{name}/seconds", self.weather.parkings))

    def _is_out(self, port: str) -> bool:
        weather = self.weather
        since = self.clock() - self._begin - weather.outage_from
        if weather.outage != port or not timedelta(0) <= since < weather.outage_for:
            return False
        return self.chance.hits("outage", f"{port} is out", 1.0)
