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
import troupe.doctor.checks as checks
from tests.doctor.fakes import DoctorHarness
from tests.doctor.test_doctor_live import ProbeHarness
from troupe.backends.defaults import utc_now
from troupe.backends.gcp.settings import GcpSettings


def run(settings: GcpSettings, *words: str, typed: str = "") -> Result:
    app = typer.Typer()
    app.command()(command.doctor)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(command, "gcp_settings", lambda: settings)
        return CliRunner().invoke(app, list(words), input=typed)


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProbeHarness]:
    with ProbeHarness(tmp_path) as opened:
        monkeypatch.setattr(command, "_probing", lambda _: opened.probing)
        yield opened


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> DoctorHarness:
    made = DoctorHarness()
    monkeypatch.setattr(checks, "make_clients", lambda _: made.clients)
    monkeypatch.setattr(made.bigquery, "clock", utc_now)
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    return made


def test_it_prints_a_line_and_a_remedy_each(harness: DoctorHarness) -> None:
    """A warning alone is no failure."""
    harness.bigquery.deployments = []

    told = run(harness.settings)
    assert 0 == told.exit_code
    assert "warning  deployment" in told.output
    assert "-> look at it" in told.output
    assert "1 warning, 0 faults" in told.output


def test_a_fault_ends_with_one(harness: DoctorHarness) -> None:
    """For scripts; they can have JSON."""
    harness.bigquery.deployments = ["cd34"]

    told = run(harness.settings, "--json")
    assert 1 == told.exit_code
    states = {each["name"]: each["state"] for each in json.loads(told.stdout)}
    assert ("fault", "ok") == (states["deployment"], states["dataset"])


def test_the_cost_comes_first_and_nothing_without_a_yes(probe: ProbeHarness) -> None:
    """No file, no job."""
    told = run(probe.probing.settings, "--live", typed="n\n")

    assert 1 == told.exit_code
    assert "US dollars" in told.output
    assert "troupe: nothing was begun" in told.output
    assert "fault" not in told.output
    assert ({}, []) == (probe.bucket.content, probe.service.find({}))


def test_a_probe_that_was_begun_can_be_come_back_to(probe: ProbeHarness) -> None:
    """By the name that it prints."""
    begun = run(probe.probing.settings, "--live", typed="y\n")
    (job,) = probe.service.find({})
    name = job.name.rpartition("/")[2]

    assert 0 == begun.exit_code
    assert f"--job projects/stories/locations/europe-west4/batchPredictionJobs/{name}" in (
        begun.output
    )
    probe.work()
    read = run(probe.probing.settings, "--live", "--job", job.name)
    assert 0 == read.exit_code
    assert "5 of 5 came back byte for byte" in read.output
    assert "3 of 3 answers" not in read.output


def test_the_second_job_that_was_told_with_the_cost_is_begun_by_coming_back(
    probe: ProbeHarness,
) -> None:
    """Both were asked for at once; the same command shows what it did."""
    begun = run(probe.probing.settings, "--live", typed="y\n")
    assert "again in a second one" in begun.output
    (job,) = probe.service.find({})
    outputs = []
    for _ in range(2):
        probe.work()
        probe.clock.pass_(60)
        read = run(probe.probing.settings, "--live", "--job", job.name)
        assert 0 == read.exit_code
        outputs.append(read.output)

    assert "PENDING" in outputs[0]
    assert "3 of 3 answers came back as they were" in outputs[1]
    assert "0 warnings, 0 faults" in outputs[1]
    assert 2 == len(probe.service.find({}))


def test_a_script_says_yes_beforehand_and_reads_json(probe: ProbeHarness) -> None:
    """The cost goes to the other stream."""
    told = run(probe.probing.settings, "--live", "--yes", "--json")

    assert ["probe"] == [each["name"] for each in json.loads(told.stdout)]
    assert "US dollars" in told.stderr


def test_a_model_that_is_not_there_is_told(
    probe: ProbeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In our words; no job was made."""
    from handlers.dispatch.errors import Redeliver, Refused

    def refuses(**_: Any) -> Any:
        raise Refused("model_not_found", "creating troupe.probe.x: NotFound 404")

    monkeypatch.setattr(probe.probing.job_service, "create", refuses)
    told = run(probe.probing.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "no job was created: model_not_found" in told.output)

    def silent(**_: Any) -> Any:
        raise Redeliver("creating troupe.probe.x: DeadlineExceeded 504")

    monkeypatch.setattr(probe.probing.job_service, "create", silent)
    told = run(probe.probing.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "may be there all the same" in told.output)


def test_nobody_logged_in_is_a_finding(
    harness: DoctorHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback."""

    def nobody(_: GcpSettings) -> Any:
        raise DefaultCredentialsError("x")  # type: ignore[no-untyped-call]

    monkeypatch.setattr(command, "_probing", nobody)
    told = run(harness.settings, "--live", "--yes")
    assert (1, True) == (told.exit_code, "log in with" in told.output)
