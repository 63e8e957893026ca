"""Stored rows and failures for tests of the answers by day, written without a run."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol


class Database(Protocol):
    """A harness with a database."""

    def sql(self, sql: str, *values: Any) -> list[tuple[Any, ...]]: ...


_FILLED = (
    "phone_number_token, call_summary, record_id, run_id, batch, attempt, model, analysis, "
    "prompt_fingerprint, reader_fingerprint, parse_method, repair_grade, grade, normalised_fields, "
    "nulled_fields"
)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def store(
    database: Database,
    tones: Sequence[str | None],
    *,
    at: Sequence[datetime | None],
    analysed_at: datetime,
    analysis: str = "call_review_v1",
    run_id: str = "r1",
    attributes: Sequence[dict[str, Any]] | None = None,
    normalised: Sequence[list[str]] | None = None,
    nulled: Sequence[list[str]] | None = None,
    grade: str = "exact",
    output: str = "transcription_analyzed_transcripts",
) -> None:
    """Store a row for each tone, of a call at the same place in `at`."""
    count = len(tones)
    database.sql(
        f"INSERT INTO {output} ({_FILLED}, call_tone, event_timestamp, attributes, analysed_at, "  # noqa: S608
        "prompt_tokens, output_tokens, cost, grounding) "
        "SELECT 'p', 's', uuid(), ?, 1, 1, 'm', ?, 'f', 'f', 'strict', 'exact', ?, r.normalised, "
        "r.nulled, r.tone, r.at, r.attributes, ?, 100, 20, 0.5, 0.8 FROM (SELECT unnest(?) AS tone, "
        "unnest(?::TIMESTAMPTZ[]) AS at, unnest(?::VARCHAR[]) AS attributes, "
        "unnest(?::VARCHAR[][]) AS normalised, unnest(?::VARCHAR[][]) AS nulled) AS r",
        run_id, analysis, grade, analysed_at, list(tones), list(at),
        [json.dumps(each) for each in attributes] if attributes else [None] * count,
        list(normalised) if normalised else [[]] * count,
        list(nulled) if nulled else [[]] * count,
    )  # fmt: skip


def fail(
    database: Database,
    record: str,
    error_type: str,
    *,
    at: datetime | None,
    failed_at: datetime,
    run_id: str = "r1",
    retryable: bool = False,
    replan: bool = False,
    attributes: dict[str, Any] | None = None,
) -> None:
    """Store a planned record, and an error of it."""
    database.sql(
        "INSERT INTO batch_records (run_id, planned_on, batch, record_id, analysis, event_timestamp, "
        "transcript, attributes, line_bytes, text_fingerprint, original_fingerprint) "
        "SELECT ?, ?, 1, ?, 'call_review_v1', ?, 'x', ?, 1, 'f', 'f' WHERE NOT EXISTS "
        "(SELECT 1 FROM batch_records WHERE run_id = ? AND record_id = ?)",
        run_id, failed_at.date(), record, at, json.dumps(attributes) if attributes else None,
        run_id, record,
    )  # fmt: skip
    database.sql(
        "INSERT INTO error_tracking (error_id, error_type, scope, analysis, record_id, run_id, batch, "
        "attempt, retryable, replan, created_at) VALUES (uuid()::VARCHAR, ?, 'record', 'call_review_v1', ?, ?, "
        "1, 1, ?, ?, ?)",
        error_type, record, run_id, retryable, replan, failed_at,
    )  # fmt: skip


def history(
    database: Database,
    until: date,
    shares: Sequence[float],
    *,
    a_day: int = 40,
    queue: str | None = None,
    seed: int = 18,
    output: str = "transcription_analyzed_transcripts",
) -> None:
    """Store a week of calls for each share of angry ones; the last week ends on `until`."""
    dice = random.Random(seed)
    tones, at = list[str](), list[datetime]()
    for week, share in enumerate(reversed(shares)):
        for day in range(7):
            when = noon(until - timedelta(days=7 * week + day))
            weights = [share, 0.5 - share / 2, 0.5 - share / 2]
            tones += dice.choices(["angry", "calm", "friendly"], weights, k=a_day)
            at += [when] * a_day
    attributes = [{"queue": queue}] * len(tones) if queue else None
    last = noon(until) + timedelta(hours=3)
    store(database, tones, at=at, analysed_at=last, attributes=attributes, output=output)
