"""The choreography: which handler reacts to which event, in the order of a run.

There is no orchestrator. A handler gets one event and returns the events that follow from it.
"""

from collections.abc import Callable, Iterable

from events import (
    BadRequest,
    BatchAbandoned,
    BatchCompleted,
    BatchPlanned,
    CancelRequested,
    DeadLetter,
    DiscardRequested,
    Event,
    GcsObject,
    JobCancelled,
    JobFailed,
    JobSucceeded,
    JsonlUploaded,
    ReplayRequested,
    ReportWritten,
    ReprocessRequested,
    RereadPlanned,
    RereadRequested,
    ResultsProcessed,
    RunCompleted,
    RunRefused,
    RunRequested,
    RunStopped,
    Signal,
    WatchTick,
    topic_of,
)
from tracking import Row

from .advance_run import advance_run
from .dispatch.instructions import Instruction
from .notify_run import notify_run
from .plan_reread import plan_reread
from .plan_run import plan_run
from .process_results import process_results
from .record_dead_letter import record_dead_letter
from .refuse_run import refuse_run
from .replay_dead_letters import replay_dead_letters
from .report_run import report_run
from .settle_batch import settle_batch
from .stop_run import stop_run
from .submit_job import submit_job
from .watch_jobs import watch_jobs
from .write_jsonl import write_jsonl

Handler = Callable[..., Iterable[Event | Instruction]]
"""Gets an event and, as further parameters, the dependencies it names; returns what follows."""

CHOREOGRAPHY: dict[type[Event], Handler] = {
    RunRequested: plan_run,
    ReprocessRequested: plan_run,
    RereadRequested: plan_reread,
    BatchPlanned: write_jsonl,
    JsonlUploaded: submit_job,
    JobSucceeded: process_results,
    JobFailed: process_results,
    JobCancelled: process_results,
    RereadPlanned: process_results,
    ResultsProcessed: settle_batch,
    BatchCompleted: advance_run,
    BatchAbandoned: advance_run,
    CancelRequested: stop_run,
    RunStopped: stop_run,
    RunCompleted: report_run,
    ReportWritten: notify_run,
    RunRefused: notify_run,
    ReplayRequested: replay_dead_letters,
    DiscardRequested: replay_dead_letters,
}

SIGNALS: dict[type[Signal], Handler] = {
    WatchTick: watch_jobs,
    GcsObject: watch_jobs,
    DeadLetter: record_dead_letter,
    BadRequest: refuse_run,
}


def event_subscriptions() -> list[Row]:
    """Topic and handler of every event that is handled, as the queries take them."""
    return [
        {"topic": topic_of(event), "handler": name_of(handler)}
        for event, handler in CHOREOGRAPHY.items()
    ]


def name_of(handler: Handler) -> str:
    """`plan_run` subscribes as `plan-run`."""
    return handler.__name__.replace("_", "-")
