"""Replies of endpoints in every shape: read, or an error of their record, and never a crash."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from troupe.endpoint.completion import FINISH_REASONS, UNREADABLE, answer_part, read_completion
from troupe.endpoint.failure import EndpointFailure
from troupe.standin.prediction_lines import Answer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "local-model.md"


def completion(content: Any = "{}", reason: Any = "stop", **others: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **others.pop("message", {})}
    return {"choices": [{"message": message, "finish_reason": reason}], **others}


def read(reply: Any) -> Answer:
    return read_completion(json.dumps(reply).encode(), "m")


def failure_of(body: bytes) -> EndpointFailure:
    with pytest.raises(EndpointFailure) as raised:
        read_completion(body, "m")
    return raised.value


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        *[(each, "STOP") for each in ("stop", "STOP", "eos", "stop_sequence", "end_turn")],
        *[(each, "STOP") for each in ("eos_token", "eosFound", "stopStringFound", "COMPLETE")],
        *[(each, "MAX_TOKENS") for each in ("length", "max_tokens", "model_length", "MAX_TOKENS")],
        ("contextLengthReached", "MAX_TOKENS"),
        *[(each, "SAFETY") for each in ("content_filter", "safety", "refusal")],
        *[(each, "OTHER") for each in ("tool_calls", "abort", "error", "?")],
        (3, "OTHER"),
        (False, "OTHER"),
        ([], "OTHER"),
        ({}, "OTHER"),
        (None, None),
        ("", None),
    ],
)
def test_only_a_known_stop_is_a_finished_answer(reason: Any, finish: str | None) -> None:
    """An unknown reason is an error of its row; without one only a whole object is read."""
    assert finish == read(completion(reason=reason)).finish_reason


def test_the_page_for_users_lists_every_reason() -> None:
    """In the letters of the servers."""
    listed = re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8"))

    assert set() == FINISH_REASONS.keys() - {name.lower() for name in listed}


def test_a_missing_reason_is_none() -> None:
    """As null is."""
    assert read({"choices": [{"message": {"content": "{}"}}]}).finish_reason is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{}", "{}"),
        (None, ""),
        ([], ""),
        ([{"type": "text", "text": '{"a"'}, {"type": "text", "text": ":1}"}], '{"a":1}'),
        ([{"type": "thinking", "thinking": [{"text": "{"}]}, {"type": "text", "text": "{}"}], "{}"),
        (["{", "}"], "{}"),
        ([{"type": "output_text", "text": "{}"}, {"type": "reference", "ids": [1]}], "{}"),
        ([{"text": "{}"}], "{}"),
        ({"type": "text", "text": "{}"}, "{}"),
    ],
)
def test_texts_of_content_are_joined(content: Any, text: str) -> None:
    """Text, nothing, chunks of text, and chunks of other kinds between them."""
    answer = read(completion(content))

    assert (text, "STOP") == (answer.text, answer.finish_reason)


@pytest.mark.parametrize(
    "content",
    [
        {"callSummary": "parsed already"},
        {"type": "text", "text": {}},
        [{"type": "text", "text": None}],
        [{"type": "text"}],
        [{"callSummary": "x"}],
        ["{", 5],
        [[]],
        5,
        True,
        "\ud800",
        ["{}", "\udfff"],
    ],
)
def test_content_of_an_unknown_kind_is_an_error_of_its_record(content: Any) -> None:
    """It was paid for: its tokens count, and the same process does not ask again."""
    answer = read(completion(content, usage={"prompt_tokens": 3}))

    assert ("", UNREADABLE, "", 3) == (
        answer.text, answer.finish_reason, answer.status, answer.prompt_tokens
    )  # fmt: skip


def test_a_refusal_is_a_blocked_answer() -> None:
    """OpenAI finishes it with `stop`."""
    answer = read(completion(None, message={"refusal": "I cannot help with that."}))

    assert ("", "SAFETY") == (answer.text, answer.finish_reason)


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        ({"prompt_tokens": 11, "completion_tokens": 5}, (11, 5)),
        ({"prompt_tokens": "11", "completion_tokens": "5"}, (11, 5)),
        ({"prompt_tokens": 1.5, "completion_tokens": -1}, (None, None)),
        ({"prompt_tokens": True, "completion_tokens": {"text": 1}}, (None, None)),
        ({"prompt_tokens": 2**70, "completion_tokens": "²"}, (None, None)),
        ("11 tokens", (None, None)),
        ([1], (None, None)),
        (5, (None, None)),
        (None, (None, None)),
        ({}, (None, None)),
    ],
)
def test_counts_of_tokens_are_numbers_or_unknown(
    usage: Any, counts: tuple[int | None, int | None]
) -> None:
    """In whatever form a server gives them."""
    answer = read(completion(usage=usage))

    assert counts == (answer.prompt_tokens, answer.answer_tokens)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 502),
        (b"<html><h1>502 Bad Gateway</h1></html>", 502),
        (b'{"choices": [', 502),
        (b'{"choices": [{"message": {"content": "\xff"}}]}', 502),
        (b"[]", 502),
        (b'"text"', 502),
        (b"{}", 502),
        (b'{"choices": null}', 502),
        (b'{"choices": []}', 502),
        (b'{"choices": {"0": {}}}', 502),
        (b'{"choices": [null]}', 502),
        (b'{"choices": [{"message": null}]}', 502),
        (b'{"choices": [{"text": "{}"}]}', 502),
        (b'{"choices": [], "choices": [{"message": {"content": "{}"}}]}', 502),
        (b'{"error": "Unexpected endpoint or method. (POST /chat). Returning 200 anyway"}', 502),
        (b'{"error": {"code": 429, "message": "rate limited upstream"}}', 429),
        (b'{"error": {"code": "503"}}', 503),
        (b'{"error": {"code": 400}}', 502),
        (b"[" * 100_000, 502),
    ],
)
def test_a_reply_that_is_no_completion_is_a_failure_of_the_endpoint(body: bytes, code: int) -> None:
    """A gateway's page, an error in a reply of status 200, or half of a reply."""
    assert code == failure_of(body).code


