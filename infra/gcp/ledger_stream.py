"""Appends through the Storage Write API's default stream: visible once acknowledged.

At least once: a row may be there twice, and the questions fold such rows away.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.api_core.future.polling import POLLING_PREDICATE
from google.api_core.retry import Retry
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)
from google.cloud.bigquery_storage_v1.types import AppendRowsRequest, ProtoRows, ProtoSchema
from google.cloud.bigquery_storage_v1.writer import AppendRowsStream
from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped]
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]

from handlers.errors import SetAside
from tracking import Row
from tracking.tables import Column, check_row, columns_of

from .failures import translated

PATIENCE_SECONDS = 30.0
"""An append that takes longer is left to the message's redelivery."""
REQUEST_BYTES = 8_000_000
"""The service takes 20 MB a request (documented)."""
# The library's own look at a pending append comes after a second; an append takes milliseconds.
_LOOKING = Retry(predicate=POLLING_PREDICATE, initial=0.002, maximum=0.05, multiplier=1.5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_client(endpoint: str = "") -> BigQueryWriteClient:
    """Google's own service, or a server on this machine that speaks gRPC without encryption."""
    if not endpoint:
        return BigQueryWriteClient()  # type: ignore[no-untyped-call]
    channel = grpc.insecure_channel(endpoint.removeprefix("http://"))
    transport = BigQueryWriteGrpcTransport(channel=channel)
    return BigQueryWriteClient(transport=transport)  # type: ignore[no-untyped-call]


class LedgerStream:
    """One lazily opened stream a table, kept for the life of this process."""

    def __init__(self, dataset: str, connect: Callable[[], BigQueryWriteClient]) -> None:
        """`dataset` is `project.dataset`."""
        project, name = dataset.split(".")
        self._parent = f"projects/{project}/datasets/{name}/tables"
        self._connect = connect
        self._client: BigQueryWriteClient | None = None
        self._streams: dict[str, AppendRowsStream] = {}
        self._lock = Lock()

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Acknowledged when this returns. Raises `ValueError` for a row that does not fit."""
        for row in rows:
            check_row(table, row)
        for part in _parts([_encoded(table, row) for row in rows]):
            request = AppendRowsRequest(
                write_stream=self._name(table),
                proto_rows=AppendRowsRequest.ProtoData(rows=ProtoRows(serialized_rows=part)),
            )
            with translated("bigquery:append", f"rows of {table}"):
                self._send(table, request)

    def close(self) -> None:
        with self._lock:
            for stream in self._streams.values():
                if stream.is_active:
                    stream.close()
            self._streams.clear()

    def _send(self, table: str, request: AppendRowsRequest) -> None:
        """The service closes an idle stream; the next rows open another, once."""
        was_open = table in self._streams
        try:
            self._acknowledged(table, request)
        except SetAside:
            raise
        except Exception:
            self._forget(table)
            if not was_open:
                raise
            self._acknowledged(table, request)

    def _acknowledged(self, table: str, request: AppendRowsRequest) -> None:
        sent = self._stream(table).send(request)
        reply = sent.result(timeout=PATIENCE_SECONDS, polling=_LOOKING)  # type: ignore[no-untyped-call]
        if reply.row_errors:
            lines = ", ".join(str(each.index) for each in list(reply.row_errors)[:10])
            raise SetAside("rows_refused", f"rows {lines} of {table} were refused")

    def _stream(self, table: str) -> AppendRowsStream:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            if table not in self._streams:
                template = AppendRowsRequest(
                    write_stream=self._name(table),
                    proto_rows=AppendRowsRequest.ProtoData(
                        writer_schema=ProtoSchema(proto_descriptor=descriptor_of(table))
                    ),
                )
                self._streams[table] = AppendRowsStream(self._client, template)
            return self._streams[table]

    def _forget(self, table: str) -> None:
        with self._lock:
            stream = self._streams.pop(table, None)
        if stream is not None and stream.is_active:
            stream.close()

    def _name(self, table: str) -> str:
        return f"{self._parent}/{table}/streams/_default"


@cache
def descriptor_of(table: str) -> DescriptorProto:
    """The table's columns in the protobuf form that the service reads rows by."""
    return _message("Row", columns_of(table))


@cache
def _row_class(table: str) -> Any:
    file = FileDescriptorProto(name=f"{table}.proto", package=table, syntax="proto2")
    file.message_type.append(descriptor_of(table))
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{table}.Row"))


def _message(name: str, columns: Sequence[Column]) -> DescriptorProto:
    made = DescriptorProto(name=name)
    for number, column in enumerate(columns, start=1):
        field = made.field.add(name=column.name, number=number, label=_LABELS[column.mode])
        if column.type == "RECORD":
            inner = f"{column.name.title().replace('_', '')}Record"
            made.nested_type.append(_message(inner, column.fields))
            field.type, field.type_name = FieldDescriptorProto.TYPE_MESSAGE, inner
        else:
            field.type = _TYPES[column.type]
    return made


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
    given = {name: _plain(value) for name, value in row.items() if value is not None}
    return bytes(_row_class(table)(**given).SerializeToString())


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
    """The rows in requests that the service takes."""
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
