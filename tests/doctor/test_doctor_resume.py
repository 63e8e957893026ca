"""The probe's second job, whose input is the output of the first one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.aiplatform_v1", reason="needs the clients: troupe[gcp]")

from handlers.dispatch.errors import Redeliver
from handlers.ports import Job, JobState
from tests.doctor.test_doctor_live import NAME, ProbeHarness, by_name, ended
from troupe.doctor.findings import Finding
from troupe.doctor.probe import begin_probe, failed_records
from troupe.doctor.probe_results import read_probe
from troupe.standin.settings import End, Resuming

COPY = f"gs://here/requests/probe-{NAME}/resumed.jsonl"
OWN = ["resume", "resume layout", "resume files", "resume kept", "resume retried",
       "resume key echo", "resume label echo"]  # fmt: skip


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[ProbeHarness]:
    with ProbeHarness(tmp_path) as opened:
        yield opened


def begun(probe: ProbeHarness) -> str:
    """Start a probe's second job, and return the name of the first one."""
    name = ended(probe)
    probe.clock.pass_(60)
    read_probe(probe.probing, name)
    return name


def resumed(probe: ProbeHarness) -> str:
    """Run both jobs of a probe to their end, and return the name of the first one."""
    name = begun(probe)
    probe.work()
    return name


def second(probe: ProbeHarness) -> Job:
    (job,) = probe.probing.job_service.find({"resumes": NAME})
    return job


def of_resume(found: list[Finding]) -> dict[str, Finding]:
    return {name: each for name, each in by_name(found).items() if name.startswith("resume")}


def problems(found: list[Finding]) -> dict[str, str]:
    return {name: each.message for name, each in of_resume(found).items() if each.state != "ok"}


def test_a_service_that_resumes_as_documented_has_no_problem(
    probe: ProbeHarness,
) -> None:
    """Answers are kept, failed requests are answered, key and label come back."""
    found = read_probe(probe.probing, resumed(probe))

    assert all(each.state == "ok" for each in found)
    assert OWN == list(of_resume(found))
    named = of_resume(found)
    assert "3 of 3 answers came back unchanged, in 5 lines" == named["resume kept"].message
    assert "2 of 2 failed requests were answered" == named["resume retried"].message
    assert "the top-level key came back for 5 of 5" == named["resume key echo"].message


def test_reading_an_ended_probe_starts_it_and_reports_the_command_to_come_back(
    probe: ProbeHarness,
) -> None:
    """With the name of the first job, which was printed before."""
    name = ended(probe)

    named = of_resume(read_probe(probe.probing, name))
    assert ["resume"] == list(named)
    assert ("warning", True) == (named["resume"].state, "PENDING" in named["resume"].message)
    assert f"doctor --live --job {name}" in named["resume"].remedy


def test_it_is_started_once_however_often_the_probe_is_read(probe: ProbeHarness) -> None:
    """Before and after its end, because it costs."""
    name = begun(probe)
    read_probe(probe.probing, name)
    probe.work()
    read_probe(probe.probing, name)

    assert 2 == len(probe.service.find({}))


def test_it_is_not_started_while_the_first_job_runs(probe: ProbeHarness) -> None:
    """There is no output yet."""
    job = begin_probe(probe.probing, NAME)
    read_probe(probe.probing, job.name)

    assert [] == probe.probing.job_service.find({"resumes": NAME})


def test_its_input_is_the_output_with_two_documented_failures(probe: ProbeHarness) -> None:
    """The other lines are copied byte for byte."""
    begun(probe)

    was = probe.bucket.content[probe.output()].splitlines(keepends=True)
    now = probe.bucket.content[COPY].splitlines(keepends=True)
    changed = {line["key"]: line for line in map(json.loads, set(now) - set(was))}
    assert {f"k-{record}" for record in failed_records(NAME)} == changed.keys()
    assert 5 == len(now)
    assert all(line["response"] == {} for line in changed.values())
    assert all(line["status"].startswith("Bad Request: {") for line in changed.values())


def test_neither_a_run_nor_a_probe_takes_the_second_job_for_a_first_one(
    probe: ProbeHarness,
) -> None:
    """It has one label, and the doctor asks for the name of the first job."""
    begun(probe)
    job = second(probe)

    assert {"resumes": NAME} == job.labels
    (finding,) = read_probe(probe.probing, job.name)
    assert ("fault", True) == (finding.state, "second one of a probe" in finding.message)


DIFFERENCES: dict[Resuming, dict[str, str]] = {
    Resuming.REPEATS: {"resume kept": "0 of 3 answers came back unchanged, in 5 lines"},
    Resuming.DROPS: {
        "resume kept": "0 of 3 answers came back unchanged, in 2 lines",
        "resume key echo": "the top-level key came back for 2 of 5",
        "resume label echo": "the label of the request came back for 2 of 5",
    },
    Resuming.REFUSES_FILE: {
        "resume": "FAILED with code 3, after 0 min in the queue: "
        "the importer refused the output as a request file",
    },
}


@pytest.mark.parametrize("resuming", DIFFERENCES)
def test_a_service_that_resumes_otherwise_is_reported(
    probe: ProbeHarness, resuming: Resuming
) -> None:
    """As a warning, because runs do not resume jobs."""
    probe.become(resuming=resuming)
    found = read_probe(probe.probing, resumed(probe))

    assert DIFFERENCES[resuming] == problems(found)
    assert {"ok", "warning"} == {each.state for each in found}
    assert all(
        "do not resume jobs by hand" in by_name(found)[name].remedy for name in problems(found)
    )


