"""A file of a job's answers from the user's own model, so that no line is sent twice."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from troupe.standin.prediction_lines import Answer


class _CachedAnswer(msgspec.Struct, frozen=True):
    line: int
    answer: Answer


class AnswerCache:
    """Appends one answer at a time; a process that continues the job reads them again.

    Failures are not stored: an interrupted endpoint causes them as well.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers = _read(path)

    def answer(self, line: int, ask: Callable[[], Answer]) -> Answer:
        """Return the cached answer to this line of the job; without one, call `ask` and store it."""
        answer = self._answers.pop(line, None)
        if answer is None:
            answer = ask()
            if not answer.status:
                with self._path.open("ab") as file:
                    file.write(msgspec.json.encode(_CachedAnswer(line, answer)) + b"\n")
        return answer

    def discard(self) -> None:
        """Delete the file when the job has ended."""
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> dict[int, Answer]:
    """Return the answers by line number; cut off an incomplete last line of a killed process."""
    whole, newline, half = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
    if half:
        path.write_bytes(whole + newline)
    cached = (msgspec.json.decode(line, type=_CachedAnswer) for line in whole.splitlines())
    return {each.line: each.answer for each in cached}
