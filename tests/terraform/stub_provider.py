"""Speaks for the providers google and google-beta from their schema, and never to a cloud.

It refuses what the schema does not know and values that are not among the documented ones, and
plans what only Google can tell as unknown. Terraform is pointed at it by TF_REATTACH_PROVIDERS,
so that `terraform init` fetches nothing and writes no lock file.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]

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
"""Summary, detail and the path to where it is."""

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
"""What Google makes of names that are given; a plan then shows who is connected with whom."""
_LEGACY = number(5, 1)
"""Takes Terraform's strictest checks off what is planned, as the real provider does."""


class Stub:
    """Serves every provider of a schema document for as long as it is entered."""

    def __init__(self, schema: Json) -> None:
        self._providers = {
            name: _Provider(provider) for name, provider in schema["provider_schemas"].items()
        }
        self._servers: list[Any] = []
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> dict[str, str]:
        """The environment that points Terraform here."""
        told = {}
        for position, (name, provider) in enumerate(self._providers.items()):
            server = grpc.server(
                futures.ThreadPoolExecutor(8),
                handlers=(provider, _Plumbing()),
                options=[("grpc.max_send_message_length", -1)],
            )
            address = self._open(server, position)
            server.start()
            self._servers.append(server)
            told[name] = {
                "Protocol": "grpc",
                "ProtocolVersion": 6,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": address,
            }
        return {"TF_REATTACH_PROVIDERS": json.dumps(told)}

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


class _Provider(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The methods of the protocol that init, validate, plan and test call."""

    def __init__(self, provider: Json) -> None:
        self._of, self._project = provider, ""
        self._schema = _encoded(provider)

    def service(self, call: Any) -> Any:
        answer = getattr(self, call.method.rsplit("/", 1)[1], None)
        return _unary(lambda request: answer(fields_of(request))) if answer else None

    def GetMetadata(self, asked: Fields) -> bytes:  # noqa: N802
        data = [piece(3, text(1, name)) for name in self._of["data_source_schemas"]]
        made = [piece(4, text(1, name)) for name in self._of["resource_schemas"]]
        return piece(1, number(2, 1)) + b"".join(data + made)

    def GetProviderSchema(self, asked: Fields) -> bytes:  # noqa: N802
        return self._schema

    def ValidateProviderConfig(self, asked: Fields) -> bytes:  # noqa: N802
        return b""

    def ValidateResourceConfig(self, asked: Fields) -> bytes:  # noqa: N802
        return self._validated(asked, "resource_schemas")

    def ValidateDataResourceConfig(self, asked: Fields) -> bytes:  # noqa: N802
        return self._validated(asked, "data_source_schemas")

    def ConfigureProvider(self, asked: Fields) -> bytes:  # noqa: N802
        self._project = from_value(first(asked, 2)).get("project") or ""
        return b""

    def UpgradeResourceState(self, asked: Fields) -> bytes:  # noqa: N802
        state = first(fields_of(first(asked, 3)), 1)
        return piece(1, to_value(json.loads(state or b"null")))

    def ReadResource(self, asked: Fields) -> bytes:  # noqa: N802
        return piece(1, first(asked, 2)) + piece(3, first(asked, 3))

    def PlanResourceChange(self, asked: Fields) -> bytes:  # noqa: N802
        before, proposed = from_value(first(asked, 2)), from_value(first(asked, 3))
        if proposed is not None and before is None:
            kind = first(asked, 1).decode()
            block = self._of["resource_schemas"][kind]["block"]
            proposed = _planned(block, proposed, from_value(first(asked, 4)))
            names = {**proposed, "project": self._project}
            proposed |= {n: how.format(**names) for n, how in _NAMED.get(kind, {}).items()}
        return piece(1, to_value(proposed)) + _LEGACY

    def ReadDataSource(self, asked: Fields) -> bytes:  # noqa: N802
        block = self._of["data_source_schemas"][first(asked, 1).decode()]["block"]
        return piece(1, to_value(_made_up(block, from_value(first(asked, 2)))))

    def StopProvider(self, asked: Fields) -> bytes:  # noqa: N802
        return b""

    def _validated(self, asked: Fields, kind: str) -> bytes:
        schema = self._of[kind].get(first(asked, 1).decode())
        found = _undocumented(schema["block"], from_value(first(asked, 2)), []) if schema else []
        return b"".join(_diagnostic(*problem) for problem in found)


class _Plumbing(grpc.GenericRpcHandler):  # type: ignore[misc]
    """What Terraform's plugin library expects beside the provider."""

    def service(self, call: Any) -> Any:
        if call.method == "/plugin.GRPCStdio/StreamStdio":
            return grpc.unary_stream_rpc_method_handler(lambda request, context: iter(()))
        if call.method.startswith(("/plugin.GRPCController", "/grpc.health")):
            return _unary(lambda request: number(1, 1))
        return None


def _unary(answer: Callable[[bytes], bytes]) -> Any:
    return grpc.unary_unary_rpc_method_handler(lambda request, context: answer(request))


# The schema, as the protocol has it


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
        told = b"".join(number(field, of.get(flag)) for field, flag in flags)
        out += piece(2, text(1, name) + piece(2, kind) + told)
    for name, of in sorted(block.get("block_types", {}).items()):
        limits = number(4, of.get("min_items")) + number(5, of.get("max_items"))
        nesting = number(3, _NESTING[of["nesting_mode"]])
        out += piece(3, text(1, name) + piece(2, _block(of["block"])) + nesting + limits)
    return out


# Values


def _undocumented(block: Json, value: Any, path: list[str | int]) -> Iterator[Problem]:
    """Values that are not among the documented ones."""
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
                attempt_key = [*path, name, *([at] if of["nesting_mode"] == "list" else [])]
                yield from _undocumented(of["block"], each, attempt_key)


def _planned(block: Json, proposed: Any, given: Any) -> Any:
    """What is proposed, with everything that Google computes as unknown."""
    if not isinstance(proposed, dict):
        return proposed
    given = given if isinstance(given, dict) else {}
    out = dict(proposed)
    for name, of in block["attributes"].items():
        if of.get("computed") and out.get(name) is None and given.get(name) is None:
            out[name] = UNKNOWN
    for name, of in block.get("block_types", {}).items():
        inner, told = out.get(name), given.get(name)
        if isinstance(inner, list):
            told = told if isinstance(told, list) else []
            padded = [*told, *([None] * (len(inner) - len(told)))]
            pairs = zip(inner, padded, strict=False)
            out[name] = [_planned(of["block"], each, its) for each, its in pairs]
        elif isinstance(inner, dict) and of["nesting_mode"] == "single":
            out[name] = _planned(of["block"], inner, told)
    return out


def _made_up(block: Json, value: Any) -> Json:
    """A data source with something in the place of everything that Google would tell."""
    out = dict(value or {})
    for name, of in block["attributes"].items():
        if of.get("computed") and out.get(name) is None:
            out[name] = _something(name, of["type"])
    return out


def _something(name: str, kind: Any) -> Any:
    simple: dict[str, Any] = {"string": f"stub-{name}", "number": 0, "bool": False}
    return simple.get(kind) if isinstance(kind, str) else {} if kind[0] == "map" else []


def _diagnostic(summary: str, detail: str, path: list[str | int]) -> bytes:
    steps = b"".join(
        piece(1, text(1, step) if isinstance(step, str) else varint(3 << 3) + varint(step))
        for step in path
    )
    return piece(1, number(1, 1) + text(2, summary) + text(3, detail) + piece(4, steps))