def test_a_service_that_refuses_the_second_job_is_reported(probe: ProbeHarness) -> None:
    """By the cause, not by the service's text; the job is not requested again."""
    probe.become(refused_inputs=frozenset({COPY}))
    name = ended(probe)

    named = of_resume(read_probe(probe.probing, name))
    assert ["resume"] == list(named)
    assert "the service refuses an output as input (bad_request)" == named["resume"].message
    assert ("warning", True) == (named["resume"].state, "by hand" in named["resume"].remedy)
    assert "is not listed" in problems(read_probe(probe.probing, name))["resume"]
    assert 1 == len(probe.service.find({}))


def test_a_second_job_that_is_not_listed_yet_is_not_created_again(probe: ProbeHarness) -> None:
    """It would cost twice."""
    probe.become(list_lag_seconds=600)
    name = begun(probe)

    named = of_resume(read_probe(probe.probing, name))
    assert "is not listed" in named["resume"].message
    assert "run the doctor again" in named["resume"].remedy
    probe.clock.pass_(700)
    assert NAME == second(probe).labels["resumes"]
    assert 2 == len(probe.service.find({}))


def test_a_creation_without_a_reply_is_a_finding(
    probe: ProbeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The findings about the first job are reported too."""
    name = ended(probe)

    def silent(**_: Any) -> Job:
        raise Redeliver("creating troupe.probe.x") from TimeoutError()

    monkeypatch.setattr(probe.probing.job_service, "create", silent)
    found = by_name(read_probe(probe.probing, name))
    assert ("fault", "ok") == (found["resume"].state, found["key echo"].state)
    assert "TimeoutError" in found["resume"].message


@pytest.mark.parametrize(
    ("end", "message"),
    [
        (End(state=JobState.FAILED, code=7, message="x@y", share=0), "FAILED with code 7"),
        (End(state=JobState.EXPIRED, share=0), "EXPIRED with code None"),
        (End(share=0), "SUCCEEDED"),
    ],
)
def test_a_second_job_that_fails_is_reported(probe: ProbeHarness, end: End, message: str) -> None:
    """Without the service's text; the findings about the first job are unchanged."""
    probe.become(end=lambda job: end if "resumes" in job.labels else End())

    found = read_probe(probe.probing, resumed(probe))
    assert message in by_name(found)["resume"].message
    assert {"warning"} == {by_name(found)[name].state for name in problems(found)}
    assert problems(found)
    assert "x@y" not in repr(found)


def without_the_key(line: dict[str, Any]) -> Any:
    return {name: value for name, value in line.items() if name != "key"}


def without_the_label(line: dict[str, Any]) -> Any:
    request = {name: value for name, value in line["request"].items() if name != "labels"}
    return line | {"request": request}


def with_a_null(line: dict[str, Any]) -> Any:
    """Add a null, which does not change the answer."""
    return line | {"response": line["response"] | {"promptFeedback": None}}


def failed_again(line: dict[str, Any]) -> Any:
    if line["key"].removeprefix("k-") not in failed_records(NAME):
        return line
    return line | {"status": "Bad Request: {}", "response": {}}


CHANGES: dict[str, tuple[Any, set[str]]] = {
    "the key is lost": (without_the_key, {"resume key echo"}),
    "the label is lost": (without_the_label, {"resume label echo"}),
    "both are lost": (
        lambda line: without_the_key(without_the_label(line)),
        {"resume retried", "resume key echo", "resume label echo"},
    ),
    "nulls are added": (with_a_null, set()),
    "failed requests fail again": (failed_again, {"resume retried"}),
    "lines are not JSON objects": (
        lambda _: 1,
        {"resume kept", "resume retried", "resume key echo", "resume label echo"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_what_the_second_job_loses_is_reported(probe: ProbeHarness, case: str) -> None:
    """Kept answers are recognised by their content, without key and label."""
    change, expected = CHANGES[case]
    name = resumed(probe)
    (uri,) = [uri for uri in probe.bucket.content if f"/probe-{NAME}-resumed/" in uri]
    lines = [change(json.loads(line)) for line in probe.bucket.content[uri].splitlines()]
    probe.bucket.content[uri] = b"".join(json.dumps(x).encode() + b"\n" for x in lines)

    assert expected == problems(read_probe(probe.probing, name)).keys()


def test_repeated_answers_are_reported(probe: ProbeHarness) -> None:
    """Six lines for five requests are too many."""
    name = resumed(probe)
    (uri,) = [uri for uri in probe.bucket.content if f"/probe-{NAME}-resumed/" in uri]
    probe.bucket.content[uri] += probe.bucket.content[uri].splitlines(True)[0]

    assert {"resume kept"} == problems(read_probe(probe.probing, name)).keys()


def test_an_incomplete_output_of_the_first_job_is_not_resumed(probe: ProbeHarness) -> None:
    """A lost line is a fault, which comes first."""
    name = ended(probe)
    probe.damage(probe.lines()[1:])

    messages = problems(read_probe(probe.probing, name))
    assert {"resume": "not tested: the output of the first job has faults"} == messages
    assert [] == probe.probing.job_service.find({"resumes": NAME})
