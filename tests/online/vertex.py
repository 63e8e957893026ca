"""Generated clients of Vertex that keep their requests, and reply or fail as a test says."""

from typing import Any

from google.api_core import exceptions as api
from google.cloud.aiplatform_v1.types import (
    Candidate,
    Content,
    CountTokensResponse,
    GenerateContentResponse,
    Part,
)

from tests.gcp.making import gcp_settings
from troupe.backends.gcp.online_model import VertexOnlineModel

MODEL = "gemini-3.5-flash-lite"


class FakeVertex:
    """Stands for both clients: one method each."""

    def __init__(self, text: str = "{}", tokens: int = 40, error: Exception | None = None) -> None:
        self.text, self.tokens, self.error = text, tokens, error
        self.requests: list[Any] = []

    def generate_content(self, *, request: Any, retry: Any, timeout: float) -> Any:
        self._take(request, timeout)
        return GenerateContentResponse(
            candidates=[
                Candidate(
                    content=Content(role="model", parts=[Part(text=self.text)]),
                    finish_reason=Candidate.FinishReason.STOP,
                )
            ],
            model_version=MODEL,
            usage_metadata={
                "prompt_token_count": 11,
                "candidates_token_count": 5,
                "thoughts_token_count": 3,
            },
        )

    def count_tokens(self, *, request: Any, retry: Any, timeout: float) -> Any:
        self._take(request, timeout)
        return CountTokensResponse(total_tokens=self.tokens)

    def _take(self, request: Any, timeout: float) -> None:
        assert timeout > 0
        self.requests.append(request)
        if self.error is not None:
            raise self.error


def online_model(vertex: FakeVertex, model: str = MODEL, **settings: Any) -> VertexOnlineModel:
    return VertexOnlineModel(
        gcp_settings(**settings),
        model,
        client=vertex,  # type: ignore[arg-type]  # a fake of the client
        counter=vertex,  # type: ignore[arg-type]  # a fake of the client
    )


def failure(status: int, message: str = "") -> Exception:
    made: Exception = api.from_http_status(status, message)
    return made
