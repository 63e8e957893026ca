"""Every event and signal of the system, in the order of the flow."""

from msgspec import Struct

from .cloudevents import type_of
from .commands import (
    CancelRequested,
    DiscardRequested,
    ReplayRequested,
    ReprocessRequested,
    RereadRequested,
    RunRequested,
)
from .events import (
    BatchAbandoned,
    BatchCompleted,
    BatchPlanned,
    Event,
    EventDeadLettered,
    JobCancelled,
    JobFailed,
    JobSubmitted,
    JobSucceeded,
    JsonlUploaded,
    ReportWritten,
    RereadPlanned,
    ResultsProcessed,
    RunCompleted,
    RunPlanned,
    RunRefused,
    RunStopped,
)
from .signals import DeadLetter, GcsObject, WatchTick

EVENTS: tuple[type[Event], ...] = (
    RunRequested,
    ReprocessRequested,
    RereadRequested,
    CancelRequested,
    ReplayRequested,
    DiscardRequested,
    RunPlanned,
    RunRefused,
    BatchPlanned,
    RereadPlanned,
    JsonlUploaded,
    JobSubmitted,
    JobSucceeded,
    JobFailed,
    JobCancelled,
    ResultsProcessed,
    BatchCompleted,
    BatchAbandoned,
    RunStopped,
    RunCompleted,
    ReportWritten,
    EventDeadLettered,
)
"""Every event, commands included."""

SIGNALS: tuple[type[Struct], ...] = (WatchTick, GcsObject, DeadLetter)
"""Every signal that has a topic."""

EVENT_OF_TYPE: dict[str, type[Event]] = {type_of(kind): kind for kind in EVENTS}
"""The event class of each CloudEvents type."""
