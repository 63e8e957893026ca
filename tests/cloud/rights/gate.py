"""A gate in front of the emulators: each service reaches them through ports of its own.

The gate knows the caller by the port, refuses what the caller is not granted as Google does, with
403 or PERMISSION_DENIED, and records what was used.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import urlsplit

import grpc
from google.cloud.bigquery_storage_v1.types import AppendRowsRequest
from google.pubsub_v1.types import PublishRequest

from .grants import Grant, Need
from .requests import Names, Request, UnknownRequest, job_read_by, needs_of

_PUBLISH = "/google.pubsub.v1.Publisher/Publish"
_APPEND = "/google.cloud.bigquery.storage.v1.BigQueryWrite/AppendRows"
_VERTEX = "/google.cloud.aiplatform.v1.JobService/"
_OWN_HEADERS = ("host", "connection", "transfer-encoding", "content-length", "keep-alive")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """Where the emulators listen: addresses of HTTP, and host and port of gRPC."""

    bigquery: str
    storage: str
    vertex: str
    pubsub: str
    write_api: str


@dataclass(slots=True)
class Caller:
    """A service: what it is granted, what it used, and what it was refused."""

    name: str
    grants: Sequence[Grant]
    used: set[Need] = field(default_factory=set)
    refused: set[Need] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def missing(self, needs: Sequence[Need]) -> Need | None:
        """Record the use of all of these permissions, or return the first that is not granted."""
        for need in needs:
            if not any(grant.allows(need) for grant in self.grants):
                with self.lock:
                    self.refused.add(need)
                return need
        with self.lock:
            self.used.update(needs)
        return None


class Gate:
    """The ports of all services of a deployment."""

    def __init__(self, upstreams: Upstreams, names: Names) -> None:
        self._upstreams, self._names = upstreams, names
        self.callers: dict[str, Caller] = {}
        self._jobs: dict[str, str] = {}
        """The caller that inserted each BigQuery job first: it may read it without a grant."""
        self._closing: list[Callable[[], object]] = []

    def environ(self, name: str, grants: Sequence[Grant]) -> dict[str, str]:
        """Open the ports of a service; return the settings with which it reaches them."""
        caller = self.callers[name] = Caller(name, grants)
        http, rpc = self._http(caller), self._rpc(caller)
        vertex = http if self._upstreams.vertex.startswith("http://") else f"grpc://{rpc}"
        return {
            "BIGQUERY_EMULATOR_HOST": http,
            "STORAGE_EMULATOR_HOST": http,
            "TROUPE_VERTEX_ENDPOINT": vertex,
            "PUBSUB_EMULATOR_HOST": rpc,
            "TROUPE_BIGQUERY_WRITE_ENDPOINT": rpc,
        }

    def close(self) -> None:
        for close in self._closing:
            close()

    def refused(self) -> list[str]:
        """Return every refusal, as `service: permission on resource`."""
        return sorted(f"{c.name}: {need}" for c in self.callers.values() for need in c.refused)

    def _http(self, caller: Caller) -> str:
        server = _HttpGate(caller, self._upstreams, self._names, self._jobs)
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()

        def close() -> None:
            server.shutdown()
            thread.join()
            server.server_close()

        self._closing.append(close)
        return f"http://127.0.0.1:{server.server_address[1]}"

    def _rpc(self, caller: Caller) -> str:
        pool = ThreadPoolExecutor(64, thread_name_prefix=f"gate-{caller.name}")
        server = grpc.server(pool, options=[("grpc.max_receive_message_length", -1)])
        proxy = _RpcGate(caller, self._upstreams, self._names)
        server.add_generic_rpc_handlers((proxy,))
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self._closing += [lambda: server.stop(None).wait(), proxy.close]
        return f"127.0.0.1:{port}"


class _HttpGate(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, caller: Caller, upstreams: Upstreams, names: Names, jobs: dict[str, str]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _HttpHandler)
        self.caller, self.upstreams, self.names, self._jobs = caller, upstreams, names, jobs

    def upstream(self, path: str) -> str:
        if "/bigquery/" in path:
            return self.upstreams.bigquery
        return self.upstreams.storage if "/storage/" in path else self.upstreams.vertex

    def refusal(self, request: Request) -> str | None:
        """Return why the request is refused; None when it may pass."""
        job = job_read_by(request)
        if job is not None and self._jobs.get(job) == self.caller.name:
            return None
        try:
            missing = self.caller.missing(needs_of(request, self.names))
        except (UnknownRequest, KeyError) as unknown:
            need = Need("a rule", str(unknown))
            self.caller.refused.add(need)
            return str(need)
        if missing:
            return f"{self.caller.name} does not have {missing}"
        self.own(request.body)
        return None

    def own(self, content: bytes) -> None:
        """Note whose the job is that a request inserts, or a reply names, if it has no owner yet.

        Before the request is passed on: the job may be read before its insertion is answered.
        """
        with suppress(ValueError, KeyError, TypeError):
            self._jobs.setdefault(json.loads(content)["jobReference"]["jobId"], self.caller.name)


class _HttpHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _HttpGate

    def log_message(self, *about: object) -> None:
        """Do not log requests."""

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        request = Request(method=self.command, target=self.path, body=body)
        refusal = self.server.refusal(request)
        if refusal is None:
            status, headers, content = self._forward(request)
        else:
            status, headers, content = _refused(refusal)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _reply  # noqa: N815

    def _forward(self, request: Request) -> tuple[int, list[tuple[str, str]], bytes]:
        address = urlsplit(self.server.upstream(request.path)).netloc
        headers = {n: v for n, v in self.headers.items() if n.lower() not in _OWN_HEADERS}
        connection = HTTPConnection(address, timeout=600)
        try:
            connection.request(request.method, request.target, request.body or None, headers)
            reply = connection.getresponse()
            content = reply.read()
        finally:
            connection.close()
        if reply.status < 300 and "/bigquery/" in request.path and request.method == "POST":
            self.server.own(content)
        return reply.status, reply.getheaders(), content


def _refused(why: str) -> tuple[int, list[tuple[str, str]], bytes]:
    error = {
        "code": 403, "message": f"Access Denied: {why}", "status": "PERMISSION_DENIED",
        "errors": [{"reason": "accessDenied", "message": why, "domain": "global"}],
    }  # fmt: skip
    headers = [("content-type", "application/json; charset=UTF-8")]
    return 403, headers, json.dumps({"error": error}).encode()


class _RpcGate(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Passes the bytes of three services on, once it has read what the first message asks."""

    def __init__(self, caller: Caller, upstreams: Upstreams, names: Names) -> None:
        self._caller, self._names = caller, names
        unlimited = [("grpc.max_receive_message_length", -1)]
        self._channels: Mapping[str, grpc.Channel] = {
            _PUBLISH: grpc.insecure_channel(upstreams.pubsub, unlimited),
            _APPEND: grpc.insecure_channel(upstreams.write_api.removeprefix("http://"), unlimited),
            _VERTEX: grpc.insecure_channel(upstreams.vertex.rpartition("/")[2], unlimited),
        }

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = details.method
        if method == _APPEND:
            return grpc.stream_stream_rpc_method_handler(self._append)
        if method == _PUBLISH or method.startswith(_VERTEX):
            return grpc.unary_unary_rpc_method_handler(
                lambda request, context: self._call(method, request, context)
            )
        self._caller.refused.add(Need("a rule", method))
        return None

    def _call(self, method: str, request: bytes, context: grpc.ServicerContext) -> Any:
        if method == _PUBLISH:
            topic = PublishRequest.deserialize(request).topic
            need = Need("pubsub.topics.publish", self._names.topic(topic))
        else:
            verb = method.removeprefix(_VERTEX).partition("BatchPrediction")[0].lower()
            need = Need(f"aiplatform.batchPredictionJobs.{verb}", "project")
        self._check(need, context)
        key = _PUBLISH if method == _PUBLISH else _VERTEX
        try:
            return self._channels[key].unary_unary(method)(
                request, timeout=context.time_remaining() or 60, metadata=_metadata(context)
            )
        except grpc.RpcError as error:
            _abort(error, context)

    def _append(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
        """Pass each append on as a call of its own: the emulator serves sixteen streams at once.

        The first request names the stream and its schema, the later ones do not.
        """
        first = None
        for raw in _until_gone(requests):
            request = AppendRowsRequest.pb(AppendRowsRequest.deserialize(raw))
            if first is None:
                first = request
                table = request.write_stream.split("/tables/")[1].split("/")[0]
                self._check(Need("bigquery.tables.updateData", f"tables/{table}"), context)
            else:
                request.write_stream = first.write_stream
                request.proto_rows.writer_schema.CopyFrom(first.proto_rows.writer_schema)
            try:
                yield from self._channels[_APPEND].stream_stream(_APPEND)(
                    iter([request.SerializeToString()]), metadata=_metadata(context)
                )
            except grpc.RpcError as error:
                _abort(error, context)

    def _check(self, need: Need, context: grpc.ServicerContext) -> None:
        if self._caller.missing([need]):
            why = f"{self._caller.name} does not have {need}"
            context.abort(grpc.StatusCode.PERMISSION_DENIED, why)


def _until_gone(requests: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what the caller sends until it ends the call or is killed."""
    with suppress(grpc.RpcError):
        yield from requests


def _metadata(context: grpc.ServicerContext) -> list[tuple[str, Any]]:
    return [(k, v) for k, v in context.invocation_metadata() if k.startswith("x-goog-request")]


def _abort(error: grpc.RpcError, context: grpc.ServicerContext) -> None:
    """Pass the error on, with the details that Google's client reads from the trailers."""
    call: Any = error
    context.set_trailing_metadata(call.trailing_metadata() or ())
    context.abort(call.code(), call.details())
