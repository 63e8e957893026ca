"""What a deployment is told: by the environment, or by Terraform's outputs."""

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from handlers.ports import Policy
from tracking import BadName, Source
from troupe.backends.defaults import BadCap, capped
from troupe.deployment.topology import subscriptions

ALL = "all"
"""One service for every handler: the compact grouping."""
ACK_DEADLINE_SECONDS = 600.0
"""The longest that Pub/Sub waits for a push (documented)."""
CREATE_SECONDS = 60
"""How long the creation of a job may take; the next claim waits for it."""

T = TypeVar("T")
_EVERYWHERE = "0.0.0.0"  # noqa: S104  (a container is reached from outside)
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_ID = re.compile(r"[a-z0-9]{1,8}")


class BadSetting(ValueError):
    """A setting is missing or makes no sense; the text names it and says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GcpSettings:
    """One deployment, and what this process does in it."""

    project: str
    dataset: str
    staging_dataset: str
    bucket: str
    output_bucket: str
    bigquery_location: str
    vertex_location: str
    """A region, `us`, `eu` or `global`."""
    handler: str = ALL
    deployment: str = ""
    """The id that the dataset is founded with; may be left out once it is."""
    source: Source = field(default_factory=Source)
    analyses: tuple[Path, ...] = ()
    """Folders with analyses of your own; Terraform makes their tables."""
    topic_prefix: str = ""
    policy: Policy = field(default_factory=Policy)
    time_budget_seconds: float = 480.0
    """After this time a push is answered, whether its work is done or not."""
    concurrency: int = 4
    """Deliveries that are handled at once; more of them wait for their turn."""
    host: str = _EVERYWHERE
    port: int = 8080
    vertex_endpoint: str = ""
    """Instead of Google's own: a host, or an address such as http://127.0.0.1:9000."""
    vertex_transport: str = "grpc"
    bigquery_endpoint: str = ""
    bigquery_write_endpoint: str = ""
    """Of the Storage Write API, which is gRPC: a host and port without encryption."""
    storage_endpoint: str = ""

    @property
    def handlers(self) -> tuple[str, ...]:
        """The handlers that this process serves."""
        return known_handlers() if self.handler == ALL else (self.handler,)

    def topic(self, name: str) -> str:
        """The full name of one of our topics."""
        return f"projects/{self.project}/topics/{self.topic_prefix}{name}"

    def subscription(self, name: str) -> str:
        """The full name of one of our subscriptions."""
        return f"projects/{self.project}/subscriptions/{self.topic_prefix}{name}"


@cache
def known_handlers() -> tuple[str, ...]:
    """Everybody who subscribes to something, in the order of the flow."""
    return tuple(dict.fromkeys(each.handler for each in subscriptions()))


def read_settings(environ: Mapping[str, str]) -> GcpSettings:
    """From variables, as a container is given them. Raises `BadSetting`."""
    given = _Given(environ)
    bucket = given.text("TROUPE_BUCKET", "the bucket of request files")
    dataset = given.text("TROUPE_DATASET", "the BigQuery dataset of the tracking tables")
    transport = given.choice("TROUPE_VERTEX_TRANSPORT", ("grpc", "rest"))
    return GcpSettings(
        handler=given.choice("TROUPE_HANDLER", (ALL, *known_handlers())),
        project=given.text("TROUPE_PROJECT", "the id of the Google Cloud project"),
        dataset=dataset,
        staging_dataset=given.text("TROUPE_STAGING_DATASET", "a dataset whose tables expire"),
        deployment=given.matching(
            "TROUPE_DEPLOYMENT", _ID, "one to eight small letters and digits"
        ),
        bucket=bucket,
        output_bucket=given.get("TROUPE_OUTPUT_BUCKET") or bucket,
        bigquery_location=given.text("TROUPE_BIGQUERY_LOCATION", "where the dataset lies, as EU"),
        vertex_location=given.text("TROUPE_VERTEX_LOCATION", "a region, us, eu or global"),
        source=given.source(),
        analyses=given.folders("TROUPE_ANALYSES"),
        topic_prefix=given.matching(
            "TROUPE_TOPIC_PREFIX", _PREFIX, "letters, digits and hyphens, a letter first"
        ),
        policy=given.policy(),
        time_budget_seconds=given.number(
            "TROUPE_TIME_BUDGET_SECONDS", 480.0, float, 1, ACK_DEADLINE_SECONDS - 10
        ),
        concurrency=given.number("TROUPE_CONCURRENCY", 4, int, 1, 80),
        host=given.get("TROUPE_HOST") or _EVERYWHERE,
        port=given.number("PORT", 8080, int, 1, 65535),
        vertex_endpoint=given.get("TROUPE_VERTEX_ENDPOINT"),
        vertex_transport=transport,
        bigquery_endpoint=given.get("BIGQUERY_EMULATOR_HOST"),
        bigquery_write_endpoint=given.get("TROUPE_BIGQUERY_WRITE_ENDPOINT"),
        storage_endpoint=given.get("STORAGE_EMULATOR_HOST"),
    )


