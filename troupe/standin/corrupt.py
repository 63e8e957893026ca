"""Corrupts a share of the prediction lines in the ways that models and the service do."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

Line = dict[str, Any]
"""One line of a prediction file."""


class Kind(Enum):
    """The kinds of corruption."""

    CUT = "cut"  # truncated, finish reason MAX_TOKENS
    CUT_UNREPORTED = "cut_unreported"  # truncated, but the finish reason is STOP
    FENCED = "fenced"  # a Markdown code fence around the JSON
    WRAPPED = "wrapped"  # prose before and after it
    TRAILING_COMMA = "trailing_comma"
    SINGLE_QUOTES = "single_quotes"
    INNER_QUOTES = "inner_quotes"  # a quotation inside a string, not escaped
    RAW_NEWLINE = "raw_newline"  # a real line break inside a string
    NO_SUMMARY = "no_summary"  # the first field is missing
    WRONG_TYPE = "wrong_type"  # the first field is a list
    EMPTY = "empty"  # STOP and no text at all
    BLOCKED = "blocked"  # finish reason SAFETY, no content
    PROMPT_BLOCKED = "prompt_blocked"  # no candidate at all
    ROW_ERROR = "row_error"  # the service's error in `status`, "response": {}
    LOST = "lost"  # no line
    DOUBLED = "doubled"  # the line twice
    UNKNOWN_KEY = "unknown_key"  # a key that no request has
    SWAPPED_KEYS = "swapped_keys"  # two lines carry each other's key


ALL_KINDS = tuple(Kind)
_KEYS = ("key", "custom_id")
_MARK = "\ue000"
_ERROR = (
    'Bad Request: {"error": {"code": 400, "message": "The request could not be processed.",'
    ' "status": "INVALID_ARGUMENT"}}'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Corruption:
    """How much to corrupt. Seed, key and attempt alone decide what happens to an answer."""

    share: float
    """Share of all answers, between 0 and 1."""
    seed: int = 0
    kinds: tuple[Kind, ...] = ALL_KINDS
    poison: frozenset[str] = frozenset()
    """Keys, with or without their `k-`, whose answer is corrupted on every attempt."""
    poison_kind: Kind = Kind.CUT

    def corrupt(self, lines: Sequence[Line], attempt: str) -> list[Line]:
        """The lines with the chosen ones corrupted, in copies; the others are passed unchanged."""
        kinds = [self.kind_of(_key(line), attempt) for line in lines]
        swapped = _swap([line for line, kind in zip(lines, kinds, strict=True) if _swaps(kind)])
        corrupted: list[Line] = []
        for line, kind in zip(lines, kinds, strict=True):
            corrupted.extend([next(swapped)] if _swaps(kind) else self.corrupt_line(line, kind))
        return corrupted

    def corrupt_line(self, line: Line, kind: Kind | None) -> list[Line]:
        """The lines that replace one; `SWAPPED_KEYS` needs a second line and does nothing here."""
        if kind is None or _swaps(kind):
            return [line]
        return _CORRUPTIONS[kind](deepcopy(line))

    def kind_of(self, key: str, attempt: str) -> Kind | None:
        """The corruption of the answer with this key in this attempt; None: unchanged."""
        if key in self.poison or key.removeprefix("k-") in self.poison:
            return self.poison_kind
        if not self.kinds:
            return None
        value, choice = _random(f"{self.seed}/{attempt}/{key}")
        return self.kinds[choice % len(self.kinds)] if value < self.share else None


def _random(name: str) -> tuple[float, int]:
    digest = hashlib.blake2b(name.encode(), digest_size=12).digest()
    return int.from_bytes(digest[:8]) / 2**64, int.from_bytes(digest[8:])


def _swaps(kind: Kind | None) -> bool:
    return kind is Kind.SWAPPED_KEYS


def _key(line: Mapping[str, Any]) -> str:
    return next((str(line[name]) for name in _KEYS if name in line), "")


def _swap(lines: Sequence[Line]) -> Iterator[Line]:
    """Swap the keys of neighbours; a last line without a neighbour keeps its own."""
    moved = [dict(line) for line in lines]
    for one, other in zip(moved[::2], moved[1::2], strict=False):
        for name in _KEYS:
            if name in one and name in other:
                one[name], other[name] = other[name], one[name]
    return iter(moved)


def _text(line: Line) -> str:
    candidates = line.get("response", {}).get("candidates") or [{}]
    parts = candidates[0].get("content", {}).get("parts") or [{}]
    return str(parts[0].get("text", ""))


def _with_text(line: Line, text: str, finish_reason: str = "STOP") -> list[Line]:
    candidates = line.get("response", {}).get("candidates")
    if candidates:  # a row that failed by itself has no text
        candidates[0]["content"] = {"parts": [{"text": text}], "role": "model"}
        candidates[0]["finishReason"] = finish_reason
    return [line]


def _cut(line: Line, finish_reason: str) -> list[Line]:
    text = _text(line)
    return _with_text(line, text[: max(1, len(text) * 3 // 5)], finish_reason)


def _on_text(change: Callable[[str], str]) -> Callable[[Line], list[Line]]:
    return lambda line: _with_text(line, change(_text(line)))


def _trailing_comma(text: str) -> str:
    end = text.rstrip()
    return f"{end[:-1]},{end[-1]}" if end.endswith(("}", "]")) else f"{text},"


def _inside_a_string(text: str, opening: str, closing: str) -> str:
    """Put unescaped characters around a word of the first string value."""
    answer = _object(text)
    name = next((key for key, value in answer.items() if isinstance(value, str)), None)
    if name is None:
        return text
    before, _, after = str(answer[name]).partition(" ")
    answer[name] = f"{before} {_MARK}so to say{_MARK} {after}"
    start, middle, end = msgspec.json.encode(answer).decode().split(_MARK, 2)
    return f"{start}{opening}{middle}{closing}{end}"


def _object(text: str) -> dict[str, Any]:
    try:
        answer = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _without_first(text: str) -> str:
    answer = _object(text)
    return msgspec.json.encode(dict(list(answer.items())[1:])).decode()


def _first_as_list(text: str) -> str:
    answer = _object(text)
    for name in list(answer)[:1]:
        answer[name] = [answer[name]]
    return msgspec.json.encode(answer).decode()


def _respond(line: Line, **response: Any) -> list[Line]:
    kept = {key: value for key, value in line.get("response", {}).items() if key != "candidates"}
    line["response"] = {**response, **kept}
    return [line]


def _row_error(line: Line) -> list[Line]:
    return [{**line, "status": _ERROR, "response": {}}]


def _unknown_key(line: Line) -> list[Line]:
    for name in _KEYS:
        if name in line:
            line[name] = (
                "k-" + hashlib.blake2b(str(line[name]).encode(), digest_size=16).hexdigest()
            )
    line["request"] = {"contents": []}  # the echo would name the true record
    return [line]


def _blocked(line: Line) -> list[Line]:
    return _respond(line, candidates=[{"finishReason": "SAFETY"}])


def _prompt_blocked(line: Line) -> list[Line]:
    return _respond(line, promptFeedback={"blockReason": "PROHIBITED_CONTENT"})


_CORRUPTIONS: Mapping[Kind, Callable[[Line], list[Line]]] = {
    Kind.CUT: lambda line: _cut(line, "MAX_TOKENS"),
    Kind.CUT_UNREPORTED: lambda line: _cut(line, "STOP"),
    Kind.FENCED: _on_text(lambda text: f"```json\n{text}\n```"),
    Kind.WRAPPED: _on_text(lambda text: f"Here is the review:\n{text}\nI hope this helps."),
    Kind.TRAILING_COMMA: _on_text(_trailing_comma),
    Kind.SINGLE_QUOTES: _on_text(lambda text: text.replace('"', "'")),
    Kind.INNER_QUOTES: _on_text(lambda text: _inside_a_string(text, '"', '"')),
    Kind.RAW_NEWLINE: _on_text(lambda text: _inside_a_string(text, "\n", "\n")),
    Kind.NO_SUMMARY: _on_text(_without_first),
    Kind.WRONG_TYPE: _on_text(_first_as_list),
    Kind.EMPTY: _on_text(lambda text: ""),
    Kind.BLOCKED: _blocked,
    Kind.PROMPT_BLOCKED: _prompt_blocked,
    Kind.ROW_ERROR: _row_error,
    Kind.LOST: lambda line: [],
    Kind.DOUBLED: lambda line: [line, dict(line)],
    Kind.UNKNOWN_KEY: _unknown_key,
}
