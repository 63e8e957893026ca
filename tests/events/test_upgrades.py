"""Upgrades: this version continues runs in flight and reads the events of the last version."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events import (
    EVENT_OF_TYPE,
    EVENTS,
    Command,
    Deployment,
    Event,
    read_event,
    to_pubsub,
    topic_of,
)
from events.cloudevents import type_of_topic
from handlers.dispatch.decode import decode_message
from handlers.dispatch.message import Message
from tests.events.recording import CALLS, FOLDER
from tests.files import files_in
from tests.harness import LocalHarness
from tracking.event_log import _envelope
from tracking.tables import columns_of, layouts
from troupe.backends.local.backend import LocalSettings

RECORDINGS = files_in(FOLDER, "*.json")
NEWER = [kind for kind in EVENTS if not issubclass(kind, Command)]


@pytest.fixture(params=RECORDINGS, ids=lambda file: file.stem)
def recording(request: pytest.FixtureRequest) -> dict[str, Any]:
    recorded: dict[str, Any] = json.loads(request.param.read_text(encoding="utf-8"))
    return recorded


def test_every_recorded_event_is_read_and_delivered(recording: dict[str, Any]) -> None:
    """Each event that an earlier version wrote to its event log."""
    kinds = {topic_of(kind) for kind in EVENTS}

    assert recording["events"]
    for row in recording["events"]:
        envelope = _envelope(row | {"occurred_at": _time(row["occurred_at"])})
        body, attributes = to_pubsub(envelope)
        message = Message(
            topic=row["topic"], id="m1", body=body, attributes=attributes,
            published_at=datetime.now(UTC),
        )  # fmt: skip
        decoded = decode_message(message, Deployment("rec1"))
        assert row["topic"] in kinds
        assert (row["run_id"] or "") == decoded.envelope.correlation
        assert type_of_topic(row["topic"]) in EVENT_OF_TYPE
        assert type(decoded.event) is EVENT_OF_TYPE[envelope.type]


@pytest.mark.parametrize("kind", NEWER, ids=topic_of)
def test_fields_that_a_newer_version_adds_are_ignored(kind: type[Event]) -> None:
    """An instance of the old revision may receive events of the new one."""
    (row,) = [r for r in json.loads(RECORDINGS[-1].read_text("utf-8"))["events"]
              if r["topic"] == topic_of(kind)]  # fmt: skip
    newer = json.loads(row["data"]) | {"added_in": "the next version", "more": [1, {"a": 2}]}

    event = read_event(json.dumps(newer).encode(), kind)

    assert event == read_event(row["data"].encode(), kind)


@pytest.mark.parametrize("kind", NEWER, ids=topic_of)
def test_optional_fields_of_an_event_have_defaults(kind: type[Event]) -> None:
    """A field that was added later is optional; its default means the earlier behaviour."""
    (row,) = [r for r in json.loads(RECORDINGS[-1].read_text("utf-8"))["events"]
              if r["topic"] == topic_of(kind)]  # fmt: skip
    required = {f.name for f in msgspec.structs.fields(kind) if f.required}
    least = {name: v for name, v in json.loads(row["data"]).items() if name in required}

    event = read_event(json.dumps(least).encode(), kind)

    assert least == {name: getattr(event, name) for name in required}


def test_a_run_in_flight_goes_on_under_the_new_version(
    recording: dict[str, Any], tmp_path: Path
) -> None:
    """With the tables as the last version left them; every record gets one row."""
    harness = LocalHarness(tmp_path / "home", LocalSettings(deployment="rec1"))
    for table, rows in recording["tables"].items():
        _insert(harness, table, rows)

    harness.backend.wake()
    harness.play()

    totals = harness.books("r1")
    assert totals["ok"], totals
    assert CALLS == harness.one("SELECT count(*) FROM transcription_analyzed_transcripts")
    assert "run-completed" in harness.topics("r1")
    harness.close()


def test_table_schemas_only_gain_nullable_columns(recording: dict[str, Any]) -> None:
    """BigQuery adds those in place; Terraform would replace the table for any other change."""
    assert recording["shapes"]
    for table, shape in recording["shapes"].items():
        assert table in layouts()
        now = {c.name: (c.type, c.mode) for c in columns_of(table)}
        assert {name: tuple(was) for name, was in shape.items()} == {
            name: now.get(name) for name in shape
        }
        assert all(now[name][1] != "REQUIRED" for name in set(now) - set(shape))


def _insert(harness: LocalHarness, table: str, rows: list[dict[str, Any]]) -> None:
    harness.sql(f'DELETE FROM "{table}"')  # noqa: S608
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        placeholders = ", ".join("?" for _ in row)
        harness.sql(f'INSERT INTO "{table}" ({names}) VALUES ({placeholders})', *row.values())  # noqa: S608


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
