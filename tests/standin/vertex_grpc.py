"""The stand-in for Vertex AI over gRPC, the deployment's transport: create, get, list and cancel.

Each call is transcoded to the REST call that Google documents for it, and answered by the server
of that API: the two forms share their jobs, and cannot differ in what they accept.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import urlencode

import grpc
import msgspec
from google.cloud.aiplatform_v1.types import (
    BatchPredictionJob,
    CancelBatchPredictionJobRequest,
    CreateBatchPredictionJobRequest,
    GetBatchPredictionJobRequest,
    ListBatchPredictionJobsRequest,
    ListBatchPredictionJobsResponse,
)
from google.protobuf.empty_pb2 import Empty

from .vertex_server import Refusal, VertexServer

T = TypeVar("T")

_SERVICE = "google.cloud.aiplatform.v1.JobService"


class VertexGrpcServer:
    """Serves the jobs of a `VertexServer` on a gRPC port of loopback, without encryption."""

    def __init__(self, rest: VertexServer) -> None:
        self._rest = rest
        self._server = grpc.server(ThreadPoolExecutor(8, thread_name_prefix="vertex-grpc"))
        methods: dict[str, tuple[Callable[..., Any], Any, Any]] = {
            "Create": (self._create, CreateBatchPredictionJobRequest, BatchPredictionJob),
            "Get": (self._get, GetBatchPredictionJobRequest, BatchPredictionJob),
            "List": (self._list, ListBatchPredictionJobsRequest, ListBatchPredictionJobsResponse),
            "Cancel": (self._cancel, CancelBatchPredictionJobRequest, None),
        }
        handlers = {_name(verb): _handler(*each) for verb, each in methods.items()}
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(_SERVICE, handlers),)
        )
        self._port = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def address(self) -> str:
        return f"grpc://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server.start()

    def close(self) -> None:
        self._server.stop(None).wait()

    def _create(self, request: CreateBatchPredictionJobRequest) -> BatchPredictionJob:
        body = BatchPredictionJob.to_json(
            request.batch_prediction_job, always_print_fields_with_no_presence=False
        )
        path = f"/v1/{request.parent}/batchPredictionJobs"
        return _read(BatchPredictionJob, self._rest.answer("POST", path, body.encode()))

    def _get(self, request: GetBatchPredictionJobRequest) -> BatchPredictionJob:
        return _read(BatchPredictionJob, self._rest.answer("GET", f"/v1/{request.name}", b""))

    def _list(self, request: ListBatchPredictionJobsRequest) -> ListBatchPredictionJobsResponse:
        asked = {
            "filter": request.filter,
            "pageSize": request.page_size,
            "pageToken": request.page_token or "0",
        }
        path = f"/v1/{request.parent}/batchPredictionJobs?{urlencode(asked)}"
        return _read(ListBatchPredictionJobsResponse, self._rest.answer("GET", path, b""))

    def _cancel(self, request: CancelBatchPredictionJobRequest) -> Empty:
        self._rest.answer("POST", f"/v1/{request.name}:cancel", b"")
        return Empty()


def _name(verb: str) -> str:
    return f"{verb}BatchPredictionJob{'s' if verb == 'List' else ''}"


def _read(kind: type[T], reply: Any) -> T:
    message: T = cast("Any", kind).from_json(msgspec.json.encode(reply).decode())
    return message


def _handler(answer: Callable[[Any], Any], request: Any, response: Any) -> grpc.RpcMethodHandler:
    def call(message: Any, context: grpc.ServicerContext) -> Any:
        try:
            return answer(message)
        except Refusal as refusal:
            _abort(refusal, context)

    return grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=request.deserialize,
        response_serializer=response.serialize if response else Empty.SerializeToString,
    )


def _abort(refusal: Refusal, context: grpc.ServicerContext) -> NoReturn:
    context.abort(grpc.StatusCode[refusal.name], refusal.message)
    raise AssertionError("abort raises")
