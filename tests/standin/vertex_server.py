"""The stand-in for Vertex AI as an HTTP server, with the REST API that Google's client calls.

`projects/*/locations/*/batchPredictionJobs`: create, get, list, cancel. Every project and location
is accepted, and all of them share the jobs of one stand-in.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from handlers.dispatch.errors import Redeliver
from handlers.ports import Job
from troupe.standin.jobs import PARENT
from troupe.standin.vertex import InvalidRequest, StandIn, UnknownModel

from .list_filter import BadFilter, read_filter

POLL_SECONDS = 0.05
_ROUTE = re.compile(
    r"/v1/(?P<parent>projects/[^/]+/locations/[^/]+)/batchPredictionJobs"
    r"(?:/(?P<number>\d+)(?P<verb>:cancel)?)?"
)
_PAGE_SIZE = 100


class _Uris(msgspec.Struct):
    uris: list[str]


class _Input(msgspec.Struct, rename="camel"):
    gcs_source: _Uris


class _Destination(msgspec.Struct, rename="camel"):
    output_uri_prefix: str


class _Output(msgspec.Struct, rename="camel"):
    gcs_destination: _Destination


class _CreateRequest(msgspec.Struct, rename="camel"):
    """The body of a create request."""

    display_name: str
    model: str
    input_config: _Input
    output_config: _Output
    labels: dict[str, str] = {}


class Refusal(Exception):
    """An error reply: HTTP status, the service's status name, and a message."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status, self.name, self.message = status, name, message


class VertexServer:
    """Serves a stand-in on loopback, and takes its steps in a thread."""

    def __init__(self, service: StandIn, port: int = 0, *, works: bool = True) -> None:
        """Port 0 takes any free one. With `works=False` the caller takes the steps."""
        self._service, self._lock = service, Lock()
        self._stopped = Event()
        self._server = _Server(("127.0.0.1", port), self.answer)
        self._threads = [Thread(target=self._server.serve_forever, args=(POLL_SECONDS,))]
        self._threads += [Thread(target=self._work)] if works else []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stopped.set()
        self._server.shutdown()
        for thread in self._threads:
            thread.join()
        self._server.server_close()

    @contextmanager
    def held(self) -> Iterator[StandIn]:
        """The stand-in, locked against requests and steps."""
        with self._lock:
            yield self._service

    def answer(self, method: str, target: str, body: bytes) -> Any:
        """The reply to one request. Raises `Refusal`."""
        address = urlsplit(target)
        route = _ROUTE.fullmatch(unquote(address.path))
        if route is None:
            raise Refusal(404, "NOT_FOUND", "The requested URL was not found.")
        parent, number, verb = route["parent"], route["number"], route["verb"]
        with self._lock:
            if number is None and method == "POST":
                return self._create(parent, body)
            if number is None and method == "GET":
                return self._list(parent, parse_qs(address.query))
            if number and verb and method == "POST":
                return self._cancel(number)
            if number and not verb and method == "GET":
                return _job_json(self._existing(number), parent)
        raise Refusal(405, "UNIMPLEMENTED", "Method not allowed.")

    def _create(self, parent: str, body: bytes) -> Any:
        try:
            request = msgspec.json.decode(body, type=_CreateRequest)
            (request_uri,) = request.input_config.gcs_source.uris
            job = self._service.create(
                display_name=request.display_name,
                model=request.model,
                request_uri=request_uri,
                output_prefix=request.output_config.gcs_destination.output_uri_prefix,
                labels=request.labels,
            )
        except UnknownModel as error:
            raise Refusal(404, "NOT_FOUND", str(error)) from error
        except (InvalidRequest, msgspec.MsgspecError, ValueError) as error:
            raise Refusal(400, "INVALID_ARGUMENT", str(error)) from error
        return _job_json(job, parent)

    def _list(self, parent: str, query: dict[str, list[str]]) -> Any:
        parameters = {name: values[-1] for name, values in query.items()}
        try:
            matches = read_filter(parameters.get("filter", ""))
            start, size = (
                int(parameters.get("pageToken", "0")),
                int(parameters.get("pageSize", "0")),
            )
        except (BadFilter, ValueError) as error:
            raise Refusal(400, "INVALID_ARGUMENT", str(error)) from error
        jobs = [job for job in self._service.find({}) if matches(job)]
        end = start + min(size or _PAGE_SIZE, _PAGE_SIZE)
        page = {"batchPredictionJobs": [_job_json(job, parent) for job in jobs[start:end]]}
        return page | ({"nextPageToken": str(end)} if end < len(jobs) else {})

    def _cancel(self, number: str) -> Any:
        job = self._existing(number)
        if job.state.ended:
            raise Refusal(400, "FAILED_PRECONDITION", "The job has ended already.")
        self._service.cancel(job.name)
        return {}

    def _existing(self, number: str) -> Job:
        job = self._service.get(f"{PARENT}{number}")
        if job is None:
            raise Refusal(404, "NOT_FOUND", "The BatchPredictionJob does not exist.")
        return job

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._lock:
                    busy = self._service.step()
            except Redeliver:
                busy = False
            if not busy:
                self._stopped.wait(POLL_SECONDS)


def _job_json(job: Job, parent: str) -> dict[str, Any]:
    """The job as the service encodes it: fields that are not set are left out."""
    fields: dict[str, Any] = {
        "name": f"{parent}/batchPredictionJobs/{job.name.rsplit('/', 1)[-1]}",
        "state": f"JOB_STATE_{job.state.name}",
        "labels": dict(job.labels),
        "createTime": _time(job.created_at),
    }
    if job.started_at is not None:
        fields["startTime"] = _time(job.started_at)
    if job.output_folder:
        fields["outputInfo"] = {"gcsOutputDirectory": job.output_folder}
    if job.error_code is not None:
        fields["error"] = {"code": job.error_code, "message": job.error_message}
    return fields


def _time(time: Any) -> str:
    return str(time.isoformat(timespec="microseconds")).replace("+00:00", "Z")


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], answer: Callable[[str, str, bytes], Any]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: a second one would wait 40 ms for the client to confirm the first.
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def log_message(self, *about: object) -> None:
        """Do not log requests."""

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            status, reply = 200, self.server.answer(self.command, self.path, body)
        except Refusal as refusal:
            error = {"code": refusal.status, "message": refusal.message, "status": refusal.name}
            status, reply = refusal.status, {"error": error}
        content = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=UTF-8")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
