"""Settings of the stand-in's behaviour; by default every job succeeds at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from handlers.ports import Job, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a job ends. In a state that is not terminal it stays until it is cancelled."""

    state: JobState = JobState.SUCCEEDED
    code: int | None = None
    message: str = ""
    share: float = 1.0
    """Share of its rows that is answered and exported; with 0 no file is written."""
    missing_shards: int = 0
    """So many last shards are not written, although the names of the others count them."""
    only_incremental: bool = False
    """Export the rows to the incremental file alone."""


def succeeds(job: Job) -> End:
    """End every job as succeeded."""
    return End()


class Resuming(Enum):
    """What a job does whose request file is the output of an earlier one."""

    MERGES = "merges"  # documented: failed rows are sent again, answered ones kept
    REPEATS = "repeats"  # every row is sent again
    DROPS = "drops"  # answered rows are neither sent again nor written
    REFUSES_FILE = "refuses_file"  # because of its nulls and empty values


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Settings of the service, for tests and measurements."""

    pending_seconds: float = 0
    running_seconds: float = 0
    end: Callable[[Job], End] = succeeds
    list_lag_seconds: float = 0
    """Seconds until a new job appears in lists; `get` finds it at once."""
    shards: int = 0
    """Number of output files; 0: one file without a shard number."""
    incremental: bool = False
    """Write the incremental file as well."""
    unknown_models: frozenset[str] = field(default_factory=frozenset)
    refused_inputs: frozenset[str] = field(default_factory=frozenset)
    """URIs of request files for which `create` raises `InvalidRequest`."""
    resuming: Resuming = Resuming.MERGES
    keeps_answers: bool = False
    """Store each answer at once, so that no request is sent twice after an interruption."""
    lines_per_step: int = 200
    seconds_per_step: float = 0.25
    """A step ends after so many seconds of the clock: a real model takes seconds an answer."""
