"""`troupe doctor`: what it prints, what it asks before it costs anything, and how it ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

pytest.importorskip("google.cloud.aiplatform_v1", reason="needs the clients: troupe[gcp]")

from google.auth.exceptions import DefaultCredentialsError

import troupe.cli.doctor as command
import troupe.doctor.checks as whole
from tests.doctor.fakes import Patient
from tests.doctor.test_doctor_live import Laboratory
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.settings import GcpSettings


def run(settings: GcpSettings, *words: str, typed: str = "") -> Result:
    app = typer.Typer()
    app.command()(command.doctor)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(command, "gcp_settings", lambda: settings)
        return CliRunner().invoke(app, list(words), input=typed)


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    with Laboratory(tmp_path) as opened:
        monkeypatch.setattr(command, "_probing", lambda _: opened.probing)
        yield opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    made = Patient()
    monkeypatch.setattr(whole, "doors_of", lambda _: made.doors)
    monkeypatch.setattr(made.bigquery, "clock", utc_now)
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    return made


def test_it_prints_a_line_and_a_remedy_each(patient: Patient) -> None:
    """A warning alone is no failure."""
    patient.bigquery.deployments = []

    told = run(patient.settings)
    assert 0 == told.exit_code
    assert "warning  deployment" in told.output
    assert "-> look at it" in told.output
    assert "1 warning, 0 faults" in told.output


def test_a_fault_ends_with_one(patient: Patient) -> None:
    """For scripts; they can have JSON."""
    patient.bigquery.deployments = ["cd34"]

    told = run(patient.settings, "--json")
    assert 1 == told.exit_code
    states = {each["name"]: each["state"] for each in json.loads(told.stdout)}
    assert ("fault", "ok") == (states["deployment"], states["dataset"])


def test_the_cost_comes_first_and_nothing_without_a_yes(laboratory: Laboratory) -> None:
    """No file, no job."""
    told = run(laboratory.probing.settings, "--live", typed="n\n")

    assert 1 == told.exit_code
    assert "US dollars" in told.output
    assert "troupe: nothing was begun" in told.output
    assert "fault" not in told.output
    assert ({}, []) == (laboratory.bucket.content, laboratory.service.find({}))


def test_a_probe_that_was_begun_can_be_come_back_to(laboratory: Laboratory) -> None:
    """By the name that it prints."""
    begun = run(laboratory.probing.settings, "--live", typed="y\n")
    (job,) = laboratory.service.find({})
    name = job.name.rpartition("/")[2]

    assert 0 == begun.exit_code
    assert f"--job projects/stories/locations/europe-west4/batchPredictionJobs/{name}" in (
        begun.output
    )
    laboratory.work()
    read = run(laboratory.probing.settings, "--live", "--job", job.name)
    assert 0 == read.exit_code
    assert "5 of 5 came back byte for byte" in read.output
    assert "3 of 3 answers" not in read.output


def test_the_second_job_that_was_told_with_the_cost_is_begun_by_coming_back(
    laboratory: Laboratory,
) -> None:
    """Both were asked for at once; the same command shows what it did."""
    begun = run(laboratory.probing.settings, "--live", typed="y\n")
    assert "again in a second one" in begun.output
    (job,) = laboratory.service.find({})
    outputs = []
    for _ in range(2):
        laboratory.work()
        laboratory.clock.pass_(60)
        read = run(laboratory.probing.settings, "--live", "--job", job.name)
        assert 0 == read.exit_code
        outputs.append(read.output)

    assert "PENDING" in outputs[0]
    assert "3 of 3 answers came back as they were" in outputs[1]
    assert "0 warnings, 0 faults" in outputs[1]
    assert 2 == len(laboratory.service.find({}))


def test_a_script_says_yes_beforehand_and_reads_json(laboratory: Laboratory) -> None:
    """The cost goes to the other stream."""
    told = run(laboratory.probing.settings, "--live", "--yes", "--json")

    assert ["probe"] == [each["name"] for each in json.loads(told.stdout)]
    assert "US dollars" in told.stderr


def test_a_model_that_is_not_there_is_told(
    laboratory: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In our words; no job was made."""
    from handlers.dispatch.errors import Redeliver, Refused

    def refuses(**_: Any) -> Any:
        raise Refused("model_not_found", "creating troupe.probe.x: NotFound 404")

    monkeypatch.setattr(laboratory.probing.job_service, "create", refuses)
    told = run(laboratory.probing.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "no job was created: model_not_found" in told.output)

    def silent(**_: Any) -> Any:
        raise Redeliver("creating troupe.probe.x: DeadlineExceeded 504")

    monkeypatch.setattr(laboratory.probing.job_service, "create", silent)
    told = run(laboratory.probing.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "may be there all the same" in told.output)


def test_nobody_logged_in_is_a_finding(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback."""

    def nobody(_: GcpSettings) -> Any:
        raise DefaultCredentialsError("x")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(command, "_probing", nobody)
    told = run(patient.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "log in with" in told.output)
