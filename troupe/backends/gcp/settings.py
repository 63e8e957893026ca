"""Settings of a deployment, read from the environment or from Terraform's outputs."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from handlers.ports import Policy
from tracking import Source
from troupe.backends.defaults import BadSetting as BadSetting
from troupe.backends.defaults import DayCaps, read_source, read_variables
from troupe.deployment.topology import subscriptions
from troupe.notifications.settings import NotifySettings, read_notify_settings

ALL = "all"
"""The handler name of a service that runs all handlers (the compact grouping)."""
ACK_DEADLINE_SECONDS = 600.0
"""The longest that Pub/Sub waits for a push (documented)."""
OUTPUT_FOLDER = "output/"
"""Vertex writes below it, in the output bucket."""
CREATE_SECONDS = 60
"""Timeout of creating a Vertex job; the next claim waits for it."""

_EVERYWHERE = "0.0.0.0"  # noqa: S104  (a container takes requests from outside)
_DAY_SECONDS = 24 * 3600
_LONGEST = ACK_DEADLINE_SECONDS - 10
_ID = ("[a-z0-9]{1,8}", "one to eight small letters and digits")
_PREFIX = ("[A-Za-z][A-Za-z0-9-]{0,60}", "letters, digits and hyphens, a letter first")


@cache
def known_handlers() -> tuple[str, ...]:
    """Return every handler with a subscription, in the order of the event flow."""
    return tuple(dict.fromkeys(each.handler for each in subscriptions()))


def _required(variable: str, meaning: str) -> Meta:
    remedy = f"{meaning}; `terraform output -json` shows it in settings"
    return Meta(title=variable, min_length=1, description=remedy)


def _matching(variable: str, pattern: str, meaning: str) -> Meta:
    return Meta(title=variable, pattern=rf"\A(?:{pattern})\Z", description=meaning)


def _one_of(variable: str, *choices: str) -> Meta:
    return _matching(variable, "|".join(choices), f"one of {', '.join(choices)}")


def _number(variable: str, least: int, most: float) -> Meta:
    return Meta(title=variable, ge=least, le=most, description=f"a number from {least} to {most:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpSettings:
    """Settings of one process of a deployment. `Meta.title` is the environment variable."""

    project: Annotated[str, _required("TROUPE_PROJECT", "the id of the Google Cloud project")]
    dataset: Annotated[str, _required("TROUPE_DATASET", "the BigQuery dataset of the tables")]
    staging_dataset: Annotated[
        str, _required("TROUPE_STAGING_DATASET", "a dataset whose tables expire")
    ]
    bucket: Annotated[str, _required("TROUPE_BUCKET", "the bucket of request files")]
    output_bucket: Annotated[str, Meta(title="TROUPE_OUTPUT_BUCKET")]
    bigquery_location: Annotated[
        str, _required("TROUPE_BIGQUERY_LOCATION", "the location of the dataset, as EU")
    ]
    vertex_location: Annotated[
        str, _required("TROUPE_VERTEX_LOCATION", "a region, us, eu or global")
    ]
    handler: Annotated[str, _one_of("TROUPE_HANDLER", ALL, *known_handlers())] = ALL
    deployment: Annotated[str, _matching("TROUPE_DEPLOYMENT", *_ID)] = ""
    """The id that a new dataset gets; optional once the dataset has one."""
    source: Source = field(default_factory=Source)
    analyses: tuple[Path, ...] = ()
    """Folders of the user's analyses; Terraform creates their tables."""
    topic_prefix: Annotated[str, _matching("TROUPE_TOPIC_PREFIX", *_PREFIX)] = ""
    project_number: Annotated[str, _matching("TROUPE_PROJECT_NUMBER", "[0-9]+", "digits")] = ""
    """Some messages name the project by its number."""
    push_tokens: Annotated[str, _one_of("TROUPE_PUSH_TOKENS", "compared", "unchecked")] = "compared"
    """Whether a service refuses a request without the token of its push account."""
    push_account: Annotated[str, Meta(title="TROUPE_PUSH_ACCOUNT")] = ""
    """E-mail of the service account as which Pub/Sub pushes."""
    push_audience: Annotated[str, Meta(title="TROUPE_PUSH_AUDIENCE")] = ""
    """The one audience of pushes to this service."""
    policy: Policy = field(default_factory=Policy)
    notify: NotifySettings | None = None
    time_budget_seconds: Annotated[float, _number("TROUPE_TIME_BUDGET_SECONDS", 1, _LONGEST)] = (
        480.0
    )
    """After this time a push gets a reply, whether its work is done or not."""
    concurrency: Annotated[int, _number("TROUPE_CONCURRENCY", 1, 80)] = 4
    """Deliveries that are handled at once; further ones wait."""
    host: Annotated[str, Meta(title="TROUPE_HOST")] = _EVERYWHERE
    port: Annotated[int, _number("PORT", 1, 65535)] = 8080
    vertex_endpoint: Annotated[str, Meta(title="TROUPE_VERTEX_ENDPOINT")] = ""
    """Replaces Google's own: a host, or an address such as http://127.0.0.1:9000."""
    vertex_transport: Annotated[str, _one_of("TROUPE_VERTEX_TRANSPORT", "grpc", "rest")] = "grpc"
    bigquery_endpoint: Annotated[str, Meta(title="BIGQUERY_EMULATOR_HOST")] = ""
    bigquery_write_endpoint: Annotated[str, Meta(title="TROUPE_BIGQUERY_WRITE_ENDPOINT")] = ""
    """Replaces the Storage Write API: host and port of a gRPC server without encryption."""
    storage_endpoint: Annotated[str, Meta(title="STORAGE_EMULATOR_HOST")] = ""

    @property
    def handlers(self) -> tuple[str, ...]:
        """The handlers that this process serves."""
        return known_handlers() if self.handler == ALL else (self.handler,)

    def is_own_project(self, name: str) -> bool:
        """Whether a message that names its project so belongs to this deployment's project."""
        return name == self.project or (bool(name) and name == self.project_number)

    def topic(self, name: str) -> str:
        """Return the full name of one of our topics."""
        return f"projects/{self.project}/topics/{self.topic_prefix}{name}"

    def subscription(self, name: str) -> str:
        """Return the full name of one of our subscriptions."""
        return f"projects/{self.project}/subscriptions/{self.topic_prefix}{name}"


