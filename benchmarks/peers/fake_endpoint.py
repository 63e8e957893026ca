"""A chat completions endpoint on loopback that counts what it was asked and what it answered.

Standard library only. `GET /counts` returns the counts by record; `POST /settings` changes the
behaviour, so that one process serves every scenario:

- `seconds`: how long an answer takes;
- `errors`, `malformed`: shares of requests that get a 503, and of answers that are cut JSON;
- `dies_after`: answers after which every request gets a 503, until `dies_after` is set to null.

Which request gets a fault follows from its record and its try, so every client meets the same ones.
"""

import asyncio
import hashlib
import json
import re
from dataclasses import dataclass, field, fields
from typing import Any

_RECORD = re.compile(rb"record (\d{6})")
_ANSWER = {
    "callSummary": "The customer asked about a bill. The agent explained it.",
    "callSentiment": {"incoming": "negative", "outgoing": "positive"},
    "callSentimentSummary": "The explanation helped.",
    "callTone": "calm",
    "languageCode": "en",
    "reasonForCall": {"summary": "A bill.", "intent": "billing"},
    "agentResponse": {"resolved": True, "summary": "The agent explained the bill."},
    "products": [],
}
_TEXT = json.dumps(_ANSWER)
_OTHER_TEXT = json.dumps({"name": "Jason", "age": 25})
"""For requests without a record, with which a tool tries the endpoint out."""


@dataclass
class Behaviour:
    """What the endpoint does, and what it counted since its counts were reset."""

    seconds: float = 0.0
    errors: float = 0.0
    malformed: float = 0.0
    dies_after: int | None = None
    requests: dict[str, int] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    most_in_flight: int = 0

    def change(self, settings: dict[str, Any]) -> None:
        if settings.pop("forget", False):
            self.requests.clear()
            self.answers.clear()
            self.most_in_flight = 0
        for name, value in settings.items():
            setattr(self, name, value)

    def counts(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    async def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """Answer one request after the set time."""
        match = _RECORD.search(body)
        record = match[1].decode() if match else "?"
        tries = self.requests[record] = self.requests.get(record, 0) + 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self._is_dead():
                return 503, {"error": {"message": "down", "code": 503}}
            if self.seconds:
                await asyncio.sleep(self.seconds)
            if self._is_dead() or _chance("error", record, tries) < self.errors:
                return 503, {"error": {"message": "busy", "code": 503}}
            return 200, self._completion(record, tries)
        finally:
            self.in_flight -= 1

    def _is_dead(self) -> bool:
        return self.dies_after is not None and sum(self.answers.values()) >= self.dies_after

    def _completion(self, record: str, tries: int) -> dict[str, Any]:
        self.answers[record] = self.answers.get(record, 0) + 1
        is_cut = _chance("cut", record, tries) < self.malformed
        text = _OTHER_TEXT if record == "?" else _TEXT
        message = {"role": "assistant", "content": text[: len(text) // 2] if is_cut else text}
        return {
            "id": f"chatcmpl-{record}-{tries}",
            "object": "chat.completion",
            "created": 1_780_000_000,
            "model": "fake",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 400, "completion_tokens": 120, "total_tokens": 520},
        }


def _chance(kind: str, record: str, tries: int) -> float:
    digest = hashlib.blake2b(f"{kind}/{record}/{tries}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


class FakeEndpoint:
    """HTTP/1.1 with reused connections, as far as the clients of the benchmark use it."""

    def __init__(self) -> None:
        self._behaviour = Behaviour()

    async def serve(self, port: int) -> None:
        """Serve on 127.0.0.1 until the process ends."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", port, backlog=1024)
        print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
        async with server:
            await server.serve_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._replied(head, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _replied(
        self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        length = re.search(rb"(?i)^content-length: *(\d+)", head, re.MULTILINE)
        body = await reader.readexactly(int(length[1])) if length else b""
        status, reply = await self._routed(head.split(b" ", 2)[1], body)
        data = json.dumps(reply).encode()
        phrase = "OK" if status == 200 else "Service Unavailable"
        writer.write(
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        await writer.drain()

    async def _routed(self, path: bytes, body: bytes) -> tuple[int, dict[str, Any]]:
        if path == b"/settings":
            self._behaviour.change(json.loads(body))
            return 200, {}
        if path == b"/counts":
            return 200, self._behaviour.counts()
        if path.endswith(b"/models"):
            return 200, {"object": "list", "data": [{"id": "fake", "object": "model"}]}
        return await self._behaviour.answer(body)


if __name__ == "__main__":
    asyncio.run(FakeEndpoint().serve(0))
