"""The doctor at Cloud Storage: both buckets, who may use them, and where everything lies."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped]

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
"""The regions of each multi-region: not London, not Zurich."""

GetClient = Callable[[], Any]


def check_buckets(settings: GcpSettings, get_client: GetClient) -> Iterator[Finding]:
    work, output = settings.bucket, settings.output_bucket
    yield from _examined("bucket", partial(_bucket, settings, get_client, "bucket", work))
    if output != work:
        place = partial(_bucket, settings, get_client, "output bucket", output)
        yield from _examined("output bucket", place)
    yield from _examined("output bucket", partial(_kept, get_client, output))
    yield from _examined("bucket rights", partial(_rights, get_client, work, _WORK_RIGHTS))
    yield from _examined("output rights", partial(_rights, get_client, output, _OUTPUT_RIGHTS))
    for name, bucket, roles, why in (
        ("Vertex reads", work, _READERS, "reads the request file"),
        ("Vertex writes", output, _WRITERS, "writes the output, or the job fails at its very end"),
    ):
        check = partial(_agent, get_client, name, bucket, roles, why)
        yield from run_check(name, check, _POLICY_RIGHT, vital=False)
    notification = partial(_notification, settings, get_client, output)
    yield from run_check("notification", notification, _RIGHT, vital=False)


def is_within(inner: str, outer: str) -> bool:
    """Whether a place is the other one or a part of it: europe-west4 is a part of EU."""
    within = _WITHIN.get(outer.upper())
    same = inner.upper() == outer.upper()
    return same or bool(within and within.fullmatch(inner.lower()))


def _examined(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    return run_check(name, check, _RIGHT)


def _found(get_client: GetClient, bucket: str) -> Any:
    return get_client().get_bucket(bucket, retry=AGAIN, timeout=CALL_SECONDS)


def _bucket(
    settings: GcpSettings, get_client: GetClient, name: str, bucket: str
) -> Iterator[Finding]:
    there = str(_found(get_client, bucket).location)
    data, vertex = settings.bigquery_location, settings.vertex_location
    if not is_within(there, data):
        message = f"{bucket} lies in {there}, the dataset in {data}"
        if bucket == settings.bucket:
            yield fault(
                name, f"{message}: BigQuery loads from near alone", f"take a bucket in {data}"
            )
        else:
            yield warning(
                name, message, f"take a bucket in {data}: the data stays in one place then"
            )
    elif vertex != "global" and not (is_within(vertex, there) or is_within(there, vertex)):
        message = f"{bucket} lies in {there}, and Vertex works in {vertex}"
        yield warning(name, message, "take places that lie in one another, as europe-west4 in EU")
    else:
        yield ok(name, f"{bucket} lies in {there}")


def _kept(get_client: GetClient, bucket: str) -> Iterator[Finding]:
    found = _found(get_client, bucket)
    seconds = int(found.soft_delete_policy.retention_duration_seconds or 0)
    update = f"gcloud storage buckets update gs://{bucket}"
    if seconds:
        message = (
            f"soft delete keeps what was deleted for {seconds / 86400:g} days, and is paid for"
        )
        yield warning("output bucket", message, f"{update} --clear-soft-delete")
    access = found.iam_configuration.public_access_prevention
    if access != "enforced":
        message = "nothing forbids to open it to the public"
        yield warning("output bucket", message, f"{update} --public-access-prevention")


def _rights(get_client: GetClient, bucket: str, needed: Sequence[str]) -> Iterator[Finding]:
    """Of whoever asks. Grants below one folder do not show here."""
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
    message = f"this account lacks {', '.join(missing)} on all of {bucket}"
    remedy = "services have grants of their own; for --live give this one roles/storage.objectUser"
    yield warning(name, message, remedy)


def _agent(
    get_client: GetClient, name: str, bucket: str, roles: Sequence[str], why: str
) -> Iterator[Finding]:
    """Not the caller but Vertex's own agent touches the files (documented)."""
    found = _found(get_client, bucket)
    policy = found.get_iam_policy(requested_policy_version=3, retry=AGAIN, timeout=CALL_SECONDS)
    agent = (
        f"serviceAccount:service-{found.project_number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    )
    wanted = {f"roles/storage.{role}" for role in roles}
    if any(each["role"] in wanted and agent in each["members"] for each in policy.bindings):
        yield ok(name, f"a grant on {bucket} lets Vertex's agent in")
        return
    message = f"no grant on {bucket} lets Vertex's agent in, which {why}"
    remedy = f"apply Terraform, or give {agent} roles/storage.{roles[0]} there or on the project"
    yield warning(name, message, remedy)


def _notification(settings: GcpSettings, get_client: GetClient, bucket: str) -> Iterator[Finding]:
    topic = settings.topic(topic_of(GcsObject)).rsplit("/", 1)[-1]
    told = get_client().bucket(bucket).list_notifications(retry=AGAIN, timeout=CALL_SECONDS)
    for each in told:
        if each.topic_name == topic and each.topic_project == settings.project:
            yield ok("notification", f"{bucket} tells {topic} of new objects")
            return
    message = f"{bucket} tells {topic} nothing: the end of a job is seen by the tick alone"
    yield warning(
        "notification", message, "apply Terraform; runs work without it, some minutes slower"
    )
