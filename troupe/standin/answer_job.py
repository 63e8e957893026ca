"""The work of one job: check its lines and have them answered, a bounded number at a time.

A new process starts from the first line again; answers in the answer cache are reused.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from analysis.reading.prediction_line import lines_of
from handlers.ports import Blob, Bucket
from troupe.endpoint.answer_cache import AnswerCache
from troupe.standin.answering import Answers
from troupe.standin.corrupt import Corruption
from troupe.standin.importer import Importer, decode
from troupe.standin.jobs import Entry
from troupe.standin.prediction_lines import Answer, prediction
from troupe.standin.resume import as_request, importable, is_answered
from troupe.standin.settings import Resuming

_BLOCK_LINES = 1_000
"""Lines are shuffled within blocks of this size, so that memory does not grow with the job."""
_BLOCK_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024


class _Line(NamedTuple):
    number: int
    size: int
    """Bytes."""
    row: dict[str, Any]


class Work:
    """Reads a job's input and collects its output in a local file until it is exported."""

    def __init__(
        self,
        entry: Entry,
        source: Blob,
        bucket: Bucket,
        file: Path,
        answers: Answers,
        corruption: Corruption | None,
        resuming: Resuming,
        *,
        keeps_answers: bool,
    ) -> None:
        self.total: int | None = None
        """Number of requests; None until the whole file was checked."""
        self.answered = 0
        self.written = 0
        self._entry = entry
        self._corruption = corruption
        self._resuming = resuming
        self._unchecked = _requests(bucket, source)
        self._unanswered = _requests(bucket, source)
        self._importer = Importer()
        self._block: list[dict[str, Any]] = []
        self._block_bytes = 0
        self._blocks = 0
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        self._file = file
        self._answer_cache = AnswerCache(file.with_suffix(".answers")) if keeps_answers else None
        self._answering = answers.open(self._keep)
        self._begun = 0
        self._waiting: dict[int, _Line] = {}
        """The lines whose requests wait for an answer, by number."""

    def check(self, budget: Iterable[None]) -> None:
        """Check the next lines. Raises `ImportRefusedError` when the service would refuse one."""
        for _ in budget:
            line = next(self._unchecked, None)
            if line is None:
                self._importer.end()
                self.total = self._importer.lines
                return
            self._importer.check(importable(line, self._resuming))

    def answer(self, budget: Iterable[None], limit: int) -> None:
        """Answer the next lines, up to `limit` lines in all."""
        for _ in budget:
            if not self._answer_next(limit):
                return

    def _answer_next(self, limit: int) -> bool:
        """Begin as many lines as may wait, and finish one; False when none was finished."""
        while self._begun < limit and len(self._waiting) < self._answering.room:
            line = next(self._unanswered, None)
            if line is None:
                break
            number, self._begun = self._begun, self._begun + 1
            if self._begin(_Line(number, len(line), decode(line))):
                return True
        taken = self._answering.take() if self._waiting else None
        if taken is None:
            return False
        number, answer = taken
        self._add_answer(self._waiting.pop(number), answer)
        return True

    def _begin(self, line: "_Line") -> bool:
        """Have a line answered; True when that took no request."""
        if self._resuming is not Resuming.REPEATS and is_answered(line.row):
            self._add(line, [line.row] if self._resuming is Resuming.MERGES else [])
            return True
        cached = self._answer_cache.pop(line.number) if self._answer_cache else None
        if cached is not None:
            self._add_answer(line, cached)
            return True
        self._waiting[line.number] = line
        self._answering.ask(line.number, as_request(line.row)["request"])
        return False

    def _keep(self, number: int, answer: Answer) -> None:
        if self._answer_cache is not None:
            self._answer_cache.keep(number, answer)

    def _add_answer(self, line: "_Line", answer: Answer) -> None:
        made = prediction(
            as_request(line.row),
            answer,
            model=self._entry.model,
            created_at=self._entry.created_at,
            number=line.number,
        )
        self._add(line, [made])

    def _add(self, line: "_Line", made: list[dict[str, Any]]) -> None:
        self._block += made
        self.answered += 1
        self._block_bytes += line.size
        if len(self._block) >= _BLOCK_LINES or self._block_bytes >= _BLOCK_BYTES:
            self._end_block()

    def _end_block(self) -> None:
        # By the display name, which holds run, batch and attempt: with the job's number, the
        # order of creation would change which answers are corrupted.
        attempt = self._entry.display_name
        lines, self._block, self._block_bytes = self._block, [], 0
        Random(f"{attempt}/{self._blocks}").shuffle(lines)
        if self._corruption is not None:
            lines = self._corruption.corrupt(lines, attempt)
        self._blocks += 1
        self.written += len(lines)
        with self._file.open("ab") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)

    def finish(self) -> None:
        """Write the last block; then everything that was answered can be exported."""
        if self._block:
            self._end_block()

    def lines(self, first: int, count: int) -> Iterator[bytes]:
        """Chunks of finished lines, for one file of the output."""
        with self._file.open("rb") as file:
            chunk: list[bytes] = []
            size = 0
            for line in islice(file, first, first + count):
                chunk.append(line)
                size += len(line)
                if size >= _CHUNK:
                    yield b"".join(chunk)
                    chunk, size = [], 0
            if chunk:
                yield b"".join(chunk)

    def discard(self) -> None:
        """Drop the requests that are not sent, and delete the local files."""
        self._answering.close()
        self._file.unlink(missing_ok=True)
        if self._answer_cache is not None:
            self._answer_cache.discard()


def _requests(bucket: Bucket, source: Blob) -> Iterator[bytes]:
    return (line for line in lines_of(bucket.read(source)) if line.strip())
