"""Appends through the default stream of the Storage Write API.

Rows are visible once they are acknowledged. Appends are at-least-once: a row may be stored twice,
and the queries count it once.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from queue import SimpleQueue
from threading import Lock, Timer
from typing import Any

import grpc
from google.api_core import exceptions as api
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)
from google.cloud.bigquery_storage_v1.types import (
    AppendRowsRequest,
    AppendRowsResponse,
    ProtoRows,
    ProtoSchema,
)
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from handlers.dispatch.errors import Reject
from tracking import Row
from tracking.tables import Column, check_row, columns_of

from .failures import translated

PATIENCE_SECONDS = 30.0
"""An append that takes longer fails, and the redelivery of the message repeats it."""
REQUEST_BYTES = 8_000_000
"""The limit is 20 MB a request (documented)."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_client(endpoint: str = "") -> BigQueryWriteClient:
    """Return the client of Google's service, or of a gRPC server without encryption."""
    if not endpoint:
        return BigQueryWriteClient()
    channel = grpc.insecure_channel(endpoint.removeprefix("http://"))
    transport = BigQueryWriteGrpcTransport(channel=channel)
    return BigQueryWriteClient(transport=transport)


class WriteApiStream:
    """One stream per table, opened at the first append and kept."""

    def __init__(self, dataset: str, connect: Callable[[], BigQueryWriteClient]) -> None:
        """`dataset` is `project.dataset`."""
        project, name = dataset.split(".")
        self._parent = f"projects/{project}/datasets/{name}/tables"
        self._connect = connect
        self._client: BigQueryWriteClient | None = None
        self._streams: dict[str, _Stream] = {}
        self._lock = Lock()

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Append rows, and wait for the acknowledgement.

        Raises `ValueError` for a row that does not match the schema, `Reject` for one that
        BigQuery refuses, and `Redeliver` when the result is unknown.
        """
        for row in rows:
            check_row(table, row)
        for part in _parts([_encoded(table, row) for row in rows]):
            with translated("bigquery:append", f"rows of {table}"):
                reply = self._exchange(table, part)
                if reply.row_errors:
                    places = ", ".join(str(each.index) for each in list(reply.row_errors)[:10])
                    raise Reject("rows_refused", f"rows {places} of {table} were refused")
                if reply.error.code:
                    raise api.from_grpc_status(reply.error.code, "")

    def close(self) -> None:
        with self._lock:
            for stream in self._streams.values():
                stream.close()
            self._streams.clear()

    def _exchange(self, table: str, rows: list[bytes]) -> AppendRowsResponse:
        """Send rows; when a kept stream fails, which BigQuery closes when idle, use another once."""
        stream, is_new = self._stream(table)
        try:
            return stream.exchange(rows)
        except Exception:
            self._drop(table, stream)
            if is_new:
                raise
        return self._stream(table)[0].exchange(rows)

    def _stream(self, table: str) -> "tuple[_Stream, bool]":
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            known = self._streams.get(table)
            if known is None:
                name = f"{self._parent}/{table}/streams/_default"
                self._streams[table] = _Stream(self._client, name, descriptor_of(table))
            return self._streams[table], known is None

    def _drop(self, table: str, stream: "_Stream") -> None:
        stream.close()
        with self._lock:
            if self._streams.get(table) is stream:
                del self._streams[table]


class _Stream:
    """One connection: each request gets its reply before the next one is sent.

    The library's own `AppendRowsStream` polls for a reply once a second, and waits ten minutes for
    a server that accepts a connection and does not reply.
    """

    def __init__(self, client: BigQueryWriteClient, name: str, descriptor: DescriptorProto) -> None:
        self._first = AppendRowsRequest(
            write_stream=name,
            proto_rows=AppendRowsRequest.ProtoData(
                writer_schema=ProtoSchema(proto_descriptor=descriptor)
            ),
        )
        self._name, self._is_first = name, True
        self._requests: SimpleQueue[AppendRowsRequest | None] = SimpleQueue()
        append: Any = client.transport.append_rows  # typed as if it did not stream
        self._call = append(
            iter(self._requests.get, None),
            metadata=[("x-goog-request-params", f"write_stream={name}")],
        )
        self._lock = Lock()

    def exchange(self, rows: list[bytes]) -> AppendRowsResponse:
        """Send rows and return the reply; without one in time the call is cancelled."""
        with self._lock:
            request = self._first if self._is_first else AppendRowsRequest(write_stream=self._name)
            request.proto_rows.rows = ProtoRows(serialized_rows=rows)
            alarm = Timer(PATIENCE_SECONDS, self._call.cancel)
            alarm.daemon = True
            alarm.start()
            try:
                self._requests.put(request)
                reply: AppendRowsResponse | None = next(self._call, None)
            finally:
                alarm.cancel()
            if reply is None:
                raise ConnectionResetError("the service closed the stream")
            # After an error the schema is sent again: it may be what was refused.
            self._is_first = bool(reply.error.code)
            return reply

    def close(self) -> None:
        self._requests.put(None)
        self._call.cancel()


@cache
def descriptor_of(table: str) -> DescriptorProto:
    """Return the table's columns as the protobuf descriptor of a row."""
    return _message("Row", columns_of(table))


@cache
def _row_class(table: str) -> Any:
    file = FileDescriptorProto(name=f"{table}.proto", package=table, syntax="proto2")
    file.message_type.append(descriptor_of(table))
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{table}.Row"))


def _message(name: str, columns: Sequence[Column]) -> DescriptorProto:
    message = DescriptorProto(name=name)
    for number, column in enumerate(columns, start=1):
        field = message.field.add(name=column.name, number=number, label=_LABELS[column.mode])
        if column.type == "RECORD":
            inner = f"{column.name.title().replace('_', '')}Record"
            message.nested_type.append(_message(inner, column.fields))
            field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, inner
        else:
            field.type = _TYPES[column.type]
    return message


_LABELS = {
    "NULLABLE": FieldDescriptorProto.LABEL_OPTIONAL,
    "REQUIRED": FieldDescriptorProto.LABEL_REQUIRED,
    "REPEATED": FieldDescriptorProto.LABEL_REPEATED,
}
_TYPES = {
    "STRING": FieldDescriptorProto.TYPE_STRING,
    "INTEGER": FieldDescriptorProto.TYPE_INT64,
    "FLOAT": FieldDescriptorProto.TYPE_DOUBLE,
    "BOOLEAN": FieldDescriptorProto.TYPE_BOOL,
    "TIMESTAMP": FieldDescriptorProto.TYPE_INT64,  # microseconds since 1970
    "DATE": FieldDescriptorProto.TYPE_INT32,  # days since 1970
}


def _encoded(table: str, row: Row) -> bytes:
    fields = {name: _plain(value) for name, value in row.items() if value is not None}
    return bytes(_row_class(table)(**fields).SerializeToString())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, date):
        return (value - _EPOCH.date()).days
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items() if each is not None}
    return value


def _parts(rows: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Split the rows into requests within the size limit."""
    part: list[bytes] = []
    size = 0
    for row in rows:
        if part and size + len(row) > REQUEST_BYTES:
            yield part
            part, size = [], 0
        part.append(row)
        size += len(row)
    if part:
        yield part
