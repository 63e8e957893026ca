"""Writing the request file of an attempt: not for a stopped run, and only where it is still open."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, cast

import msgspec
import pytest

from events import BatchPlanned, Deployment
from handlers.dispatch.errors import Reject, Wait
from handlers.ports import Blob, Bucket
from handlers.write_jsonl import write_jsonl
from tests.handlers.fakes import FakeTracking, claim, claims
from tests.local.fakes import HeldClock
from tests.tracking.harness import DAY
from tracking import Claims, Tracking

PLANNED = BatchPlanned(run_id="r1", planned_on=DAY, batch=1, attempt=1, records=2)


class NoBucket:
    """Takes no object."""

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        raise AssertionError(f"{path} was written")


def write(known: Claims, event: BatchPlanned = PLANNED) -> list[Any]:
    found = write_jsonl(
        event,
        cast("Tracking", FakeTracking(known)),
        cast("Bucket", NoBucket()),
        Deployment("d1"),
        HeldClock(),
    )
    return list(found)


def test_no_request_file_is_written_for_a_stopped_or_closed_attempt() -> None:
    """A stop releases it; with a claim it may have a job, and goes on."""
    assert [] == write(claims(stopped=True))
    assert [] == write(claims(claim(1), closed=True))
    with pytest.raises(AssertionError, match="was written"):
        write(claims(claim(1), stopped=True))


def test_no_request_file_is_written_for_a_batch_that_nobody_planned() -> None:
    """A forged message would have it sent."""
    with pytest.raises(Reject, match="not_planned"):
        write(claims(planned=False))


def test_a_request_file_is_written_at_its_time_and_not_before() -> None:
    """The service did not answer the attempt before."""
    now = HeldClock()()
    early = msgspec.structs.replace(PLANNED, not_before=now + timedelta(seconds=1))

    with pytest.raises(Wait) as waited:
        write(claims(), early)
    assert early.not_before == waited.value.not_before
    with pytest.raises(AssertionError, match="was written"):
        write(claims(), msgspec.structs.replace(PLANNED, not_before=now))


class OtherContent:
    """Holds another object under each name."""

    def write_once(self, path: str, chunks: Iterable[bytes]) -> Blob:
        raise Reject("object_conflict", path)


class ClosedMeanwhile(FakeTracking):
    """An attempt that was open when its claims were read."""

    def closing_of(self, attempt_key: Any) -> Any:
        return "a closing"


def test_a_writer_that_slept_past_the_end_of_its_attempt_leaves_no_dead_letter() -> None:
    """Records may be forgotten since, so that its file differs from the one that was sent."""

    def write_over(tracking: FakeTracking) -> list[Any]:
        return list(
            write_jsonl(
                PLANNED,
                cast("Tracking", tracking),
                cast("Bucket", OtherContent()),
                Deployment("d1"),
                HeldClock(),
            )
        )

    assert [] == write_over(ClosedMeanwhile())
    with pytest.raises(Reject, match="object_conflict"):
        write_over(FakeTracking())
