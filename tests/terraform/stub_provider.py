"""A stub of the providers google and google-beta that works from their schema, without a cloud.

It refuses arguments that the schema does not have and values that are not documented, and plans
computed attributes as unknown. TF_REATTACH_PROVIDERS points Terraform at it, so that
`terraform init` downloads nothing and writes no lock file.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

from .wire import (
    UNKNOWN,
    Fields,
    fields_of,
    first,
    from_value,
    number,
    piece,
    text,
    to_value,
    varint,
)

Json = dict[str, Any]
Problem = tuple[str, str, list[str | int]]
"""Summary, detail and path of a diagnostic."""

_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
_NAMED: dict[str, dict[str, str]] = {
    "google_service_account": {
        "email": "{account_id}@{project}.iam.gserviceaccount.com",
        "member": "serviceAccount:{account_id}@{project}.iam.gserviceaccount.com",
    },
    "google_pubsub_topic": {"id": "projects/{project}/topics/{name}"},
    "google_pubsub_subscription": {"id": "projects/{project}/subscriptions/{name}"},
    "google_cloud_run_v2_service": {"uri": "https://{name}.a.run.app"},
    "google_logging_project_sink": {
        "writer_identity": "serviceAccount:service-x@gcp-sa-logging.iam.gserviceaccount.com",
    },
    "google_project_iam_custom_role": {"name": "projects/{project}/roles/{role_id}"},
}
"""Computed attributes that derive from given names, so that a plan shows connections."""
_LEGACY = number(5, 1)
"""`legacy_type_system`: disables Terraform's strictest checks of a plan, as the real provider does."""


class Stub:
    """Serve every provider of a schema document; a context manager."""

    def __init__(self, schema: Json, late: dict[str, str] | None = None) -> None:
        """`late` has the error with which the first creation of a resource of a type is refused."""
        self._providers = {
            name: _Provider(provider, late if late is not None else {})
            for name, provider in schema["provider_schemas"].items()
        }
        self._servers: list[Any] = []
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> dict[str, str]:
        """Start the servers and return the environment variables for Terraform."""
        reattach = {}
        for position, (name, provider) in enumerate(self._providers.items()):
            server = grpc.server(
                futures.ThreadPoolExecutor(8),
                handlers=(provider, _Plumbing()),
                options=[("grpc.max_send_message_length", -1)],
            )
            address = self._open(server, position)
            server.start()
            self._servers.append(server)
            reattach[name] = {
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": address,
            }
        return {"TF_REATTACH_PROVIDERS": json.dumps(reattach)}

    def __exit__(self, *raised: object) -> None:
        for server in self._servers:
            server.stop(0)
        self._folder.cleanup()

    def _open(self, server: Any, position: int) -> dict[str, str]:
        if os.name == "nt":  # no sockets in the file system there
            port = server.add_insecure_port("127.0.0.1:0")
            return {"Network": "tcp", "String": f"127.0.0.1:{port}"}
        path = Path(self._folder.name) / f"{position}.sock"
        server.add_insecure_port(f"unix://{path}")
        return {"Network": "unix", "String": str(path)}


class _Provider(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """The protocol methods that init, validate, plan, apply and test call."""

    def __init__(self, provider: Json, late: dict[str, str]) -> None:
        self._of, self._project, self._late = provider, "", late
        self._schema = _encoded(provider)

    def service(self, call: Any) -> Any:
        answer = getattr(self, call.method.rsplit("/", 1)[1], None)
        return _unary(lambda request: answer(fields_of(request))) if answer else None

    def GetMetadata(self, request: Fields) -> bytes:  # noqa: N802
        data = [piece(3, text(1, name)) for name in self._of["data_source_schemas"]]
        made = [piece(4, text(1, name)) for name in self._of["resource_schemas"]]
        return piece(1, number(2, 1)) + b"".join(data + made)

    def GetProviderSchema(self, request: Fields) -> bytes:  # noqa: N802
        return self._schema

    def ValidateProviderConfig(self, request: Fields) -> bytes:  # noqa: N802
        return b""

    def ValidateResourceConfig(self, request: Fields) -> bytes:  # noqa: N802
        return self._validated(request, "resource_schemas")

    def ValidateDataResourceConfig(self, request: Fields) -> bytes:  # noqa: N802
        return self._validated(request, "data_source_schemas")

    def ConfigureProvider(self, request: Fields) -> bytes:  # noqa: N802
        self._project = from_value(first(request, 2)).get("project") or ""
        return b""

    def UpgradeResourceState(self, request: Fields) -> bytes:  # noqa: N802
        state = first(fields_of(first(request, 3)), 1)
        return piece(1, to_value(json.loads(state or b"null")))

    def ReadResource(self, request: Fields) -> bytes:  # noqa: N802
        return piece(1, first(request, 2)) + piece(3, first(request, 3))

    def PlanResourceChange(self, request: Fields) -> bytes:  # noqa: N802
        before, proposed = from_value(first(request, 2)), from_value(first(request, 3))
        if proposed is not None and before is None:
            kind = first(request, 1).decode()
            block = self._of["resource_schemas"][kind]["block"]
            proposed = _planned(block, proposed, from_value(first(request, 4)))
            names = {**proposed, "project": self._project}
            proposed |= {n: how.format(**names) for n, how in _NAMED.get(kind, {}).items()}
        return piece(1, to_value(proposed)) + _LEGACY

    def ApplyResourceChange(self, request: Fields) -> bytes:  # noqa: N802
        kind, planned = first(request, 1).decode(), from_value(first(request, 3))
        if planned is not None and (error := self._late.pop(kind, "")):
            return piece(1, first(request, 2)) + piece(3, _problem(error, "", []))
        block = self._of["resource_schemas"][kind]["block"]
        made = planned and _with_computed(block, _known(planned))
        return piece(1, to_value(made)) + number(4, 1)

    def ReadDataSource(self, request: Fields) -> bytes:  # noqa: N802
        block = self._of["data_source_schemas"][first(request, 1).decode()]["block"]
        return piece(1, to_value(_with_computed(block, from_value(first(request, 2)))))

    def StopProvider(self, request: Fields) -> bytes:  # noqa: N802
        return b""

    def _validated(self, request: Fields, kind: str) -> bytes:
        schema = self._of[kind].get(first(request, 1).decode())
        found = _undocumented(schema["block"], from_value(first(request, 2)), []) if schema else []
        return b"".join(piece(1, _problem(*problem)) for problem in found)


class _Plumbing(grpc.GenericRpcHandler):  # type: ignore[misc] # grpc has no types
    """Further services that Terraform's plugin library expects."""

    def service(self, call: Any) -> Any:
        if call.method == "/plugin.GRPCStdio/StreamStdio":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))
        if call.method.startswith(("/plugin.GRPCController", "/grpc.health")):
            return _unary(lambda request: number(1, 1))
        return None


