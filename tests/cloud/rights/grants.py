"""What each service may do: the roles that Terraform grants from the catalogue, and their permissions.

A resource is named by its kind and name: `project`, `tables/events`, `staging/…`, `topics/run-planned`,
`buckets/work`, `objects/work/requests/…`, `objects/output/…`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tracking.tables import layouts

ROLES: Mapping[str, frozenset[str]] = {
    "roles/bigquery.jobUser": frozenset({"bigquery.jobs.create"}),
    "job_viewer": frozenset({"bigquery.jobs.get"}),
    "roles/bigquery.dataViewer": frozenset({"bigquery.tables.get", "bigquery.tables.getData"}),
    "roles/bigquery.dataEditor": frozenset(
        f"bigquery.tables.{verb}"
        for verb in ("create", "delete", "get", "getData", "update", "updateData")
    ),
    "roles/storage.objectUser": frozenset(
        f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list", "update")
    ),
    "roles/storage.objectViewer": frozenset({"storage.objects.get", "storage.objects.list"}),
    "roles/storage.legacyBucketReader": frozenset({"storage.buckets.get", "storage.objects.list"}),
    "roles/pubsub.publisher": frozenset({"pubsub.topics.publish"}),
    "roles/aiplatform.user": frozenset(
        f"aiplatform.batchPredictionJobs.{verb}"
        for verb in ("cancel", "create", "delete", "get", "list")
    ),
}
"""The permissions of each role on resources that a service reaches (IAM's reference of roles)."""
SOURCE = next(name for name, layout in layouts().items() if layout.written_by == "the user")


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """One permission on one resource, which a request needs."""

    permission: str
    resource: str

    def __str__(self) -> str:
        return f"{self.permission} on {self.resource}"


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on a resource; one that ends with `/` means everything below it."""

    role: str
    resource: str

    def allows(self, need: Need) -> bool:
        below = self.resource.endswith("/") and need.resource.startswith(self.resource)
        return need.permission in ROLES[self.role] and (below or need.resource == self.resource)

    def __str__(self) -> str:
        return f"{self.role} on {self.resource}"


def grants_of(service: Mapping[str, Any]) -> list[Grant]:
    """Return the grants of one service of the catalogue, as `infra/terraform` derives them."""
    return sorted(_grants(service))


def granted_to(
    services: Iterable[Mapping[str, Any]], without: Collection[str] = ()
) -> dict[str, list[Grant]]:
    """Return the grants by service, less those withheld. Raises `ValueError` for an unknown one."""
    granted = {each["name"]: grants_of(each) for each in services}
    unknown = set(without) - {f"{name}: {each}" for name in granted for each in granted[name]}
    if unknown:
        raise ValueError(f"no such grant: {', '.join(sorted(unknown))}")
    return {
        name: [each for each in grants if f"{name}: {each}" not in without]
        for name, grants in granted.items()
    }


def _grants(service: Mapping[str, Any]) -> Iterator[Grant]:
    yield Grant("roles/bigquery.jobUser", "project")
    if service["vertex"]:
        yield Grant("roles/aiplatform.user", "project")
    if service["shares_transactions"]:
        yield Grant("job_viewer", "project")
    writes = set(service["tables"]["writes"])
    for table in writes | set(service["tables"]["reads"]):
        editor = "roles/bigquery.dataEditor" if table in writes else "roles/bigquery.dataViewer"
        yield Grant(editor, f"tables/{table}")
    if service["reads_source"]:
        yield Grant("roles/bigquery.dataViewer", f"tables/{SOURCE}")
    for topic in {*service["publishes"], *service["dead_letters_on"]}:
        yield Grant("roles/pubsub.publisher", f"topics/{topic}")
    for folder in service["folders"]:
        yield Grant("roles/storage.objectUser", f"objects/work/{folder}/")
    if service["stages"]:
        yield Grant("roles/bigquery.dataEditor", "staging/")
        yield Grant("roles/storage.legacyBucketReader", "buckets/work")
    if service["reads_output"]:
        yield Grant("roles/storage.objectViewer", "objects/output/")
        yield Grant("roles/storage.objectViewer", "buckets/output")


def unused(grants: Iterable[Grant], used: Iterable[Need]) -> list[Grant]:
    """Return the grants of which no permission was used."""
    needs = list(used)
    return [grant for grant in grants if not any(grant.allows(need) for need in needs)]


def written_only_by_right(grants: Iterable[Grant], used: Iterable[Need]) -> list[Grant]:
    """Return the tables that a service may write and only read."""
    written = {need.resource for need in used if need.permission == "bigquery.tables.updateData"}
    read = {need.resource for need in used}
    return [
        grant
        for grant in grants
        if grant.role == "roles/bigquery.dataEditor"
        and grant.resource in read
        and grant.resource not in written
    ]
