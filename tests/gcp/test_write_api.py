"""Appends over a real gRPC connection to a fake server."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from threading import Event
from typing import Any

import grpc
import pytest
from google.cloud.bigquery_storage_v1.types import AppendRowsRequest, AppendRowsResponse, RowError
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from google.rpc import status_pb2

from handlers.dispatch.errors import Redeliver, Reject
from tracking.tables import Column, columns_of
from troupe.backends.gcp import write_api
from troupe.backends.gcp.write_api import WriteApiStream, descriptor_of, write_client

Answer = Callable[[AppendRowsRequest, Any], AppendRowsResponse | None]
"""A function from a request to a reply; None closes the stream."""


def fine(_: AppendRowsRequest, __: Any) -> AppendRowsResponse:
    return AppendRowsResponse()


def aborted(code: grpc.StatusCode) -> Answer:
    """Break the connection instead of replying."""

    def answer(_: AppendRowsRequest, context: Any) -> AppendRowsResponse:
        context.abort(code, "secret text")
        raise AssertionError("not reached")

    return answer


class Service:
    """A fake Storage Write API: the given replies first, then acknowledgements."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.streams: list[list[AppendRowsRequest]] = []
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(
                "google.cloud.bigquery.storage.v1.BigQueryWrite",
                {"AppendRows": grpc.stream_stream_rpc_method_handler(
                    self._stream,
                    request_deserializer=AppendRowsRequest.deserialize,
                    response_serializer=AppendRowsResponse.serialize,
                )},
            ),)
        )  # fmt: skip
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _stream(
        self, requests: Iterator[AppendRowsRequest], context: Any
    ) -> Iterator[AppendRowsResponse]:
        got: list[AppendRowsRequest] = []
        self.streams.append(got)
        for request in requests:
            got.append(request)
            answer = self.answers.pop(0) if self.answers else fine
            response = answer(request, context)
            if response is None:
                return
            yield response

    def close(self) -> None:
        self._server.stop(None).wait()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.close()


@pytest.fixture
def stream(service: Service) -> Iterator[WriteApiStream]:
    made = WriteApiStream("stories.troupe", lambda: write_client(service.address))
    yield made
    made.close()


NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def event(number: int, **changed: Any) -> dict[str, Any]:
    return {
        "event_id": f"f{number}", "topic": "t", "run_id": None, "batch": number, "source": "s",
        "occurred_at": NOON, "recorded_at": NOON.astimezone(timezone(timedelta(hours=5))),
        "recorded_on": date(2026, 3, 2), "data": '{"a": "ü"}',
    } | changed  # fmt: skip


def read(request: AppendRowsRequest, descriptor: Any) -> list[dict[str, Any]]:
    """Return the rows, decoded by the schema that was sent."""
    file = FileDescriptorProto(name="sent.proto", package="sent", syntax="proto2")
    file.message_type.append(descriptor)
    pool = DescriptorPool()
    pool.Add(file)
    row = GetMessageClass(pool.FindMessageTypeByName("sent.Row"))
    read = [row.FromString(each) for each in request.proto_rows.rows.serialized_rows]
    return [{field.name: value for field, value in each.ListFields()} for each in read]


def test_rows_are_sent_with_their_schema(service: Service, stream: WriteApiStream) -> None:
    """The schema once per stream; times in microseconds and days since 1970, no field for NULL."""
    stream.append("events", [event(1)])
    stream.append("events", [event(2), event(3)])

    ((first, second),) = service.streams
    assert "projects/stories/datasets/troupe/tables/events/streams/_default" == first.write_stream
    schema = first.proto_rows.writer_schema.proto_descriptor
    assert not second.proto_rows.writer_schema.proto_descriptor.field
    micros = int(NOON.timestamp()) * 1_000_000 + 123456
    assert {
        "event_id": "f1", "topic": "t", "batch": 1, "source": "s", "occurred_at": micros,
        "recorded_at": micros, "recorded_on": 20514, "data": '{"a": "ü"}',
    } == read(first, schema)[0]  # fmt: skip
    assert ["f2", "f3"] == [row["event_id"] for row in read(second, schema)]


def test_tables_have_streams_of_their_own(service: Service, stream: WriteApiStream) -> None:
    """One for all appends to a table."""
    delivery = {
        "event_id": "f1", "topic": "t", "handler": "h", "outcome": "done", "milliseconds": 1.5,
        "recorded_at": NOON, "recorded_on": date(2026, 3, 2), "delivery_attempt": 1,
    }  # fmt: skip
    for _ in range(2):
        stream.append("events", [event(1)])
        stream.append("deliveries", [delivery])

    assert [2, 2] == [len(requests) for requests in service.streams]


