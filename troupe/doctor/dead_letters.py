"""Check of the dead letters: how many wait for an operator."""

from collections.abc import Callable, Iterator
from functools import partial

from google.cloud.bigquery import Client

from troupe.backends.gcp.settings import GcpSettings

from .bigquery import RIGHT, query_rows
from .findings import Finding, ok, run_check, warning

_NAME = "dead letters"
_SQL = (
    "SELECT handler, cause, COUNT(*) AS letters FROM open_dead_letters "
    "GROUP BY handler, cause ORDER BY handler, cause"
)


def check_dead_letters(
    settings: GcpSettings, get_client: Callable[[], Client]
) -> Iterator[Finding]:
    yield from run_check(_NAME, partial(_waiting, settings, get_client), RIGHT)


def _waiting(settings: GcpSettings, get_client: Callable[[], Client]) -> Iterator[Finding]:
    groups = query_rows(settings, get_client, _SQL)
    if not groups:
        yield ok(_NAME, "no dead letter waits")
        return
    details = ", ".join(f"{each.handler} {each.cause} {each.letters:,}" for each in groups)
    count = sum(each.letters for each in groups)
    message = f"{count:,} {'dead letter waits' if count == 1 else 'dead letters wait'}: {details}"
    yield warning(_NAME, message, "list them: `troupe --backend gcp dead-letters list`")
