"""Which things go wrong on a seed, and how often: every seed has weather of its own.

Most seeds have a little of everything. Some have one kind of trouble in plenty, because the rarest
faults need two or three things to go wrong in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from events.ids import bigquery_job

from .rng import Chance

PORTS = ("warehouse", "bucket", "job_service", "publish")
SHORT = (0.0, 0.0, 0.0, 2.0, 30.0, 75.0, 400.0, 580.0, 1_500.0, 2_700.0)
LONG = (400.0, 1_000.0, 1_190.0)

THEMES = ("all", "all", "all", "all", "naps", "slow", "stops", "replies", "deletions", "spoiled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Shares of tool calls and messages at which something goes wrong."""

    crash: float
    fail: float
    """Tool calls that fail, before or after they were done."""
    park: float
    """Tool calls at whose borders a delivery stands still while others go on."""
    parkings: tuple[float, ...] = SHORT
    """Seconds: from a turn of the others to a process that slept through the next claim's time."""
    target: str = ""
    """The handler that is met more often than the others."""
    aim: float = 1.0
    """How much more often."""
    dead_lettered: float
    refuse: float
    slow: float
    """Transactions that are still running when their caller has to go."""
    slow_for: tuple[float, ...] = (0.0, 20.0, 50.0, 300.0)
    """Seconds that they take."""
    spoiled: float
    """Transactions that are reported as failed after their commit."""
    twice: float
    """Appends to the event log that are written twice: the default stream promises no less."""
    outage: str
    """The tool that is out of order for hours; none when empty."""
    outage_from: timedelta
    outage_for: timedelta
    duplicate: float
    late: float
    delays: tuple[float, ...] = (1, 60, 700, 4_000, 20_000)
    """Seconds that they come late."""
    swallow: float
    """Messages that never arrive."""
    shuffles: bool


def theme_of(chance: Chance) -> str:
    return chance.one_of("theme", THEMES)


def weather_of(chance: Chance) -> Weather:
    return replace(_of_all(chance), **_THEMES[theme_of(chance)])


def _of_all(chance: Chance) -> Weather:
    def share(name: str, *choices: float) -> float:
        return chance.one_of(f"weather/{name}", choices)

    return Weather(
        crash=share("crash", 0, 0.003, 0.01, 0.02),
        fail=share("fail", 0, 0.005, 0.02, 0.04),
        park=share("park", 0, 0.01, 0.04, 0.08),
        dead_lettered=share("dead_lettered", 0, 0, 0, 0.004),
        refuse=share("refuse", 0, 0, 0, 0.05),
        slow=share("slow", 0, 0, 0.03, 0.15),
        spoiled=share("spoiled", 0, 0, 0, 0.05),
        twice=share("twice", 0, 0, 0.05, 0.3),
        outage=chance.one_of("weather/outage", ("", "", "", *PORTS)),
        outage_from=timedelta(minutes=chance.whole("weather/outage/from", 0, 120)),
        outage_for=timedelta(minutes=chance.whole("weather/outage/for", 20, 600)),
        duplicate=share("duplicate", 0, 0.05, 0.3),
        late=share("late", 0, 0.05, 0.2),
        swallow=share("swallow", 0, 0, 0.01, 0.03),
        shuffles=share("shuffles", 0, 1) > 0,
    )


_CLEAR: Mapping[str, Any] = {
    "crash": 0.002, "fail": 0.002, "park": 0.005, "dead_lettered": 0, "refuse": 0, "slow": 0,
    "spoiled": 0, "twice": 0, "outage": "", "duplicate": 0.1, "late": 0.05, "swallow": 0,
    "shuffles": True,
}  # fmt: skip
_SUBMITTING: Mapping[str, Any] = {"target": r"\w+ submit-job", "aim": 4}
_MIDDLE = rf"after submit-job .*{bigquery_job('claim')}|before submit-job .*job_service\.create"
"""Behind a claim and before its job: who sleeps here finds others awake."""
_THEMES: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "naps": {
        **_CLEAR,
        "target": _MIDDLE,
        "aim": 100,
        "crash": 0.0005,
        "fail": 0.0005,
        "parkings": LONG,
        "duplicate": 0.6,
        "late": 0.6,
        "delays": (60, 1_210, 1_300, 1_600),
    },
    "slow": {**_CLEAR, "slow": 0.5, "spoiled": 0.05, "duplicate": 0.4},
    "stops": {
        **_CLEAR,
        **_SUBMITTING,
        "duplicate": 0.6,
        "late": 0.6,
        "delays": (60, 120, 240),
        "park": 0.02,
        "parkings": (75.0, 400.0, 580.0),
    },
    "replies": {**_CLEAR, **_SUBMITTING, "fail": 0.03, "crash": 0.015},
    "deletions": {
        **_CLEAR,
        "target": r"before watch-jobs < gcs-object / warehouse\.append events",
        "aim": 100,
        "crash": 0.0005,
        "fail": 0.0005,
        "parkings": (500.0, 580.0),
        "duplicate": 0.6,
        "late": 0.6,
        "delays": (60, 430, 480, 560),
        "slow": 0.6,
        "slow_for": (50.0, 300.0),
    },
    "spoiled": {
        **_CLEAR,
        "target": r"\w+ process-results",
        "aim": 8,
        "park": 0.02,
        "duplicate": 0.8,
        "spoiled": 0.5,
    },
}