class _PolicySettings(DayCaps):
    """Fields of `Policy` that a deployment may change."""

    claim_seconds: Annotated[int, _number("TROUPE_CLAIM_SECONDS", 1, _DAY_SECONDS)]
    reclaim_seconds: Annotated[int, _number("TROUPE_RECLAIM_SECONDS", 1, _DAY_SECONDS)]
    republish_after_seconds: Annotated[
        int, _number("TROUPE_REPUBLISH_AFTER_SECONDS", 1, _DAY_SECONDS)
    ]


def read_settings(environ: Mapping[str, str]) -> GcpSettings:
    """Read the variables of a container. Raises `BadSetting`."""
    values = read_variables(GcpSettings, environ)
    folders = environ.get("TROUPE_ANALYSES", "").strip().split(os.pathsep)
    return GcpSettings(
        **{"output_bucket": values["bucket"]} | values,
        source=read_source(environ),
        analyses=tuple(Path(each) for each in folders if each),
        policy=replace(_policy(environ), vertex_location=_google_location(values)),
        notify=read_notify_settings(environ),
    )


def read_terraform(text: str, environ: Mapping[str, str]) -> GcpSettings:
    """Read `terraform output -json`, all of it or the output `settings` alone.

    Variables of the environment take precedence. Raises `BadSetting`.
    """
    try:
        outputs = json.loads(text)
        if "TROUPE_PROJECT" not in outputs:
            outputs = outputs["settings"]["value"]
        values = {str(name): str(value) for name, value in outputs.items() if value is not None}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSetting(
            "the Terraform file has no output named settings: "
            "write it with `terraform output -json` in the folder that was applied"
        ) from error
    return read_settings({**values, **environ})


def _google_location(values: Mapping[str, Any]) -> str:
    """Return the location whose models are known; empty where an endpoint stands in for Google's."""
    return "" if values.get("vertex_endpoint") else values["vertex_location"].lower()


def _policy(environ: Mapping[str, str]) -> Policy:
    """Read the caps, and the waits that keep two claims from creating a job for one attempt."""
    policy = replace(Policy(), **read_variables(_PolicySettings, environ))
    claim = policy.claim_seconds
    # A creation that begins in the last second of its claim ends this much later.
    soonest = claim + min(claim, CREATE_SECONDS) + 1
    if policy.reclaim_seconds < soonest:
        raise BadSetting(
            f"TROUPE_RECLAIM_SECONDS is {policy.reclaim_seconds}: give a number from {soonest} "
            f"to {_DAY_SECONDS}, as TROUPE_CLAIM_SECONDS is {claim}"
        )
    return policy
