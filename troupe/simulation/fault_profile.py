"""Which faults a seed injects, and how often: each seed has a profile of its own.

Most seeds have a low rate of every fault. Some have a high rate of one kind, because the rarest
errors need two or three faults in a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from events.ids import bigquery_job

from .rng import Rng

PORTS = ("warehouse", "bucket", "job_service", "publish", "notifier")
SHORT = (0.0, 0.0, 0.0, 2.0, 30.0, 75.0, 400.0, 580.0, 1_500.0, 2_700.0)
LONG = (1_000.0, 1_190.0)
"""Not quite the 20 minutes after which the next claim may be taken."""

THEMES = (
    "all", "all", "all", "all", "pauses", "slow_transactions", "cancellations", "lost_replies",
    "deleted_jobs", "failed_commits", "dead_letters",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultProfile:
    """Fault rates between 0 and 1, of port calls and of messages."""

    crash: float
    fail: float
    """Port calls that raise `Redeliver`, before or after they took effect."""
    park: float
    """Port calls at which a delivery stands still while others run."""
    park_seconds: tuple[float, ...] = SHORT
    """0 lets the others take a turn; 2,700 is longer than the wait for the next claim."""
    target: str = ""
    """Pattern of the sites whose rates are multiplied by `target_factor`."""
    target_factor: float = 1.0
    reject: float
    """Port calls that raise `Reject`, so that the message is dead-lettered."""
    refuse: float
    """Creations that the job service refuses for good."""
    busy: float
    """Creations that it refuses for now, and says so."""
    quota_from: timedelta
    quota_for: timedelta
    """For so long it refuses every creation, because a quota is used up; 0: never."""
    slow: float
    """Transactions that are still running when their caller stops waiting."""
    slow_seconds: tuple[float, ...] = (0.0, 20.0, 50.0, 300.0)
    failed_commit: float
    """Transactions that are reported as failed after their commit."""
    append_twice: float
    """Appends to the event log that are written twice: the default stream is at-least-once."""
    outage: str
    """The port that is unavailable for hours; empty: none."""
    outage_from: timedelta
    outage_for: timedelta
    duplicate: float
    """Messages that are delivered twice."""
    delay: float
    """Messages that are delivered late."""
    delay_seconds: tuple[float, ...] = (1, 60, 700, 4_000, 20_000)
    lose: float
    """Messages that are never delivered."""
    reorders: bool
    other_analyses: float
    """Processes with an edited analysis, or without the analysis of the run."""


def theme_of(rng: Rng) -> str:
    return rng.choice("theme", THEMES)


def fault_profile_of(rng: Rng) -> FaultProfile:
    return replace(_mixed(rng), **_THEMES[theme_of(rng)])


def _mixed(rng: Rng) -> FaultProfile:
    """A low rate of every fault."""

    def rate(name: str, *choices: float) -> float:
        return rng.choice(f"profile/{name}", choices)

    return FaultProfile(
        crash=rate("crash", 0, 0.003, 0.01, 0.02),
        fail=rate("fail", 0, 0.005, 0.02, 0.04),
        park=rate("park", 0, 0.01, 0.04, 0.08),
        reject=rate("reject", 0, 0, 0, 0.004),
        refuse=rate("refuse", 0, 0, 0, 0.05),
        busy=rate("busy", 0, 0, 0.1, 0.4),
        quota_from=timedelta(minutes=rng.integer("profile/quota/from", 0, 60)),
        quota_for=timedelta(hours=rate("quota/for", 0, 0, 0, 1, 6, 40)),
        slow=rate("slow", 0, 0, 0.03, 0.15),
        failed_commit=rate("failed_commit", 0, 0, 0, 0.05),
        append_twice=rate("append_twice", 0, 0, 0.05, 0.3),
        outage=rng.choice("profile/outage", ("", "", "", *PORTS[:4])),
        outage_from=timedelta(minutes=rng.integer("profile/outage/from", 0, 120)),
        outage_for=timedelta(minutes=rng.integer("profile/outage/for", 20, 600)),
        duplicate=rate("duplicate", 0, 0.05, 0.3),
        delay=rate("delay", 0, 0.05, 0.2),
        lose=rate("lose", 0, 0, 0.01, 0.03),
        reorders=rate("reorders", 0, 1) > 0,
        other_analyses=rate("other_analyses", 0, 0, 0.5),
    )


_BASE: Mapping[str, Any] = {
    "crash": 0.002, "fail": 0.002, "park": 0.005, "reject": 0, "refuse": 0, "busy": 0,
    "quota_for": timedelta(0), "slow": 0,
    "failed_commit": 0, "append_twice": 0, "outage": "", "duplicate": 0.1, "delay": 0.05, "lose": 0,
    "reorders": True,
}  # fmt: skip
"""Few faults of any kind; a theme raises its own."""
_SUBMITTING: Mapping[str, Any] = {"target": r"\w+ submit-job", "target_factor": 4}
_AFTER_CLAIM = (
    rf"after submit-job .*{bigquery_job('claim')}|before submit-job .*job_service\.create"
)
"""Between a claim and the creation of its job: who pauses here may meet a second claim."""
_THEMES: Mapping[str, Mapping[str, Any]] = {
    "all": {},
    "pauses": {
        **_BASE,
        "target": _AFTER_CLAIM,
        "target_factor": 100,
        "crash": 0.0005,
        "fail": 0.0005,
        "park_seconds": LONG,
        "duplicate": 0.9,
        "delay": 0.7,
        "delay_seconds": (1_210, 1_300, 1_400),
    },
    "slow_transactions": {**_BASE, "slow": 0.5, "failed_commit": 0.05, "duplicate": 0.4},
    "cancellations": {
        **_BASE,
        **_SUBMITTING,
        "duplicate": 0.6,
        "delay": 0.6,
        "delay_seconds": (60, 120, 240),
        "park": 0.02,
        "park_seconds": (75.0, 400.0, 580.0),
        # Claims that commit after a stop and its release have begun.
        "slow": 0.5,
        "slow_seconds": (50.0, 300.0),
    },
    "lost_replies": {**_BASE, **_SUBMITTING, "fail": 0.03, "crash": 0.015},
    "deleted_jobs": {
        **_BASE,
        "target": r"before watch-jobs < gcs-object / warehouse\.append events",
        "target_factor": 100,
        "crash": 0.0005,
        "fail": 0.0005,
        "park_seconds": (500.0, 580.0),
        "duplicate": 0.6,
        "delay": 0.6,
        "delay_seconds": (60, 430, 480, 560),
        "slow": 0.6,
        "slow_seconds": (50.0, 300.0),
    },
    "dead_letters": {
        **_BASE,
        "target": r"\w+ (watch-jobs|replay-dead-letters|record-dead-letter)",
        "target_factor": 8,
        "reject": 0.01,
        "duplicate": 0.7,
        "delay": 0.3,
        "lose": 0.4,
    },
    "failed_commits": {
        **_BASE,
        "target": r"\w+ process-results",
        "target_factor": 8,
        "park": 0.02,
        "duplicate": 0.8,
        "failed_commit": 0.5,
    },
}
