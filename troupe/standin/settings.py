"""How the stand-in behaves; the defaults are a service on a good day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from handlers.ports import Job, JobState


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What becomes of a job. A state that is no end is where it stays until it is cancelled."""

    state: JobState = JobState.SUCCEEDED
    code: int | None = None
    message: str = ""
    share: float = 1.0
    """Of its rows that are answered and exported; with 0 no file is written."""
    missing_shards: int = 0
    """The last shards that never appear, although the names of the others count them."""
    only_incremental: bool = False
    """What was exported stands in the incremental file alone."""


def succeeds(job: Job) -> End:
    """Every job ends well."""
    return End()


class Resuming(Enum):
    """What becomes of a job whose request file is the output of an earlier one."""

    MERGES = "merges"  # documented: what failed is asked again, what was answered stays
    REPEATS = "repeats"  # every line is asked again
    DROPS = "drops"  # what was answered is neither asked again nor written
    REFUSES_FILE = "refuses_file"  # nulls and empty values, as in any other request file


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Settings of the service, for tests and simulations."""

    pending_seconds: float = 0
    running_seconds: float = 0
    end: Callable[[Job], End] = succeeds
    list_lag_seconds: float = 0
    """How long a new job is missing from lists; asking for it by name always finds it."""
    shards: int = 0
    """Into how many files the output is cut; 0: one file without a shard number."""
    incremental: bool = False
    """Leave the partial dump behind as well."""
    unknown_models: frozenset[str] = field(default_factory=frozenset)
    refused_inputs: frozenset[str] = field(default_factory=frozenset)
    """Addresses of request files: no job is made that names one of them."""
    resuming: Resuming = Resuming.MERGES
    keeps_answers: bool = False
    """Each one at once, so that a model of one's own is not asked again after an interruption."""
    lines_per_step: int = 200
    seconds_per_step: float = 0.25
    """A step ends after this time of the given clock; answers of a real model take long."""
