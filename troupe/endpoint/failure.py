"""What went wrong between this process and an endpoint."""

import json

_OF_THE_ENDPOINT = frozenset({401, 429, 502, 503})
_MAY_PASS = frozenset({401, 403, 404, 408, 429, 499})
_OVERLOADED = frozenset({408, 429, 503, 504})


class EndpointFailure(Exception):
    """A request was not answered, and the same request may be answered later.

    `code` is an HTTP status: the endpoint's own, 503 without a connection, 504 after the time
    limit, 502 for a reply that is no chat completion.
    """

    def __init__(
        self,
        code: int,
        name: str,
        reason: str = "",
        *,
        retry_after: float | None = None,
        of_request: bool | None = None,
    ) -> None:
        super().__init__(f"{code} {name}")
        self.code, self.name, self.reason = code, name, reason
        self.retry_after = retry_after
        self.of_request = code not in _OF_THE_ENDPOINT if of_request is None else of_request
        """Whether this one request may be the cause, so that others are answered."""

    @property
    def slows(self) -> bool:
        """Whether fewer requests at a time may help."""
        return self.code in _OVERLOADED

    @property
    def status(self) -> str:
        """The error as the `status` of a prediction line."""
        return row_status(self.code, self.name, self.reason)


def may_pass(code: int) -> bool:
    """Whether an HTTP status says nothing about the request: limits, outages, keys."""
    return code in _MAY_PASS or code >= 500


def row_status(code: int, name: str, reason: str) -> str:
    """Format an error as Vertex's row errors are."""
    error = {"code": code, "message": reason, "status": name.upper().replace(" ", "_")}
    return f"{name}: {json.dumps({'error': error})}"