@pytest.mark.parametrize("end", [lambda *_: None, aborted(grpc.StatusCode.UNAVAILABLE)])
def test_a_broken_stream_is_opened_again_once(
    service: Service, stream: WriteApiStream, end: Answer
) -> None:
    """The rows may be stored twice, and count once."""
    stream.append("events", [event(1)])
    service.answers = [end]

    stream.append("events", [event(2)])

    assert [2, 1] == [len(requests) for requests in service.streams]


def test_a_stream_that_cannot_be_opened_is_redelivered(
    service: Service, stream: WriteApiStream
) -> None:
    """Without a retry of our own beside Pub/Sub's."""
    service.answers = [aborted(grpc.StatusCode.UNAVAILABLE)]

    with pytest.raises(Redeliver, match=r"^rows of events: ServiceUnavailable") as raised:
        stream.append("events", [event(1)])

    assert "secret" not in str(raised.value)
    assert 1 == len(service.streams)
    stream.append("events", [event(1)])


def test_a_missing_reply_is_not_an_acknowledgement(
    service: Service, stream: WriteApiStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the timeout the message is redelivered; the rows may be stored."""
    monkeypatch.setattr(write_api, "PATIENCE_SECONDS", 0.1)
    over = Event()

    def late(_: AppendRowsRequest, __: Any) -> None:
        over.wait(20)

    service.answers = [late]
    try:
        with pytest.raises(Redeliver, match="rows of events"):
            stream.append("events", [event(1)])
    finally:
        over.set()


def test_rows_that_the_service_refuses_are_dead_lettered(
    service: Service, stream: WriteApiStream
) -> None:
    """With their positions, without their values."""
    service.answers = [
        lambda *_: AppendRowsResponse(
            error=status_pb2.Status(code=3, message="secret text"),
            row_errors=[RowError(index=1, message="secret text")],
        )
    ]

    with pytest.raises(Reject, match="rows 1 of events") as aside:
        stream.append("events", [event(1), event(2)])

    assert ("rows_refused", False) == (aside.value.cause, "secret" in str(aside.value))


def test_a_new_column_that_the_service_does_not_know_yet_is_waited_for(
    service: Service, stream: WriteApiStream
) -> None:
    """The rows match our schema; the service accepts it minutes after an upgrade."""
    wrong = status_pb2.Status(code=3, message="secret text")
    service.answers = [lambda *_: AppendRowsResponse(error=wrong)]

    with pytest.raises(Redeliver, match="InvalidArgument") as again:
        stream.append("events", [event(1)])
    stream.append("events", [event(1)])

    assert "secret" not in str(again.value)
    requests_ = [request for requests in service.streams for request in requests]
    assert [True, True] == [
        bool(request.proto_rows.writer_schema.proto_descriptor.field) for request in requests_
    ]


@pytest.mark.parametrize("bad", [{"colour": "red"}, {"topic": None}])
def test_an_invalid_row_is_not_sent(
    service: Service, stream: WriteApiStream, bad: dict[str, Any]
) -> None:
    """Nor the other rows of its append."""
    with pytest.raises(ValueError, match="events"):
        stream.append("events", [event(1), event(2, **bad)])

    assert [] == service.streams


def test_many_rows_are_sent_in_several_requests(
    service: Service, stream: WriteApiStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each below the service's limit."""
    monkeypatch.setattr(write_api, "REQUEST_BYTES", 2_500)

    stream.append("events", [event(n, data="x" * 1_000) for n in range(5)])

    assert [2, 2, 1] == [
        len(request.proto_rows.rows.serialized_rows) for request in service.streams[0]
    ]


@pytest.mark.parametrize("table", ["events", "deliveries", "transcription_analyzed_transcripts"])
def test_every_column_has_a_protobuf_field(table: str) -> None:
    """Also records and repeated columns."""

    def fields(columns: tuple[Column, ...]) -> list[Any]:
        return [(c.name, fields(c.fields)) for c in columns]

    def nested_fields(message: Any) -> list[Any]:
        inner = {each.name: each for each in message.nested_type}
        return [
            (f.name, nested_fields(inner[f.type_name]) if f.type_name else [])
            for f in message.field
        ]

    assert fields(columns_of(table)) == nested_fields(descriptor_of(table))
