"""`troupe doctor`: its output, its confirmation before it costs, and its exit code."""

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
from handlers.dispatch.errors import Redeliver, Refused
from handlers.ports import Job
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


def test_it_prints_a_line_and_a_remedy_for_each_finding(harness: DoctorHarness) -> None:
    """A warning alone exits with 0."""
    harness.bigquery.deployments = []

    result = run(harness.settings)
    assert 0 == result.exit_code
    assert "warning  deployment" in result.output
    assert "-> run `troupe --backend gcp status`" in result.output
    assert "1 warning, 0 faults" in result.output


def test_a_fault_exits_with_1(harness: DoctorHarness) -> None:
    """With `--json` as well."""
    harness.bigquery.deployments = ["cd34"]

    result = run(harness.settings, "--json")
    assert 1 == result.exit_code
    states = {each["name"]: each["state"] for each in json.loads(result.stdout)}
    assert ("fault", "ok") == (states["deployment"], states["dataset"])


def test_the_cost_is_printed_and_confirmed_before_anything_is_created(probe: ProbeHarness) -> None:
    """Without a yes there is no file and no job."""
    result = run(probe.probing.settings, "--live", typed="n\n")

    assert 1 == result.exit_code
    assert "US dollars" in result.output
    assert "troupe: nothing was begun" in result.output
    assert "fault" not in result.output
    assert ({}, []) == (probe.bucket.content, probe.service.find({}))


def printed_name(job: Job) -> str:
    """The name of a job in the project and the location of the settings."""
    number = job.name.rpartition("/")[2]
    return f"projects/stories/locations/europe-west4/batchPredictionJobs/{number}"


def test_a_started_probe_is_continued_by_the_job_name_that_it_printed(probe: ProbeHarness) -> None:
    """With `--job`."""
    begun = run(probe.probing.settings, "--live", typed="y\n")
    (job,) = probe.service.find({})
    name = printed_name(job)

    assert 0 == begun.exit_code
    assert f"--job {name}" in begun.output
    probe.work()
    read = run(probe.probing.settings, "--live", "--job", name)
    assert 0 == read.exit_code
    assert "5 of 5 transcripts came back byte for byte" in read.output
    assert "3 of 3 answers" not in read.output


def test_continuing_a_probe_starts_the_second_job_whose_cost_was_confirmed(
    probe: ProbeHarness,
) -> None:
    """The same command reports it once it has ended."""
    begun = run(probe.probing.settings, "--live", typed="y\n")
    assert "a second job resumes" in begun.output
    (job,) = probe.service.find({})
    outputs = []
    for _ in range(2):
        probe.work()
        probe.clock.pass_(60)
        read = run(probe.probing.settings, "--live", "--job", printed_name(job))
        assert 0 == read.exit_code
        outputs.append(read.output)

    assert "PENDING" in outputs[0]
    assert "3 of 3 answers came back unchanged" in outputs[1]
    assert "0 warnings, 0 faults" in outputs[1]
    assert 2 == len(probe.service.find({}))


def test_a_script_confirms_with_an_option_and_reads_json(probe: ProbeHarness) -> None:
    """The cost goes to standard error."""
    result = run(probe.probing.settings, "--live", "--yes", "--json")

    assert ["probe"] == [each["name"] for each in json.loads(result.stdout)]
    assert "US dollars" in result.stderr


def test_a_refused_creation_of_the_job_is_reported(
    probe: ProbeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a reply the job may exist."""

    def refuses(**_: Any) -> Any:
        raise Refused("model_not_found", "creating troupe.probe.x: NotFound 404")

    monkeypatch.setattr(probe.probing.job_service, "create", refuses)
    result = run(probe.probing.settings, "--live", "--yes")
    assert (1, True) == (result.exit_code, "no job was created: model_not_found" in result.output)
    assert "correct the model of the request or the analysis" in " ".join(result.output.split())

    def silent(**_: Any) -> Any:
        raise Redeliver("creating troupe.probe.x: DeadlineExceeded 504")

    monkeypatch.setattr(probe.probing.job_service, "create", silent)
    result = run(probe.probing.settings, "--live", "--yes")
    assert (1, True) == (result.exit_code, "may be there all the same" in result.output)


def test_missing_credentials_are_a_finding(
    harness: DoctorHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a traceback."""

    def fail(_: GcpSettings) -> Any:
        raise DefaultCredentialsError("x")

    monkeypatch.setattr(command, "_probing", fail)
    result = run(harness.settings, "--live", "--yes")
    assert (1, True) == (result.exit_code, "log in with" in result.output)
