"""What is asked now: a model, and the count of tokens. Each has a form for every place it runs."""

from typing import Protocol


class ModelUnavailable(Exception):
    """The model answers no request at all; the text says why and what to do."""


class NotCounted(Exception):
    """The tokens were not counted; the text says why, without content."""


class OnlineModel(Protocol):
    """A model that answers a request at once."""

    def generate(self, line: bytes) -> bytes:
        """Answer a line of a request file with the line that a prediction file would have.

        May be called by several threads. A request that fails alone is a line with a `status`.
        Raises `ModelUnavailable`.
        """
        ...


class TokenCounter(Protocol):
    """A service that counts the tokens of a request and does not answer it."""

    def count_tokens(self, line: bytes) -> int:
        """Count the input tokens of a line of a request file. May be called by several threads.

        Raises `NotCounted`.
        """
        ...
