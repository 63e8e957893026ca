"""Generate prediction files from a seed: the same seed gives the same bytes.

A line is like that of a real job: status, time, the echoed request (with the nulls that the service
adds), the response, the key. Its proportions are those of the input that the performance targets refer to:
6.7 KB that are the same in every request, a transcript of 2 KB (real ones: 0.7 KB on average, one
in twenty above 1.9 KB), an answer of 1.4 KB, 10.7 KB in all. One record in seven is not in
English, half of the answers are pretty-printed, two in a hundred are damaged, one in two hundred
was refused by the service.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from analysis import Analysis, Request, load_analysis, render

CHARACTERS = 2_000
"""Length of a transcript."""
CONSTANT = 6_700
"""Bytes of a request line without its transcript."""

DAMAGED = 0.02
REFUSED = 0.005
CUT = 0.001

_ENGLISH = """
the order has not arrived and nobody could tell me why it was sent back to your warehouse
yesterday my account shows two payments for one month please look at the invoice number
again I would like to change the booking to the second week of May if that is possible
"""
_FOREIGN = """
die Bestellung ist gestern zurückgekommen und niemand weiß warum natürlich möchte ich das
Geld zurück però l'ordine non è arrivato perché la città è sbagliata 注文した商品がまだ届いて
いません déjà payé où est ma commande s'il vous plaît
"""
_PRODUCTS = ("65 inch screen (VIP)", "router #123", "fibre 500", "travel insurance", "gift card")
_MODEL = "gemini-3.5-flash-lite"


def call_review() -> Analysis:
    """The analysis that is measured."""
    return load_analysis("call_review_v1")


def long_review() -> Analysis:
    """The same with an instruction as long as real ones."""
    shipped = call_review()
    rules = sentence(random.Random(0), CONSTANT)
    return replace(
        shipped, system=f"{shipped.system}\n\n{rules[: CONSTANT - shipped.line_overhead_bytes]}"
    )


def record_id(number: int) -> str:
    """A record id for each number, not in the numbers' order."""
    return f"{(number + 1) * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def requests(count: int, seed: int, characters: int = CHARACTERS) -> Iterator[Request]:
    """Requests with a transcript each."""
    rng = random.Random(seed)
    for number in range(count):
        yield Request(record_id(number), _transcript(rng, characters), 2048)


def predictions(
    count: int, seed: int, characters: int = CHARACTERS, *, foreign: bool = False
) -> Iterator[bytes]:
    """So many lines of a prediction file, with newlines.

    `foreign`: their echoes are short requests of another program, without fence and schema.
    """
    rng = random.Random(seed + 1)
    analysis = long_review()
    for number, line in enumerate(render(analysis, requests(count, seed, characters))):
        row = json.loads(line)
        yield _prediction(_foreign(row) if foreign else row, number, rng)


def _foreign(row: dict[str, Any]) -> dict[str, Any]:
    text = row["request"]["contents"][0]["parts"][0]["text"].partition(">")[2]
    turn = {"role": "user", "parts": [{"text": f"Review this call:{text.partition('</')[0]}"}]}
    config = {"maxOutputTokens": 2048, "responseMimeType": "application/json"}
    request = {"contents": [turn], "generationConfig": config, "labels": {"record": row["key"]}}
    return {**row, "request": request}


def answer(rng: random.Random, words: Callable[[int], str] | None = None) -> dict[str, Any]:
    """An answer of about 1.4 KB that fits the schema."""
    text = words or (lambda count: sentence(rng, count))
    moods = ("positive", "neutral", "negative", "mixed")
    return {
        "callSummary": text(60),
        "callSentiment": {"incoming": rng.choice(moods), "outgoing": rng.choice(moods)},
        "callSentimentSummary": text(20),
        "callTone": rng.choice(("calm", "friendly", "frustrated")),
        "languageCode": rng.choice(("en", "de", "it", "en-US")),
        "reasonForCall": {
            "summary": text(25),
            "intent": rng.choice(("inquiry", "billing", "delivery", "technical_support")),
            "inquiryQuestion": text(12) + "?",
            "product": rng.choice(_PRODUCTS),
            "productCategory": "electronics",
        },
        "agentResponse": {
            "resolved": rng.random() < 0.5,
            "summary": text(25),
            "action": text(15),
        },
        "products": [
            {"name": rng.choice(_PRODUCTS), "context": text(12)} for _ in range(rng.randrange(3))
        ],
    }


