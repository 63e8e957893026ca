"""The store of the stand-in's jobs: one JSON file each, so that they survive the process."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from handlers.ports import Job, JobState

PARENT = "projects/local/locations/local/batchPredictionJobs/"
"""A job's name without its number."""
_FIRST = 10**18
"""Numbers are as large as the service's, which do not fit into a double."""


class Entry(msgspec.Struct, kw_only=True):
    """One job as it is stored."""

    number: int
    display_name: str
    model: str
    request_uri: str
    output_prefix: str
    labels: dict[str, str]
    created_at: datetime
    named_at: datetime
    """The time in the output folder's name: the creation's, made unique by a microsecond."""
    state: int = JobState.PENDING.value
    started_at: datetime | None = None
    output_folder: str | None = None
    error_code: int | None = None
    error_message: str = ""
    rows: int | None = None
    """Lines that were answered when it was cancelled; None: not cancelled."""
    deleted: bool = False

    @property
    def name(self) -> str:
        return f"{PARENT}{self.number}"

    def job(self) -> Job:
        """The job as the port returns it."""
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
    """All jobs of one folder, in order of creation. Only one process may write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        stored = (
            msgspec.json.decode(file.read_bytes(), type=Entry) for file in folder.glob("*.json")
        )
        self._entries = {one.name: one for one in sorted(stored, key=lambda one: one.number)}

    def __iter__(self) -> Iterator[Entry]:
        return (entry for entry in self._entries.values() if not entry.deleted)

    def get(self, name: str) -> Entry | None:
        entry = self._entries.get(name)
        return None if entry is None or entry.deleted else entry

    def next_number(self) -> int:
        """The next number; those of deleted jobs are not used again."""
        return max((one.number for one in self._entries.values()), default=_FIRST) + 1

    def free_time(self, now: datetime) -> datetime:
        """A time that no other job has, so that no two jobs share a folder on a clock at rest."""
        last = max((one.named_at for one in self._entries.values()), default=None)
        return now if last is None or last < now else last + timedelta(microseconds=1)

    def save(self, entry: Entry) -> None:
        """Write a temporary file, then rename it: a reader sees the old job or the new one."""
        self._entries[entry.name] = entry
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{entry.number}.json"
        temporary = file.with_suffix(".tmp")
        temporary.write_bytes(msgspec.json.encode(entry))
        os.replace(temporary, file)  # noqa: PTH105  (atomic on every system)
