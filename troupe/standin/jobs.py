"""The stand-in's jobs, one file each, so that a killed worker finds them again."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from handlers.ports import Job, JobState

PARENT = "projects/local/locations/local/batchPredictionJobs/"
"""Before the number in the name of a job."""
_FIRST = 10**18
"""Job numbers look like the service's: they do not fit into a double."""


class Entry(msgspec.Struct, kw_only=True):
    """One job as it stands on disk."""

    number: int
    display_name: str
    model: str
    request_uri: str
    output_prefix: str
    labels: dict[str, str]
    created_at: datetime
    named_at: datetime
    """Names the output folder: the time of creation, or a microsecond after the last one."""
    state: int = JobState.PENDING.value
    started_at: datetime | None = None
    output_folder: str | None = None
    error_code: int | None = None
    error_message: str = ""
    rows: int | None = None
    """How many lines were answered when it was cancelled; None: not cancelled."""
    deleted: bool = False

    @property
    def name(self) -> str:
        return f"{PARENT}{self.number}"

    def job(self) -> Job:
        """As the service describes it."""
        return Job(
            name=self.name,
            state=JobState(self.state),
            labels=dict(self.labels),
            created_at=self.created_at,
            started_at=self.started_at,
            output_folder=self.output_folder,
            error_code=self.error_code,
            error_message=self.error_message,
        )


class Jobs:
    """All jobs of one folder, in order of creation. One process writes."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        found = (
            msgspec.json.decode(file.read_bytes(), type=Entry) for file in folder.glob("*.json")
        )
        self._entries = {one.name: one for one in sorted(found, key=lambda one: one.number)}

    def __iter__(self) -> Iterator[Entry]:
        return (entry for entry in self._entries.values() if not entry.deleted)

    def get(self, name: str) -> Entry | None:
        entry = self._entries.get(name)
        return None if entry is None or entry.deleted else entry

    def next_number(self) -> int:
        """Numbers of deleted jobs are not given again."""
        return max((one.number for one in self._entries.values()), default=_FIRST) + 1

    def free_time(self, now: datetime) -> datetime:
        """On a clock that stands still two jobs are created at once; no two share a folder."""
        last = max((one.named_at for one in self._entries.values()), default=None)
        return now if last is None or last < now else last + timedelta(microseconds=1)

    def save(self, entry: Entry) -> None:
        """Written aside, then renamed: a reader sees the old job or the new one."""
        self._entries[entry.name] = entry
        file = self._folder / f"{entry.number}.json"
        aside = file.with_suffix(".tmp")
        aside.write_bytes(msgspec.json.encode(entry))
        os.replace(aside, file)  # noqa: PTH105  (atomic on every system)
