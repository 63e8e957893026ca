"""Is a deployment as the score needs it? Every check stands alone, and changes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.cloud.bigquery import Client

from handlers.tools import Clock, Model
from infra.given import utc_now

from .doctor_findings import Finding, examined, exit_code, fault, lines, ok, warning
from .doctor_files import examine_files
from .doctor_messages import examine_letters, examine_messages
from .doctor_model import examine_model
from .doctor_tables import examine_tables
from .doctor_warehouse import examine_warehouse
from .settings import CloudSettings

__all__ = ["Doors", "Finding", "doors_of", "examine", "exit_code", "lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How each service is reached: its client is made when it is first examined."""

    bigquery: Callable[[], Client]
    storage: Callable[[], Any]
    publisher: Callable[[], Any]
    subscriber: Callable[[], Any]
    model: Callable[[], Model]


def doors_of(settings: CloudSettings) -> Doors:
    """The official clients. Each is imported where it is made."""

    def bigquery() -> Client:
        from .warehouse import bigquery_client

        return bigquery_client(settings)

    def storage() -> Any:
        from .bucket import storage_client

        return storage_client(settings)

    def publisher() -> Any:
        from .bus import publisher

        return publisher()

    def subscriber() -> Any:
        from .pulling import subscriber

        return subscriber()

    def model() -> Model:
        from .world import make_model

        return make_model(settings)

    return Doors(
        bigquery=cache(bigquery),
        storage=cache(storage),
        publisher=cache(publisher),
        subscriber=cache(subscriber),
        model=cache(model),
    )
