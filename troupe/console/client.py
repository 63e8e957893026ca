"""The operations as the pages call them: one at a time for a state folder, shared by viewers."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

import anyio
import msgspec
from starlette.requests import Request

from troupe.backends.local.state_folder import InvalidHome, is_state_folder
from troupe.cli.client import CallFailed, try_call
from troupe.cli.target import Target, set_target, target
from troupe.exit_codes import ExitCode
from troupe.operations.registry import only_reads

T = TypeVar("T")


class Forbidden(CallFailed):
    """This console does not do that: it is read-only, or shows no texts."""


LEAST_AGE = 1.0
"""Seconds for which viewers share an answer."""
LEAST_AGE_CLOUD = 15.0
"""Of a deployment: a look is about ten BigQuery queries, which cost money."""
TEXTS = frozenset({"review_sample", "sample_source"})
"""Operations whose result holds transcripts, or texts of answers."""
MOST_SHARE = 0.07
"""Share of a worker's time that a shared question may take, however many ask it. It waits for the
worker's current step as well, so that its real share is less."""
AT_ONCE = {False: 1, True: 8}
"""Calls at the same time: of a state folder, which has one owner; of a deployment."""


def _refuse_gone(home: Path) -> None:
    """Raise `CallFailed` for a state folder that was moved away: a request would make a new one."""
    try:
        if is_state_folder(home):
            return
    except InvalidHome as error:
        raise CallFailed(str(error), ExitCode.FAILED) from error
    raise CallFailed(
        f"the state folder {home} is gone: move it back, or end this console", ExitCode.FAILED
    )


def call_existing(operation: Callable[..., T], **arguments: Any) -> T:
    """Run an operation on a deployment, or on a state folder that exists. Raises `CallFailed`."""
    if not target().is_gcp:
        _refuse_gone(target().home)
    return try_call(operation, **arguments)


@dataclass(slots=True)
class _Shared:
    """An answer that further viewers get, until it is too old."""

    answer: "asyncio.Task[Any]"
    fresh_until: float = float("inf")
    """Seconds of the clock; unlimited while the operation runs."""


@dataclass(slots=True)
class _Spent:
    """How long an operation itself took: waiting for the turn of others costs the worker nothing."""

    clock: Callable[[], float]
    seconds: float = 0.0
    _began: float = 0.0

    def __enter__(self) -> None:
        self._began = self.clock()

    def __exit__(self, *about: object) -> None:
        self.seconds = self.clock() - self._began


@dataclass(slots=True)
class Client:
    """Calls operations on a state folder or a deployment, in threads. Raises `CallFailed`."""

    target: Target
    read_only: bool = False
    """Operations that change something are refused."""
    no_text: bool = False
    """The pages show no transcript and no text of an answer."""
    clock: Callable[[], float] = time.monotonic
    ask: Callable[..., Any] = try_call
    """Runs an operation with its arguments, in a thread; raises `CallFailed`."""
    _shared: dict[str, _Shared] = field(default_factory=dict)
    _limiter: anyio.CapacityLimiter | None = None

    async def call(self, operation: Callable[..., T], **arguments: Any) -> T:
        """Run an operation with JSON values; return its result.

        Raises `CallFailed` with the reason, also for one that changes something in a console that
        is read-only.
        """
        return await self._run(operation, arguments, _Spent(self.clock))

    async def _run(
        self, operation: Callable[..., T], arguments: Mapping[str, Any], spent: "_Spent"
    ) -> T:
        reads = only_reads(operation.__name__, arguments)
        if self.read_only and not reads:
            raise Forbidden("this console is read-only: use the command line, or another console")
        if self.no_text and operation.__name__ in TEXTS:
            raise Forbidden("this console shows no texts: it was started with --no-text")
        if self.no_text and "texts" in signature(operation).parameters:
            arguments = {**arguments, "texts": False}
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(AT_ONCE[self.target.is_gcp])
        try:
            return await anyio.to_thread.run_sync(
                self._in_time, operation, arguments, spent, limiter=self._limiter
            )
        finally:
            if not reads:
                self._shared.clear()

    async def shared(self, operation: Callable[..., T], **arguments: Any) -> T:
        """Run an operation that reads, or return the answer that another viewer got just now.

        An answer is shared for a second, or longer where the operation takes long, so that
        viewers of a live run take no more than `MOST_SHARE` of the worker's time.
        """
        key = _key(operation, arguments)
        known = self._shared.get(key)
        if known is None or known.fresh_until <= self.clock() or known.answer.cancelled():
            spent = _Spent(self.clock)
            answer = asyncio.ensure_future(self._run(operation, arguments, spent))
            known = _Shared(answer)
            self._shared[key] = known
            answer.add_done_callback(self._ended(key, known, spent))
        # One viewer who leaves does not cancel the question of the others.
        result: T = await asyncio.shield(known.answer)
        return result

    @property
    def _least_age(self) -> float:
        return LEAST_AGE_CLOUD if self.target.is_gcp else LEAST_AGE

    def _ended(self, key: str, shared: _Shared, spent: "_Spent") -> Callable[[Any], None]:
        def ended(answer: "asyncio.Task[Any]") -> None:
            now = self.clock()
            shared.fresh_until = now + max(self._least_age, spent.seconds / MOST_SHARE)
            failed = answer.cancelled() or answer.exception() is not None
            stale = [each for each, known in self._shared.items() if known.fresh_until <= now]
            for each in [*stale, *([key] if failed and self._shared.get(key) is shared else [])]:
                self._shared.pop(each, None)

        return ended

    def _in_time(
        self, operation: Callable[..., T], arguments: Mapping[str, Any], spent: "_Spent"
    ) -> T:
        with spent:
            return self.in_thread(operation, arguments)

    def in_thread(self, operation: Callable[..., T], arguments: Mapping[str, Any]) -> T:
        """Run an operation in the thread of the caller. Raises `CallFailed`."""
        set_target(self.target)
        result: T = self.ask(operation, **arguments)
        return result


def client_of(request: Request) -> Client:
    """Return the client of the application that handles this request."""
    client: Client = request.app.state.client
    return client


def status_of(error: CallFailed, *, names_something: bool) -> int:
    """Return the HTTP status of a failed call; `names_something`: the address holds an id."""
    if isinstance(error, Forbidden):
        return 403
    if error.code != ExitCode.USAGE:
        return 503
    return 404 if names_something else 400


def _key(operation: Callable[..., Any], arguments: Mapping[str, Any]) -> str:
    return f"{operation.__name__} {msgspec.json.encode(arguments, order='sorted').decode()}"
