"""What we know: the tracking tables, and the queries and transactions that read and change them."""

from .event_log import EventLog
from .rows import (
    Asked,
    Claim,
    Claims,
    Closing,
    Delivery,
    Plan,
    Progress,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .statements import BadName, Source
from .tracking import AttemptKey, AttemptResult, Tracking
from .warehouse import Params, Warehouse

__all__ = [
    "Asked",
    "AttemptKey",
    "AttemptResult",
    "BadName",
    "Claim",
    "Claims",
    "Closing",
    "Delivery",
    "EventLog",
    "Params",
    "Plan",
    "Progress",
    "Row",
    "Source",
    "Tracking",
    "UnhandledEvent",
    "WaitingAttempt",
    "Warehouse",
]
