"""Settings of a deployment for tests, as the environment of a container."""

from typing import Any

from troupe.backends.gcp.settings import GcpSettings, read_settings

ENVIRON = {
    "TROUPE_PROJECT": "stories",
    "TROUPE_DATASET": "troupe",
    "TROUPE_STAGING_DATASET": "troupe_staging",
    "TROUPE_DEPLOYMENT": "ab12",
    "TROUPE_BUCKET": "stories-troupe",
    "TROUPE_BIGQUERY_LOCATION": "EU",
    "TROUPE_VERTEX_LOCATION": "europe-west4",
    "TROUPE_PUSH_TOKENS": "unchecked",
}


def gcp_settings(**changed: Any) -> GcpSettings:
    return read_settings(ENVIRON | {name: str(value) for name, value in changed.items()})
