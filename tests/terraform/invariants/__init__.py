"""Invariants of every plan, by what they are about."""

from . import alarms, data, messages, monitoring, rights, running
from .registry import INVARIANTS, Invariant, environment, granted, grants, services, violations

__all__ = [
    "INVARIANTS",
    "Invariant",
    "alarms",
    "data",
    "environment",
    "granted",
    "grants",
    "messages",
    "monitoring",
    "rights",
    "running",
    "services",
    "violations",
]
