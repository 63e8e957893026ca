"""What a model of one's own said to the lines of a job, so that no line is asked twice."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from troupe.standin.prediction_lines import Answer


class _Said(msgspec.Struct, frozen=True):
    line: int
    answer: Answer


class AnswerCache:
    """Grows by one answer at a time; a process that takes the job over begins with what is there.

    A failure is not kept: it may have been the endpoint's own end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _kept(path)

    def answer(self, line: int, ask: Callable[[], Answer]) -> Answer:
        """What was said to this line of the job, or is said now."""
        said = self._known.pop(line, None)
        if said is None:
            said = ask()
            if not said.status:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(_Said(line, said)) + b"\n")
        return said

    def discard(self) -> None:
        """The job has ended."""
        self._path.unlink(missing_ok=True)


def _kept(path: Path) -> dict[int, Answer]:
    """By line. Half a line, which a killed process left, is cut off."""
    whole, newline, half = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
    if half:
        path.write_bytes(whole + newline)
    told = (msgspec.json.decode(line, type=_Said) for line in whole.splitlines())
    return {said.line: said.answer for said in told}