def read_terraform(text: str, environ: Mapping[str, str]) -> GcpSettings:
    """From `terraform output -json`, all of it or the output `settings` alone.

    What the environment names goes before. Raises `BadSetting`.
    """
    try:
        told = json.loads(text)
        if "TROUPE_PROJECT" not in told:
            told = told["settings"]["value"]
        values = {str(name): str(value) for name, value in told.items() if value is not None}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSetting(
            "the Terraform file has no output named settings: "
            "write it with `terraform output -json` in the folder that was applied"
        ) from error
    return read_settings({**values, **environ})


class _Given:
    """The variables, each read with an error that names it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def get(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def text(self, name: str, meaning: str) -> str:
        value = self.get(name)
        if not value:
            raise BadSetting(
                f"{name} is not set: give {meaning}; `terraform output -json` shows it in settings"
            )
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """The first choice is the default."""
        value = self.get(name) or choices[0]
        if value not in choices:
            raise BadSetting(f"{name} is {value!r}: give one of {', '.join(choices)}")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], meaning: str) -> str:
        """May be empty."""
        value = self.get(name)
        if value and not pattern.fullmatch(value):
            raise BadSetting(f"{name} is {value!r}: give {meaning}")
        return value

    def number(
        self, name: str, default: T, kind: Callable[[str], T], least: float, most: float
    ) -> T:
        value = self.get(name)
        try:
            number = kind(value) if value else default
            if least <= number <= most:  # type: ignore[operator]
                return number
        except ValueError:
            pass
        raise BadSetting(f"{name} is {value!r}: give a number from {least:g} to {most:g}")

    def folders(self, name: str) -> tuple[Path, ...]:
        """Divided as in PATH."""
        return tuple(Path(each) for each in self.get(name).split(os.pathsep) if each)

    def source(self) -> Source:
        """`TROUPE_SOURCE_TABLE`, and `TROUPE_SOURCE_TRANSCRIPT` and so on for its columns."""
        start = "TROUPE_SOURCE_"
        named = {
            name.removeprefix(start).lower(): self.get(name)
            for name in self._environ
            if name.startswith(start) and self.get(name)
        }
        table = named.pop("table", Source().table)
        source = Source(table=table, columns=named)
        try:
            source.names()
        except BadName as error:
            raise BadSetting(f"{start}*: {error}") from error
        return source

    def policy(self) -> Policy:
        """The waits that a deployment may change, and that are safe together; caps of a day."""
        usual, day = Policy(), 24 * 3600
        claim = self.number("TROUPE_CLAIM_SECONDS", usual.claim_seconds, int, 1, day)
        # A job whose creation began at the last second of its claim shows this much later.
        soonest = claim + min(claim, CREATE_SECONDS) + 1
        waits = Policy(
            claim_seconds=claim,
            reclaim_seconds=self.number(
                "TROUPE_RECLAIM_SECONDS", usual.reclaim_seconds, int, soonest, day
            ),
            republish_after_seconds=self.number(
                "TROUPE_REPUBLISH_AFTER_SECONDS", usual.republish_after_seconds, int, 1, day
            ),
        )
        try:
            return capped(waits, self._environ)
        except BadCap as error:
            raise BadSetting(str(error)) from error
