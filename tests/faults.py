"""Failing ports: replace one method of one object, until it is restored."""

from collections.abc import Callable
from typing import Any

from handlers.dispatch.errors import Reject

Restore = Callable[[], None]


def replace_method(target: object, name: str, method: Callable[..., Any]) -> Restore:
    """Replace a method of this object alone; return a function that restores it."""
    assert callable(getattr(target, name)), f"{target!r} has no method {name}"
    setattr(target, name, method)

    def restore() -> None:
        delattr(target, name)

    return restore


def fail_writes(
    bucket: Any, cause: str = "object_conflict", of: Callable[[str], bool] = lambda _path: True
) -> Restore:
    """Reject every object whose path `of` chooses, until the returned function is called."""
    write = bucket.write_once

    def write_or_fail(path: str, *rest: Any) -> Any:
        if of(path):
            raise Reject(cause, "the test rejects it")
        return write(path, *rest)

    return replace_method(bucket, "write_once", write_or_fail)
