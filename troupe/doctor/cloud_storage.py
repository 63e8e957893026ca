"""The doctor at Cloud Storage: both buckets, who may use them, and where everything lies."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from google.cloud.storage.retry import DEFAULT_RETRY  # type: ignore[import-untyped]

from events import GcsObject, topic_of
from troupe.backends.gcp.settings import GcpSettings

from .findings import Finding, examined, fault, ok, warning

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

Door = Callable[[], Any]


def examine_files(settings: GcpSettings, door: Door) -> Iterator[Finding]:
    work, output = settings.bucket, settings.output_bucket
    yield from _examined("bucket", partial(_bucket, settings, door, "bucket", work))
    if output != work:
        place = partial(_bucket, settings, door, "output bucket", output)
        yield from _examined("output bucket", place)
    yield from _examined("output bucket", partial(_kept, door, output))
    yield from _examined("bucket rights", partial(_rights, door, work, _WORK_RIGHTS))
    yield from _examined("output rights", partial(_rights, door, output, _OUTPUT_RIGHTS))
    for name, bucket, roles, why in (
        ("Vertex reads", work, _READERS, "reads the request file"),
        ("Vertex writes", output, _WRITERS, "writes the output, or the job fails at its very end"),
    ):
        check = partial(_agent, door, name, bucket, roles, why)
        yield from examined(name, check, _POLICY_RIGHT, vital=False)
    notification = partial(_notification, settings, door, output)
    yield from examined("notification", notification, _RIGHT, vital=False)


def lies_in(inner: str, outer: str) -> bool:
    """Whether a place is the other one or a part of it: europe-west4 is a part of EU."""
    within = _WITHIN.get(outer.upper())
    same = inner.upper() == outer.upper()
    return same or bool(within and within.fullmatch(inner.lower()))


def _examined(name: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    return examined(name, check, _RIGHT)


def _found(door: Door, bucket: str) -> Any:
    return door().get_bucket(bucket, retry=AGAIN, timeout=CALL_SECONDS)


def _bucket(settings: GcpSettings, door: Door, name: str, bucket: str) -> Iterator[Finding]:
    there = str(_found(door, bucket).location)
    data, vertex = settings.bigquery_location, settings.vertex_location
    if not lies_in(there, data):
        says = f"{bucket} lies in {there}, the dataset in {data}"
        if bucket == settings.bucket:
            yield fault(name, f"{says}: BigQuery loads from near alone", f"take a bucket in {data}")
        else:
            yield warning(name, says, f"take a bucket in {data}: the data stays in one place then")
    elif vertex != "global" and not (lies_in(vertex, there) or lies_in(there, vertex)):
        says = f"{bucket} lies in {there}, and Vertex works in {vertex}"
        yield warning(name, says, "take places that lie in one another, as europe-west4 in EU")
    else:
        yield ok(name, f"{bucket} lies in {there}")


def _kept(door: Door, bucket: str) -> Iterator[Finding]:
    found = _found(door, bucket)
    seconds = int(found.soft_delete_policy.retention_duration_seconds or 0)
    update = f"gcloud storage buckets update gs://{bucket}"
    if seconds:
        says = f"soft delete keeps what was deleted for {seconds / 86400:g} days, and is paid for"
        yield warning("output bucket", says, f"{update} --clear-soft-delete")
    access = found.iam_configuration.public_access_prevention
    if access != "enforced":
        says = "nothing forbids to open it to the public"
        yield warning("output bucket", says, f"{update} --public-access-prevention")


def _rights(door: Door, bucket: str, needed: Sequence[str]) -> Iterator[Finding]:
    """Of whoever asks. Grants below one folder do not show here."""
    name = "output rights" if needed is _OUTPUT_RIGHTS else "bucket rights"
    has = set(
        door().bucket(bucket).test_iam_permissions(list(needed), retry=AGAIN, timeout=CALL_SECONDS)
    )
    missing = [right for right in needed if right not in has]
    if not missing:
        yield ok(name, f"this account has {', '.join(needed)}")
        return
    says = f"this account lacks {', '.join(missing)} on all of {bucket}"
    remedy = "services have grants of their own; for --live give this one roles/storage.objectUser"
    yield warning(name, says, remedy)


def _agent(door: Door, name: str, bucket: str, roles: Sequence[str], why: str) -> Iterator[Finding]:
    """Not the caller but Vertex's own agent touches the files (documented)."""
    found = _found(door, bucket)
    policy = found.get_iam_policy(requested_policy_version=3, retry=AGAIN, timeout=CALL_SECONDS)
    agent = (
        f"serviceAccount:service-{found.project_number}@gcp-sa-aiplatform.iam.gserviceaccount.com"
    )
    wanted = {f"roles/storage.{role}" for role in roles}
    if any(each["role"] in wanted and agent in each["members"] for each in policy.bindings):
        yield ok(name, f"a grant on {bucket} lets Vertex's agent in")
        return
    says = f"no grant on {bucket} lets Vertex's agent in, which {why}"
    remedy = f"apply Terraform, or give {agent} roles/storage.{roles[0]} there or on the project"
    yield warning(name, says, remedy)


def _notification(settings: GcpSettings, door: Door, bucket: str) -> Iterator[Finding]:
    topic = settings.topic(topic_of(GcsObject)).rsplit("/", 1)[-1]
    told = door().bucket(bucket).list_notifications(retry=AGAIN, timeout=CALL_SECONDS)
    for each in told:
        if each.topic_name == topic and each.topic_project == settings.project:
            yield ok("notification", f"{bucket} tells {topic} of new objects")
            return
    says = f"{bucket} tells {topic} nothing: the end of a job is seen by the tick alone"
    yield warning(
        "notification", says, "apply Terraform; runs work without it, some minutes slower"
    )
