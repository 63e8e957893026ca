"""What we know: the tracking tables, and the questions and deeds that read and change them."""

from .event_log import Ledger
from .rows import (
    Asked,
    Claim,
    Claims,
    Closing,
    Handling,
    Plan,
    Progress,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .statements import BadName, Source
from .tracking import Ending, Place, Tracking
from .warehouse import Params, Warehouse

__all__ = [
    "Asked",
    "BadName",
    "Claim",
    "Claims",
    "Closing",
    "Ending",
    "Handling",
    "Ledger",
    "Params",
    "Place",
    "Plan",
    "Progress",
    "Row",
    "Source",
    "Tracking",
    "UnhandledEvent",
    "WaitingAttempt",
    "Warehouse",
]
