"""An online model made of what answers single requests: the stand-in, or an endpoint."""

import msgspec

from handlers.ports import Clock
from troupe.endpoint.failure import EndpointFailure
from troupe.standin.prediction_lines import Answer, Answerer, prediction


class AnsweredModel:
    """Writes an answer as the line of a prediction file."""

    def __init__(self, answerer: Answerer, clock: Clock, model: str) -> None:
        """`model` is the name for an answer that does not name its own."""
        self._answerer, self._clock, self._model = answerer, clock, model

    def generate(self, line: bytes) -> bytes:
        """Answer a line of a request file; a request that was not answered has its error instead."""
        row = msgspec.json.decode(line)
        try:
            answer = self._answerer(row["request"])
        except EndpointFailure as failure:
            answer = Answer(status=failure.status)
        return msgspec.json.encode(
            prediction(row, answer, model=self._model, created_at=self._clock(), number=0)
        )