def _unary(answer: Callable[[bytes], bytes]) -> Any:
    return grpc.unary_unary_rpc_method_handler(lambda request, context: answer(request))


# Encoding of the schema


def _encoded(provider: Json) -> bytes:
    out = piece(1, _schema(provider["provider"]))
    for field, kind in ((2, "resource_schemas"), (3, "data_source_schemas")):
        for name, schema in provider[kind].items():
            out += piece(field, text(1, name) + piece(2, _schema(schema)))
    return out + piece(6, number(2, 1))


def _schema(schema: Json) -> bytes:
    return number(1, schema["version"]) + piece(2, _block(schema["block"]))


def _block(block: Json) -> bytes:
    out = b""
    for name, of in sorted(block["attributes"].items()):
        kind = json.dumps(of["type"], separators=(",", ":")).encode()
        flags = ((4, "required"), (5, "optional"), (6, "computed"))
        encoded_flags = b"".join(number(field, of.get(flag)) for field, flag in flags)
        out += piece(2, text(1, name) + piece(2, kind) + encoded_flags)
    for name, of in sorted(block.get("block_types", {}).items()):
        limits = number(4, of.get("min_items")) + number(5, of.get("max_items"))
        nesting = number(3, _NESTING[of["nesting_mode"]])
        out += piece(3, text(1, name) + piece(2, _block(of["block"])) + nesting + limits)
    return out


# Values


def _undocumented(block: Json, value: Any, path: list[str | int]) -> Iterator[Problem]:
    """Yield a problem for each value that is not documented."""
    if not isinstance(value, dict):
        return
    for name, of in block["attributes"].items():
        known, given = of.get("x_enum"), value.get(name)
        if known and isinstance(given, str) and given not in known:
            detail = f"{name} = {given!r}: documented values are {', '.join(known)}"
            yield "invalid enum value", detail, [*path, name]
    for name, of in block.get("block_types", {}).items():
        inner = value.get(name)
        if of["nesting_mode"] == "single":
            yield from _undocumented(of["block"], inner, [*path, name])
        elif isinstance(inner, list):
            for at, each in enumerate(inner):
                inner_path = [*path, name, *([at] if of["nesting_mode"] == "list" else [])]
                yield from _undocumented(of["block"], each, inner_path)


def _planned(block: Json, proposed: Any, given: Any) -> Any:
    """Return the proposed values, with computed attributes as unknown."""
    if not isinstance(proposed, dict):
        return proposed
    given = given if isinstance(given, dict) else {}
    out = dict(proposed)
    for name, of in block["attributes"].items():
        if of.get("computed") and out.get(name) is None and given.get(name) is None:
            out[name] = UNKNOWN
    for name, of in block.get("block_types", {}).items():
        inner, configured = out.get(name), given.get(name)
        if isinstance(inner, list):
            configured = configured if isinstance(configured, list) else []
            padded = [*configured, *([None] * (len(inner) - len(configured)))]
            pairs = zip(inner, padded, strict=False)
            out[name] = [_planned(of["block"], each, its) for each, its in pairs]
        elif isinstance(inner, dict) and of["nesting_mode"] == "single":
            out[name] = _planned(of["block"], inner, configured)
    return out


def _known(value: Any) -> Any:
    """Return a planned value without what is unknown until the apply."""
    if isinstance(value, dict):
        return {name: _known(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_known(each) for each in value]
    return None if isinstance(value, type(UNKNOWN)) else value


def _with_computed(block: Json, value: Any) -> Json:
    """Return a data source with a placeholder for each computed attribute."""
    out = dict(value or {})
    for name, of in block["attributes"].items():
        if of.get("computed") and out.get(name) is None:
            out[name] = _placeholder(name, of["type"])
    return out


def _placeholder(name: str, kind: Any) -> Any:
    value = "123456789012" if name == "number" else f"stub-{name}"
    simple: dict[str, Any] = {"string": value, "number": 0, "bool": False}
    return simple.get(kind) if isinstance(kind, str) else {} if kind[0] == "map" else []


def _problem(summary: str, detail: str, path: list[str | int]) -> bytes:
    steps = b"".join(
        piece(1, text(1, step) if isinstance(step, str) else varint(3 << 3) + varint(step))
        for step in path
    )
    return number(1, 1) + text(2, summary) + text(3, detail) + piece(4, steps)
