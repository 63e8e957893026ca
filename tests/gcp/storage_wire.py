"""A fake of Cloud Storage's JSON API, in process.

Unlike the emulators it checks `ifGenerationMatch` on resumable uploads, at their begin and end.
"""

import base64
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import google_crc32c
import requests
import urllib3
from requests.adapters import HTTPAdapter

Query = dict[str, list[str]]


@dataclass(slots=True)
class StoredObject:
    """One object."""

    name: str
    content: bytes
    generation: int

    def resource(self, bucket: str) -> dict[str, Any]:
        checksum = google_crc32c.value(self.content).to_bytes(4, "big")
        return {
            "bucket": bucket, "name": self.name, "generation": str(self.generation),
            "size": str(len(self.content)), "crc32c": base64.b64encode(checksum).decode(),
        }  # fmt: skip


@dataclass(slots=True)
class Upload:
    """One resumable upload."""

    name: str
    query: Query
    content: bytes = b""


class StorageWire(requests.Session):
    """An HTTP session that answers as a bucket."""

    is_mtls = False

    def __init__(self, bucket: str) -> None:
        super().__init__()
        self.bucket, self.kept, self.uploads = (
            bucket,
            dict[str, StoredObject](),
            dict[str, Upload](),
        )
        self.calls: list[str] = []
        self.longest = 0
        """Bytes of the longest request."""
        self.fault: Callable[[str, str], requests.Response | None] = lambda method, url: None
        """Called before each request; what it returns replaces the reply."""
        self._generations = 0

    def request(  # type: ignore[override] # only what the client passes
        self, method: str, url: str, data: Any = None,
        headers: Mapping[str, str | bytes] | None = None, **_: object,
    ) -> requests.Response:  # fmt: skip
        body = data.read() if hasattr(data, "read") else (data or b"")
        body = body.encode() if isinstance(body, str) else body
        self.longest = max(self.longest, len(body))
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        if path.endswith(f"/b/{self.bucket}"):
            # The client reads the bucket's metadata once, for its own traces.
            return reply(403)
        self.calls.append(f"{method} {query.get('uploadType', [path.split('/')[1]])[0]}")
        lowered = {name.lower(): _text(value) for name, value in (headers or {}).items()}
        failed = self.fault(method, url)
        if failed is not None:
            return failed
        return self._answer(method, path, query, lowered, body)

    def _answer(
        self, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes
    ) -> requests.Response:
        if path.startswith("/upload/"):
            if method == "DELETE":
                self.uploads.pop(query["upload_id"][0], None)
                return reply(499)
            if method == "PUT":
                return self._part(query["upload_id"][0], headers, body)
            if query["uploadType"] == ["resumable"]:
                return self._begin(json.loads(body)["name"], query)
            name, content = _multipart(headers["content-type"], body)
            return self._keep(name, content, query)
        name = unquote(path.partition("/o/")[2])
        if not name:
            return self._list(query.get("prefix", [""])[0])
        found = self.kept.get(name)
        if found is None or query.get("generation", [str(found.generation)]) != [
            str(found.generation)
        ]:
            return reply(404)
        if method == "DELETE":
            del self.kept[name]
            return reply(204)
        if query.get("alt") == ["media"]:
            return _ranged(found.content, headers.get("range", ""))
        return reply(200, found.resource(self.bucket))

    def _list(self, prefix: str) -> requests.Response:
        names = sorted((n for n in self.kept if n.startswith(prefix)), key=str.encode)
        return reply(200, {"items": [self.kept[name].resource(self.bucket) for name in names]})

    def _begin(self, name: str, query: Query) -> requests.Response:
        if self._is_taken(name, query):
            return reply(412)
        id_ = str(len(self.uploads) + 1)
        self.uploads[id_] = Upload(name, query)
        address = f"https://storage.googleapis.com/upload/storage/v1?upload_id={id_}"
        return reply(200, {}, {"location": address})

    def _part(self, id_: str, headers: Mapping[str, str], body: bytes) -> requests.Response:
        upload = self.uploads[id_]
        upload.content += body
        if headers["content-range"].endswith("/*"):
            return reply(308, None, {"range": f"bytes=0-{len(upload.content) - 1}"})
        return self._keep(upload.name, upload.content, upload.query)

    def _keep(self, name: str, content: bytes, query: Query) -> requests.Response:
        if self._is_taken(name, query):
            return reply(412)
        self._generations += 1
        self.kept[name] = StoredObject(name, content, self._generations)
        return reply(200, self.kept[name].resource(self.bucket))

    def _is_taken(self, name: str, query: Query) -> bool:
        return query.get("ifGenerationMatch") == ["0"] and name in self.kept


def reply(
    status: int, payload: dict[str, Any] | None = None, headers: Mapping[str, str] | None = None,
    content: bytes = b"",
) -> requests.Response:  # fmt: skip
    body = json.dumps(payload).encode() if payload is not None else content
    raw = urllib3.HTTPResponse(
        io.BytesIO(body), status=status, headers=dict(headers or {}), preload_content=False
    )
    request = requests.Request("GET", "https://storage.googleapis.com/").prepare()
    response: requests.Response = HTTPAdapter().build_response(request, raw)
    return response


def _ranged(content: bytes, range_: str) -> requests.Response:
    span = re.fullmatch(r"bytes=(\d+)-(\d+)", range_)
    if span is None:
        return reply(200, None, {}, content)
    start, end = int(span.group(1)), int(span.group(2))
    part = content[start : end + 1]
    content_range = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
    length = str(len(part))
    return reply(206, None, {"content-range": content_range, "content-length": length}, part)


def _multipart(kind: str, body: bytes) -> tuple[str, bytes]:
    head = f"content-type: {kind}\r\n\r\n".encode()
    parts: Any = BytesParser().parsebytes(head + body).get_payload()
    name = json.loads(parts[0].get_payload(decode=True))["name"]
    # The parser changes line ends, so the content is taken from the body.
    start = body.index(b"\r\n\r\n", body.index(b"\r\n\r\n") + 4) + 4
    return name, body[start : body.rindex(b"\r\n--")]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
