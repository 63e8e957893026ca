"""State in BigQuery: the tracking tables, and the queries and transactions on them."""

from .attempts import AttemptKey
from .event_log import EventLog
from .redaction import Redaction, RedactionRule
from .results import (
    Claim,
    Claims,
    Closing,
    Delivery,
    KnownEvent,
    LetterState,
    Plan,
    Progress,
    RedactionCount,
    RequestRecord,
    Row,
    UnhandledEvent,
    WaitingAttempt,
)
from .source_reading import Reading, SourceReading
from .statements import BadName, ColumnMismatch, Source, convert_rows
from .tracking import Tracking
from .warehouse import Params, Warehouse

__all__ = [
    "AttemptKey",
    "BadName",
    "Claim",
    "Claims",
    "Closing",
    "ColumnMismatch",
    "Delivery",
    "EventLog",
    "KnownEvent",
    "LetterState",
    "Params",
    "Plan",
    "Progress",
    "Reading",
    "Redaction",
    "RedactionCount",
    "RedactionRule",
    "RequestRecord",
    "Row",
    "Source",
    "SourceReading",
    "Tracking",
    "UnhandledEvent",
    "WaitingAttempt",
    "Warehouse",
    "convert_rows",
]
