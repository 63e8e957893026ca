"""Servers that people use: Azure OpenAI, vLLM, Ollama, LM Studio and llama.cpp.

Each speaks its dialect on loopback: paths, headers, extra fields, and errors in its own form.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.endpoint.server import REQUEST, Asked, Said, Server, serving
from troupe.endpoint.failure import EndpointFailure
from troupe.endpoint.openai import Endpoint
from troupe.standin.prediction_lines import Answer

TEXT = '{"a":"x"}'
WANTED = Answer(text=TEXT, finish_reason="STOP", prompt_tokens=31, answer_tokens=9, model="small")
USAGE = {"prompt_tokens": 31, "completion_tokens": 9, "total_tokens": 40}


def completion(choice: dict[str, Any], message: dict[str, Any], **others: Any) -> dict[str, Any]:
    said = {"role": "assistant", "content": TEXT, **message}
    return {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1780000000, "model": "small",
        "choices": [{"index": 0, "message": said, "finish_reason": "stop", **choice}],
        "usage": USAGE, **others,
    }  # fmt: skip


def azure(asked: Asked) -> Said:
    """Deployment in the path, api-version in the query, the key in a header of its own."""
    if (asked.header("api-key"), asked.header("authorization")) != ("k", None):
        text = "Access denied due to invalid subscription key or wrong API endpoint."
        return Said({"error": {"code": "401", "message": text}}, 401)
    if asked.path != "/openai/deployments/small/chat/completions?api-version=2024-10-21":
        return Said({"error": {"code": "404", "message": "Resource not found"}}, 404)
    if "max_tokens" in asked.body:
        text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        return Said({"error": {"message": text, "type": "invalid_request_error", "param": "max_tokens"}}, 400)  # fmt: skip
    filters = {"hate": {"filtered": False, "severity": "safe"}}
    return Said(
        completion(
            {"content_filter_results": filters, "logprobs": None},
            {"refusal": None, "annotations": []},
            prompt_filter_results=[{"prompt_index": 0, "content_filter_results": filters}],
            usage=USAGE | {"completion_tokens_details": {"reasoning_tokens": 0}},
        )
    )


def vllm(asked: Asked) -> Said:
    """Errors of its own form; a field for reasoning, and one for the token that stopped it."""
    if asked.header("authorization") != "Bearer k":
        return Said({"error": "Unauthorized"}, 401)
    if asked.body["model"] != "small":
        text = f"The model `{asked.body['model']}` does not exist."
        return Said({"object": "error", "message": text, "type": "NotFoundError", "code": 404}, 404)
    return Said(
        completion(
            {"logprobs": None, "stop_reason": 128009},
            {"reasoning_content": "The customer {asks}.", "tool_calls": []},
            prompt_logprobs=None,
            usage=USAGE | {"prompt_tokens_details": None},
        )
    )


def ollama(asked: Asked) -> Said:
    """A busy server says 503; reasoning is in the content or in a field."""
    if asked.body["model"] != "small":
        text = f'model "{asked.body["model"]}" not found, try pulling it first'
        error = {"message": text, "type": "api_error", "param": None, "code": None}
        return Said({"error": error}, 404)
    content = f"<think>\nIs it {{a}}?\n</think>\n\n{TEXT}"
    return Said(
        completion({}, {"content": content, "reasoning": "so"}, system_fingerprint="fp_ollama")
    )


def lm_studio(asked: Asked) -> Said:
    """It answers any path with 200, and names its own reasons for the end."""
    if asked.path != "/v1/chat/completions":
        text = f"Unexpected endpoint or method. (POST {asked.path}). Returning 200 anyway"
        return Said({"error": text})
    stats = {"stop_reason": "eosFound", "tokens_per_second": 51.4}
    return Said(completion({"finish_reason": "eosFound", "logprobs": None}, {}, stats=stats))


def llama_cpp(asked: Asked) -> Said:
    """It ignores the model's name, may leave the end mark in the text, and adds timings."""
    if asked.header("authorization") != "Bearer k":
        error = {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}
        return Said({"error": error}, 401)
    timings = {"prompt_n": 31, "predicted_per_second": 40.1}
    return Said(completion({}, {"content": f"{TEXT}<|im_end|>"}, timings=timings))


SERVERS = {
    "Azure OpenAI": (azure, {"api_version": "2024-10-21", "key": "k"}),
    "vLLM": (vllm, {"key": "k"}),
    "Ollama": (ollama, {}),
    "LM Studio": (lm_studio, {}),
    "llama.cpp": (llama_cpp, {"key": "k"}),
}


def endpoint(server: Server, settings: dict[str, Any]) -> Endpoint:
    base = server.url.removesuffix("/v1") if "api_version" in settings else server.url
    return Endpoint(base_url=base, **{"model": "small", **settings})


@pytest.mark.parametrize(("script", "settings"), SERVERS.values(), ids=SERVERS)
def test_an_answer_of_each_server_is_read(
    script: Callable[[Asked], Said], settings: dict[str, Any]
) -> None:
    """Text, reason and counts; fields that it adds are ignored."""
    with serving(script) as server:
        assert WANTED == endpoint(server, settings)(REQUEST)


@pytest.mark.parametrize(
    ("server", "settings", "code"),
    [
        ("Azure OpenAI", {"key": "wrong"}, 401),
        ("Azure OpenAI", {"model": "missing"}, 404),
        ("vLLM", {"key": None}, 401),
        ("vLLM", {"model": "missing"}, 404),
        ("Ollama", {"model": "missing"}, 404),
        ("LM Studio", {"base": "/v0"}, 502),
        ("llama.cpp", {"key": "wrong"}, 401),
    ],
)
def test_a_mistake_in_the_settings_is_a_failure_of_the_endpoint(
    server: str, settings: dict[str, Any], code: int
) -> None:
    """No record fails for a wrong key, model or path."""
    script, right = SERVERS[server]
    base = settings.pop("base", None)
    with serving(script) as running:
        asking = endpoint(running, right | settings)
        if base:
            asking = Endpoint(base_url=running.url.replace("/v1", base), model="small")
        with pytest.raises(EndpointFailure) as raised:
            asking(REQUEST)

    assert code == raised.value.code


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}, 503),
        ({"error": "server busy, please try again. maximum pending requests exceeded"}, 503),
        ({"error": {"code": "429", "message": "Requests have exceeded call rate limit."}}, 429),
    ],
    ids=["llama.cpp loads", "Ollama is busy", "Azure limits"],
)
def test_a_server_that_is_busy_is_asked_again(body: dict[str, Any], code: int) -> None:
    """With fewer requests at a time, and not before its Retry-After."""
    busy = Said(body, code, {"Retry-After": "2"})
    with serving(lambda _: busy) as server, pytest.raises(EndpointFailure) as raised:
        endpoint(server, {})(REQUEST)

    failure = raised.value
    assert (True, False, 2) == (failure.slows, failure.of_request, failure.retry_after)
