"""A file of a job's answers from the user's own model, so that no line is sent twice."""

from pathlib import Path
from threading import Lock

import msgspec

from troupe.standin.prediction_lines import Answer


class _CachedAnswer(msgspec.Struct, frozen=True):
    line: int
    answer: Answer


class AnswerCache:
    """Appends each answer as it arrives, in any order; a later process takes them out again.

    Failures are not stored: an interrupted endpoint causes them as well.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answers = _read(path)
        self._lock = Lock()
        self._is_discarded = False

    def pop(self, line: int) -> Answer | None:
        """Return the stored answer to this line of the job, once."""
        return self._answers.pop(line, None)

    def keep(self, line: int, answer: Answer) -> None:
        """Store an answer. May be called by any thread, also after `discard`."""
        if answer.status:
            return
        data = msgspec.json.encode(_CachedAnswer(line, answer)) + b"\n"
        with self._lock:
            if not self._is_discarded:
                # Opened for each one: what was written is in the file when the process is killed.
                with self._path.open("ab") as file:
                    file.write(data)

    def discard(self) -> None:
        """Delete the file when the job has ended."""
        with self._lock:
            self._is_discarded = True
        self._path.unlink(missing_ok=True)


def _read(path: Path) -> dict[int, Answer]:
    """Return the answers by line number; cut off an incomplete last line of a killed process.

    A line that cannot be read is left out: its request is sent again.
    """
    whole, newline, half = (path.read_bytes() if path.exists() else b"").rpartition(b"\n")
    if half:
        path.write_bytes(whole + newline)
    answers: dict[int, Answer] = {}
    for line in whole.splitlines():
        try:
            cached = msgspec.json.decode(line, type=_CachedAnswer)
        except (msgspec.DecodeError, UnicodeError):
            continue
        answers[cached.line] = cached.answer
    return answers
