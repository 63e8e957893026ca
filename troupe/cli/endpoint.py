"""The endpoint that the options and the environment of a command name."""

import os
from dataclasses import dataclass

import typer

from troupe.endpoint.address import shown
from troupe.endpoint.openai import Endpoint
from troupe.endpoint.pool import AnswerPool

from .output import fail


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """The options of a command that are about the endpoint, in the order of its parameters."""

    url: str | None
    model: str
    concurrency: int
    timeout: float
    api_version: str | None


def endpoint_pool(options: EndpointOptions, patience: float) -> AnswerPool | None:
    """Return what asks the endpoint for the jobs of a worker; None without --model-url."""
    endpoint = checked_endpoint(options)
    if endpoint is None:
        return None
    return AnswerPool(endpoint, most=options.concurrency, patience=patience, on_outage=typer.echo)


def checked_endpoint(options: EndpointOptions) -> Endpoint | None:
    """Return the endpoint, which must reply; None without --model-url.

    Ends the command when an option or the key is wrong, or when nothing replies.
    """
    if options.url is None:
        return None
    if not options.model.strip():
        fail("--model-name is missing: name the model that the endpoint should use")
    try:
        endpoint = Endpoint(
            base_url=options.url,
            model=options.model.strip(),
            key=os.environ.get("TROUPE_MODEL_KEY"),
            api_version=options.api_version,
            timeout_seconds=options.timeout,
            most=options.concurrency,
        )
        endpoint.check()
    except ValueError as error:
        fail(f"invalid --model-url {shown(options.url)}: {error}")
    except OSError as error:
        fail(f"--model-url {shown(options.url)} {error}")
    return endpoint
