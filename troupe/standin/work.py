"""Answering the lines of one job, some at a time; a new process begins again, with the answer_cache."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from analysis.reading.lines import lines_of
from handlers.ports import Blob, Bucket
from troupe.endpoint.answer_cache import AnswerCache
from troupe.standin.corrupt import Corruption
from troupe.standin.importer import Importer, decode
from troupe.standin.jobs import Entry
from troupe.standin.prediction_lines import Answer, Answerer, prediction
from troupe.standin.resume import as_asked, importable, is_answered
from troupe.standin.settings import Resuming

_BLOCK_LINES = 1_000
"""Lines are shuffled within such blocks, so that memory does not grow with the job."""
_BLOCK_BYTES = 16 * 1024 * 1024
_CHUNK = 1024 * 1024


class Work:
    """One job's input on the way to its output, which grows aside until it is exported."""

    def __init__(
        self,
        entry: Entry,
        source: Blob,
        bucket: Bucket,
        aside: Path,
        answerer: Answerer,
        corruption: Corruption | None,
        resuming: Resuming,
        *,
        keeps_answers: bool,
    ) -> None:
        self.total: int | None = None
        """How many requests there are; known once the whole file was accepted."""
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
        aside.parent.mkdir(parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        self._aside = aside
        self._answer_cache = AnswerCache(aside.with_suffix(".said")) if keeps_answers else None

    def check(self, budget: Iterable[None]) -> None:
        """Read on. Raises `ImportRefusedError` when the service would refuse the file."""
        for _ in budget:
            line = next(self._unchecked, None)
            if line is None:
                self._importer.end()
                self.total = self._importer.lines
                return
            self._importer.check(importable(line, self._resuming))

    def answer(self, budget: Iterable[None], limit: int) -> None:
        """Answer on, up to this many lines in all."""
        for _ in budget:
            line = next(self._unanswered, None) if self.answered < limit else None
            if line is None:
                return
            self._answer(line)

    def _answer(self, line: bytes) -> None:
        row = decode(line)
        if self._resuming is Resuming.REPEATS or not is_answered(row):
            self._block.append(self._predicted(as_asked(row)))
        elif self._resuming is Resuming.MERGES:
            self._block.append(row)
        self.answered += 1
        self._block_bytes += len(line)
        if len(self._block) >= _BLOCK_LINES or self._block_bytes >= _BLOCK_BYTES:
            self._end_block()

    def _predicted(self, row: dict[str, Any]) -> dict[str, Any]:
        entry, said = self._entry, self._said(row["request"])
        return prediction(
            row, said, model=entry.model, created_at=entry.created_at, number=self.answered
        )

    def _said(self, request: dict[str, Any]) -> Answer:
        if self._answer_cache is None:
            return self._answerer(request)
        return self._answer_cache.answer(self.answered, lambda: self._answerer(request))

    def _end_block(self) -> None:
        # By the display name, which says run, batch and attempt: another order of creation
        # changes the numbers of the jobs, and must not change what becomes of an answer.
        attempt = self._entry.display_name
        lines, self._block, self._block_bytes = self._block, [], 0
        Random(f"{attempt}/{self._blocks}").shuffle(lines)
        if self._corruption is not None:
            lines = self._corruption.corrupt(lines, attempt)
        self._blocks += 1
        self.written += len(lines)
        with self._aside.open("ab") as file:
            file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)

    def finish(self) -> None:
        """Everything that was answered can be exported from now on."""
        if self._block:
            self._end_block()

    def lines(self, first: int, count: int) -> Iterator[bytes]:
        """Finished lines in chunks, for a file of the output."""
        with self._aside.open("rb") as file:
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
        """Forget what was made aside."""
        self._aside.unlink(missing_ok=True)
        if self._answer_cache is not None:
            self._answer_cache.discard()


def _requests(bucket: Bucket, source: Blob) -> Iterator[bytes]:
    return (line for line in lines_of(bucket.read(source)) if line.strip())
