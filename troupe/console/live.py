"""A run as its viewers watch it: one query and one rendering for all of them."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from troupe.cli.client import CallFailed
from troupe.cli.watch_state import WatchState
from troupe.operations import status
from troupe.operations.run_status import Status
from troupe.report.live.snapshot import Snapshot

from .client import Client

MOST_RUNS = 50
"""Watched runs that are remembered; the one that was looked at longest ago is forgotten first."""
RECOUNTED_SECONDS = 60.0
"""For so long the recounted totals of a run that is over are shown as they are."""
WATCH_SECONDS = 3600.0
"""After so long a watch ends: its viewer asks again, and shows who they are."""
PAUSE = 1.0
"""Seconds between two looks; the client may answer with the look of another viewer."""

Render = Callable[[Snapshot], dict[str, str]]
"""Returns the parts of the page, by their ids."""


@dataclass(slots=True)
class _Watched:
    """What the snapshots of one run have shown."""

    state: WatchState
    of: Status
    """The status that the snapshot was made from."""
    snapshot: Snapshot
    parts: dict[str, str] = field(default_factory=dict)
    recounted_until: float = 0.0
    """Until then the run, which is over, is not looked at again."""


@dataclass(slots=True)
class LiveRuns:
    """The runs that are watched."""

    client: Client
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    pause: Callable[[float], Awaitable[None]] = anyio.sleep
    _watched: dict[str, _Watched] = field(default_factory=dict)

    async def newest(self, run_id: str) -> Snapshot:
        """Return the newest snapshot of a run. Raises `CallFailed`."""
        return (await self._look(run_id)).snapshot

    async def watch(self, run_id: str, render: Render) -> AsyncIterator[dict[str, str]]:
        """Yield the parts of the page that changed, until the run is over and was recounted.

        A query that fails shows in the parts, and is repeated.
        """
        shown: dict[str, str] = {}
        is_last, until = False, self.clock() + WATCH_SECONDS
        while self.clock() < until:
            try:
                watched = await self._look(run_id, recount=is_last)
            except CallFailed as error:
                last = self._watched.get(run_id)
                if last is None or is_last:
                    return
                snapshot = last.state.without_answer(last.snapshot, str(error))
                parts = render(snapshot)
            else:
                snapshot = watched.snapshot
                watched.parts = parts = watched.parts or render(snapshot)
            if changed := {name: part for name, part in parts.items() if shown.get(name) != part}:
                yield changed
            if is_last:
                return
            shown, is_last = parts, is_over(snapshot)
            if not is_last:
                await self.pause(PAUSE)

    def is_over(self, run_id: str) -> bool:
        """Return whether the newest snapshot shows the run as over."""
        known = self._watched.get(run_id)
        return known is None or is_over(known.snapshot)

    async def _look(self, run_id: str, *, recount: bool = False) -> _Watched:
        """Look at a run; its totals are recounted once, at its end, because that takes long."""
        known = self._watched.get(run_id)
        if known is not None and known.recounted_until > self.clock():
            return known
        found = await self.client.shared(status, run_id=run_id, recount=recount)
        known = self._watched.pop(run_id, None)
        if known is None:
            state = WatchState(self.clock, self.now)
            known = _Watched(state, found, state.refresh(lambda _: found, run_id))
        elif known.of is not found:
            known.of, known.parts = found, {}
            known.snapshot = known.state.refresh(lambda _: found, run_id)
        if recount:
            known.recounted_until = self.clock() + RECOUNTED_SECONDS
        self._watched[run_id] = known
        while len(self._watched) > MOST_RUNS:
            del self._watched[next(iter(self._watched))]
        return known


def is_over(snapshot: Snapshot) -> bool:
    """Return whether nothing more will happen to the run: it is over, or was refused."""
    if snapshot.run is not None:
        return snapshot.run.is_over
    return bool(snapshot.status.refusals) and not snapshot.status.requests
