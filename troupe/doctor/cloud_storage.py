"""Checks of Cloud Storage: both buckets, their locations, permissions and notifications."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from google.cloud.storage.retry import DEFAULT_RETRY

from events import GcsObject, topic_of
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, fault, ok, run_check, warning

CALL_SECONDS = 20.0
AGAIN = DEFAULT_RETRY.with_timeout(5.0)
_RIGHT = "roles/storage.legacyBucketReader on the bucket"
_POLICY_RIGHT = "roles/iam.securityReviewer, to see who may use the bucket"
_WORK_RIGHTS = ("storage.objects.create", "storage.objects.delete", "storage.objects.get")
_OUTPUT_RIGHTS = ("storage.objects.get", "storage.objects.list")
_READERS = ("objectViewer", "objectUser", "objectAdmin", "admin")
_WRITERS = ("objectUser", "objectAdmin", "admin")
_WITHIN = {
    "EU": re.compile(r"europe-(central2|north[12]|southwest1|west(1|3|4|8|9|10|12))"),
    "US": re.compile(r"us-[a-z0-9-]+"),
}
"""The regions of each multi-region. EU has neither London nor Zurich."""
_AROUND = {"EU": "eu", "US": "us"}
"""Vertex AI's location for a bucket's one."""

GetClient = Callable[[], Any]


def check_buckets(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    work, output = settings.bucket, settings.output_bucket
    yield from _examined("bucket", partial(_bucket, settings, get_client, "bucket", work))
    if output != work:
        place = partial(_bucket, settings, get_client, "output bucket", output)
        yield from _examined("output bucket", place)
    yield from _examined("output bucket", partial(_protection, get_client, output))
    yield from _examined("bucket rights", partial(_rights, get_client, work, _WORK_RIGHTS))
    yield from _examined("output rights", partial(_rights, get_client, output, _OUTPUT_RIGHTS))
    for name, bucket, roles, why in (
        ("Vertex reads", work, _READERS, "reads the request file"),
        ("Vertex writes", output, _WRITERS, "writes the output; without it a job fails at its end"),
    ):
        check = partial(_agent, get_client, name, bucket, roles, why)
        yield from run_check(name, check, _POLICY_RIGHT, vital=False)
    notification = partial(_notification, settings, get_client, output)
    yield from run_check("notification", notification, _RIGHT, vital=False)


def is_within(inner: str, outer: str) -> bool:
    """Whether a location equals the other one or is in it: europe-west4 is in EU."""
    within = _WITHIN.get(outer.upper())
    same = inner.upper() == outer.upper()
    return same or bool(within and within.fullmatch(inner.lower()))


def _examined(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    return run_check(name, check, _RIGHT)


def _get_bucket(get_client: GetClient, bucket: str) -> Any:
    return get_client().get_bucket(bucket, retry=AGAIN, timeout=CALL_SECONDS)


def _bucket(
    settings: GcpSettings, get_client: GetClient, name: str, bucket: str
) -> Iterator[Finding]:
    location = str(_get_bucket(get_client, bucket).location)
    data, vertex = settings.bigquery_location, settings.vertex_location
    if not is_within(location, data):
        message = f"{bucket} is in {location}, the dataset in {data}"
        if bucket == settings.bucket:
            yield fault(name, f"{message}: BigQuery cannot load from it", f"use a bucket in {data}")
        else:
            yield warning(
                name, message, f"use a bucket in {data}, so that the data stays in one location"
            )
    elif vertex != "global" and not (is_within(vertex, location) or is_within(location, vertex)):
        message = f"{bucket} is in {location}, and Vertex runs in {vertex}"
        yield warning(
            name,
            message,
            f"set vertex_location to {_AROUND.get(location.upper(), location.lower())}",
        )
    else:
        yield ok(name, f"{bucket} is in {location}")


def _protection(get_client: GetClient, bucket: str) -> Iterator[Finding]:
    storage_bucket = _get_bucket(get_client, bucket)
    seconds = int(storage_bucket.soft_delete_policy.retention_duration_seconds or 0)
    update = f"gcloud storage buckets update gs://{bucket}"
    if seconds:
        message = f"soft delete keeps deleted objects for {seconds / 86400:g} days, at a cost"
        yield warning("output bucket", message, f"{update} --clear-soft-delete")
    access = storage_bucket.iam_configuration.public_access_prevention
    if access != "enforced":
        message = "public access prevention is not enforced"
        yield warning("output bucket", message, f"{update} --public-access-prevention")


def _rights(get_client: GetClient, bucket: str, needed: Sequence[str]) -> Iterator[Finding]:
    """Check this account's permissions on the whole bucket; grants on one folder do not count."""
    name = "output rights" if needed is _OUTPUT_RIGHTS else "bucket rights"
    has = set(
        get_client()
        .bucket(bucket)
        .test_iam_permissions(list(needed), retry=AGAIN, timeout=CALL_SECONDS)
    )
    missing = [right for right in needed if right not in has]
    if not missing:
        yield ok(name, f"this account has {', '.join(needed)}")
        return
    message = f"this account lacks {', '.join(missing)} on the whole of {bucket}"
    remedy = "for --live grant it roles/storage.objectUser; the services have their own grants"
    yield warning(name, message, remedy)


def _agent(
    get_client: GetClient, name: str, bucket: str, roles: Sequence[str], why: str
) -> Iterator[Finding]:
    """Vertex's service agent reads and writes the files, not the caller (documented)."""
    storage_bucket = _get_bucket(get_client, bucket)
    policy = storage_bucket.get_iam_policy(
        requested_policy_version=3, retry=AGAIN, timeout=CALL_SECONDS
    )
    agent = f"serviceAccount:service-{storage_bucket.project_number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    wanted = {f"roles/storage.{role}" for role in roles}
    if any(each["role"] in wanted and agent in each["members"] for each in policy.bindings):
        yield ok(name, f"Vertex's service agent has a role on {bucket}")
        return
    message = f"Vertex's service agent has no role on {bucket}, and {why}"
    remedy = f"apply Terraform, or grant {agent} roles/storage.{roles[0]} there or on the project"
    yield warning(name, message, remedy)


def _notification(settings: GcpSettings, get_client: GetClient, bucket: str) -> Iterator[Finding]:
    topic = settings.topic(topic_of(GcsObject)).rsplit("/", 1)[-1]
    notifications = (
        get_client().bucket(bucket).list_notifications(retry=AGAIN, timeout=CALL_SECONDS)
    )
    for each in notifications:
        if each.topic_name == topic and each.topic_project == settings.project:
            yield ok("notification", f"{bucket} publishes new objects to {topic}")
            return
    message = f"{bucket} has no notification to {topic}: only the tick observes the end of a job"
    yield warning(
        "notification", message, "apply Terraform; without it runs work, and are minutes slower"
    )