def sentence(rng: random.Random, count: int) -> str:
    """So many random words, at times with a quotation."""
    pool = (_FOREIGN if rng.random() < 0.05 else _ENGLISH).split()
    text = " ".join(rng.choices(pool, k=count)).capitalize() + "."
    return text.replace("account", '"Plus" account', 1) if rng.random() < 0.05 else text


def _transcript(rng: random.Random, characters: int) -> str:
    pool = (_FOREIGN if rng.random() < 0.15 else _ENGLISH).split()
    turns: list[str] = []
    size = 0
    while size < characters:
        speaker = ("AGENT", "CUSTOMER")[len(turns) % 2]
        turn = f"{speaker}: {' '.join(rng.choices(pool, k=rng.randrange(4, 40)))}."
        turns.append(turn)
        size += len(turn) + 1
    return "\n".join(turns)


def _prediction(row: dict[str, Any], number: int, rng: random.Random) -> bytes:
    status, reason = "", "STOP"
    value = answer(rng)
    text = json.dumps(value, ensure_ascii=False, indent=2 if rng.random() < 0.5 else None)
    if rng.random() < DAMAGED:
        text, reason = rng.choice(_DAMAGES)(text, value)
    if rng.random() < REFUSED:
        status = 'Bad Request: {"error": {"code": 400, "status": "INVALID_ARGUMENT"}}'
    line = {
        "status": status,
        "processed_time": f"2026-11-01T18:13:{number % 60:02d}.82+00:00",
        "request": _echo(row["request"]),
        "response": {} if status else _response(text, reason, number),
        "key": row["key"],
    }
    encoded = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()
    if rng.random() < CUT:
        encoded = encoded[: rng.randrange(len(encoded))]
    return encoded + b"\n"


def _echo(request: dict[str, Any]) -> dict[str, Any]:
    nothing: dict[str, None] = dict.fromkeys(("fileData", "functionCall", "inlineData"))
    turns = [
        {"parts": [nothing | part for part in turn["parts"]], "role": turn["role"]}
        for turn in request["contents"]
    ]
    return request | {"contents": turns}


def _response(text: str, reason: str, number: int) -> dict[str, Any]:
    tokens = len(text) // 4
    return {
        "candidates": [
            {
                "avgLogprobs": -0.05 - number % 97 / 1000,
                "content": {"parts": [{"text": text}], "role": "model"},
                "finishReason": reason,
            }
        ],
        "createTime": "2026-11-01T18:13:16.820482Z",
        "modelVersion": _MODEL,
        "responseId": f"{number:024x}",
        "usageMetadata": {
            "candidatesTokenCount": tokens,
            "promptTokenCount": 2_400 + number % 400,
            "totalTokenCount": 2_400 + number % 400 + tokens,
        },
    }


def _fenced(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return f"```json\n{text}\n```", "STOP"


def _comma(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return text[:-1].rstrip() + ",\n}", "STOP"


def _single_quotes(_: str, value: dict[str, Any]) -> tuple[str, str]:
    return str(value), "STOP"


def _inner_quotes(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return text.replace(" the ", ' "the" ', 2), "STOP"


def _cut(text: str, _: dict[str, Any]) -> tuple[str, str]:
    return text[: len(text) * 2 // 3], "MAX_TOKENS" if len(text) % 2 else "STOP"


_DAMAGES = (_fenced, _comma, _single_quotes, _inner_quotes, _cut)
