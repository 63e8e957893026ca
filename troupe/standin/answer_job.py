"""The work of one job: check and answer its lines, a bounded number at a time.

A new process starts from the first line again; answers in the answer cache are reused.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from analysis.reading.prediction_line import lines_of
from handlers.ports import Blob, Bucket
from troupe.endpoint.answer_cache import AnswerCache
from troupe.standin.corrupt import Corruption
from troupe.standin.importer import Importer, decode
from troupe.standin.jobs import Entry
from troupe.standin.prediction_lines import Answer, Answerer, prediction
from troupe.standin.resume import as_request, importable, is_answered
from troupe.standin.settings import Resuming

_BLOCK_LINES = 1_000
"""Lines are shuffled within blocks of this size, so that memory does not grow with the job."""
_BLOCK_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024


class Work:
    """Reads a job's input and collects its output in a local file until it is exported."""

    def __init__(
        self,
        entry: Entry,
        source: Blob,
        bucket: Bucket,
        file: Path,
        answerer: Answerer,
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
        self._answerer = answerer
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
            line = next(self._unanswered, None) if self.answered < limit else None
            if line is None:
                return
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        row = decode(line)
        if self._resuming is Resuming.REPEATS or not is_answered(row):
            self._block.append(self._predicted(as_request(row)))
        elif self._resuming is Resuming.MERGES:
            self._block.append(row)
        self.answered += 1
        self._block_bytes += len(line)
        if len(self._block) >= _BLOCK_LINES or self._block_bytes >= _BLOCK_BYTES:
            self._end_block()

    def _predicted(self, row: dict[str, Any]) -> dict[str, Any]:
        entry, answer = self._entry, self._answer_to(row["request"])
        return prediction(
            row, answer, model=entry.model, created_at=entry.created_at, number=self.answered
        )

    def _answer_to(self, request: dict[str, Any]) -> Answer:
        if self._answer_cache is None:
            return self._answerer(request)
        return self._answer_cache.answer(self.answered, lambda: self._answerer(request))

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
        """Delete the local files."""
        self._file.unlink(missing_ok=True)
        if self._answer_cache is not None:
            self._answer_cache.discard()


def _requests(bucket: Bucket, source: Blob) -> Iterator[bytes]:
    return (line for line in lines_of(bucket.read(source)) if line.strip())