def test_a_byte_order_mark_is_no_fault() -> None:
    """Some servers write one."""
    assert "{}" == read_completion(b"\xef\xbb\xbf" + json.dumps(completion()).encode(), "m").text


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "message", "content", "type", "text", "usage", "finish_reason", "error"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(_JSON, _JSON, _JSON)
def test_any_reply_is_an_answer_that_can_be_stored_or_a_failure(
    content: Any, reason: Any, usage: Any
) -> None:
    """A crash here would come again at each start of the worker."""
    for reply in (completion(content, reason, usage=usage), content):
        try:
            answer = read(reply)
        except EndpointFailure:
            continue
        assert answer == msgspec.json.decode(msgspec.json.encode(answer), type=Answer)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('<think>\nIs {it} a "bill"?\n</think>\n\n{"a":1}', '{"a":1}'),
        ('<think>short</think>{"a":1}', '{"a":1}'),
        ('The user asks.\n{draft}</think>\n{"a":1}', '{"a":1}'),
        ("<think>one</think><think>two</think>{}", "{}"),
        ("<think>a </think> is a tag {} </think>\n{}", "{}"),
        ("<thinking>x</thinking>\n```json\n{}\n```", "```json\n{}\n```"),
        ("[THINK]x[/THINK]{}", "{}"),
        ("◁think▷x◁/think▷{}", "{}"),
        ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>{}", "{}"),
        ("<|channel|>final <|constrain|>json<|message|>{}<|return|>", "{}"),
        ("<think>it never ends {}", ""),
        ("<|channel|>analysis<|message|>{}", ""),
        ('{"a":"the tag </think> is quoted"}', '{"a":"the tag </think> is quoted"}'),
        ('[{"a":"</think>"}]', '[{"a":"</think>"}]'),
        ("Here it is: {}", "Here it is: {}"),
    ],
)  # fmt: skip
def test_reasoning_before_an_answer_is_cut_off(content: str, text: str) -> None:
    """Also when its opening tag was part of the prompt; inside of an answer a tag is text."""
    assert text == answer_part(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("{}<|im_end|>", "{}"),
        ("{}\n<|im_end|>\n", "{}"),
        ("{}<|eot_id|><|eot_id|>", "{}"),
        ("{}</s>", "{}"),
        ("{}<end_of_turn>\n<eos>", "{}"),
        ("```json\n{}\n```<|end|>", "```json\n{}\n```"),
        ('{"a":1}<|im_end|>\n<|im_start|>user\n{"a":2}', '{"a":1}'),
        ('{"a":"b<|im_end|>', '{"a":"b'),
        ('{"a":"quotes <|im_end|> here"}', '{"a":"quotes <|im_end|> here"}'),
        ('{"a":"quotes <|im_end|> here"}<|im_end|>', '{"a":"quotes <|im_end|> here"}'),
        ('{"a":"<b>bold</b>"}', '{"a":"<b>bold</b>"}'),
        ("", ""),
    ],
)
def test_marks_behind_an_answer_are_cut_off(content: str, text: str) -> None:
    """And a turn that the model invented behind them; inside of an answer a mark is text."""
    assert text == answer_part(content)


@pytest.mark.parametrize(
    "text",
    [
        "x" + " " * 2_000_000 + "y",
        "{}" + "\n" * 2_000_000 + "x",
        "x" + "</think>" * 300_000 + "x",
        "x" + "<|im_end|>" * 300_000,
        "{}" + "<eos> " * 300_000 + "x",
    ],
    ids=["blanks", "blanks behind", "ends", "marks", "marks behind"],
)
def test_a_long_answer_takes_time_in_proportion_to_its_length(text: str) -> None:
    """In square, each of these would take minutes."""
    assert len(answer_part(text)) <= len(text)
