"""The probe's second job: what a service may do with an output that it is given as an input."""

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
    """The name of a probe that was looked at after its first job: its second one waits."""
    name = ended(probe)
    probe.clock.pass_(60)
    read_probe(probe.probing, name)
    return name


def resumed(probe: ProbeHarness) -> str:
    """The name of a probe whose second job has ended too."""
    name = begun(probe)
    probe.work()
    return name


def second(probe: ProbeHarness) -> Job:
    (job,) = probe.probing.job_service.find({"resumes": NAME})
    return job


def of_resume(found: list[Finding]) -> dict[str, Finding]:
    return {name: each for name, each in by_name(found).items() if name.startswith("resume")}


def problem(found: list[Finding]) -> dict[str, str]:
    return {name: each.message for name, each in of_resume(found).items() if each.state != "ok"}


def test_a_service_that_does_as_documented_confirms_that_it_resumes(
    probe: ProbeHarness,
) -> None:
    """What was answered stays, what failed is answered, and both marks come back."""
    found = read_probe(probe.probing, resumed(probe))

    assert all(each.state == "ok" for each in found)
    assert OWN == list(of_resume(found))
    told = of_resume(found)
    assert "3 of 3 answers came back as they were, in 5 lines" == told["resume kept"].message
    assert "2 of 2 failed requests are answered" == told["resume retried"].message
    assert "the key at top level came back for 5 of 5" == told["resume key echo"].message


def test_the_first_look_at_an_ended_probe_begins_it_and_says_how_to_come_back(
    probe: ProbeHarness,
) -> None:
    """By the name of the first job, which was printed before."""
    name = ended(probe)

    told = of_resume(read_probe(probe.probing, name))
    assert ["resume"] == list(told)
    assert ("warning", True) == (told["resume"].state, "PENDING" in told["resume"].message)
    assert f"doctor --live --job {name}" in told["resume"].remedy


def test_it_is_begun_once_however_often_somebody_looks(probe: ProbeHarness) -> None:
    """Before and after its end: it costs."""
    name = begun(probe)
    read_probe(probe.probing, name)
    probe.work()
    read_probe(probe.probing, name)

    assert 2 == len(probe.service.find({}))


def test_nothing_is_begun_while_the_first_job_runs(probe: ProbeHarness) -> None:
    """There is no output yet."""
    job = begin_probe(probe.probing, NAME)
    read_probe(probe.probing, job.name)

    assert [] == probe.probing.job_service.find({"resumes": NAME})


def test_its_file_is_the_output_with_two_documented_failures(probe: ProbeHarness) -> None:
    """The other lines are byte for byte those of the service."""
    begun(probe)

    was = probe.bucket.content[probe.output()].splitlines(keepends=True)
    now = probe.bucket.content[COPY].splitlines(keepends=True)
    changed = {line["key"]: line for line in map(json.loads, set(now) - set(was))}
    assert {f"k-{record}" for record in failed_records(NAME)} == changed.keys()
    assert 5 == len(now)
    assert all(line["response"] == {} for line in changed.values())
    assert all(line["status"].startswith("Bad Request: {") for line in changed.values())


def test_no_run_takes_the_second_job_for_its_own_and_no_probe_for_a_first(
    probe: ProbeHarness,
) -> None:
    """It has one label, and its own name leads to the first one's."""
    begun(probe)
    job = second(probe)

    assert {"resumes": NAME} == job.labels
    (told,) = read_probe(probe.probing, job.name)
    assert ("fault", True) == (told.state, "second one of a probe" in told.message)


OTHERWISE: dict[Resuming, dict[str, str]] = {
    Resuming.REPEATS: {"resume kept": "0 of 3 answers came back as they were, in 5 lines"},
    Resuming.DROPS: {
        "resume kept": "0 of 3 answers came back as they were, in 2 lines",
        "resume key echo": "the key at top level came back for 2 of 5",
        "resume label echo": "the request's label came back for 2 of 5",
    },
    Resuming.REFUSES_FILE: {
        "resume": "FAILED with code 3, after 0 min in the queue: "
        "the importer refused the output as a request file",
    },
}


@pytest.mark.parametrize("resuming", OTHERWISE)
def test_a_service_that_does_otherwise_is_told(probe: ProbeHarness, resuming: Resuming) -> None:
    """As a warning: no run resumes a job."""
    probe.become(resuming=resuming)
    found = read_probe(probe.probing, resumed(probe))

    assert OTHERWISE[resuming] == problem(found)
    assert {"ok", "warning"} == {each.state for each in found}
    assert all("resume no job by hand" in by_name(found)[name].remedy for name in problem(found))


def test_a_service_that_makes_no_such_job_is_told(probe: ProbeHarness) -> None:
    """By the word for its refusal, not by its text; later nothing shows, and nothing is begun."""
    probe.become(refused_inputs=frozenset({COPY}))
    name = ended(probe)

    told = of_resume(read_probe(probe.probing, name))
    assert ["resume"] == list(told)
    assert "the service makes no job of an output (bad_request)" == told["resume"].message
    assert ("warning", True) == (told["resume"].state, "by hand" in told["resume"].remedy)
    assert "is not listed" in problem(read_probe(probe.probing, name))["resume"]
    assert 1 == len(probe.service.find({}))


def test_a_second_job_that_is_not_listed_yet_is_not_begun_again(probe: ProbeHarness) -> None:
    """It would be paid for twice."""
    probe.become(list_lag_seconds=600)
    name = begun(probe)

    told = of_resume(read_probe(probe.probing, name))
    assert "is not listed" in told["resume"].message
    assert "look again" in told["resume"].remedy
    probe.clock.pass_(700)
    assert NAME == second(probe).labels["resumes"]
    assert 2 == len(probe.service.find({}))


def test_a_creation_without_an_answer_is_a_finding(
    probe: ProbeHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first job showed is told all the same."""
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
def test_a_second_job_that_ends_otherwise_is_told(
    probe: ProbeHarness, end: End, message: str
) -> None:
    """In our words; what the first one showed stands."""
    probe.become(end=lambda job: end if "resumes" in job.labels else End())

    found = read_probe(probe.probing, resumed(probe))
    assert message in by_name(found)["resume"].message
    assert {"warning"} == {by_name(found)[name].state for name in problem(found)}
    assert problem(found)
    assert "x@y" not in repr(found)


def without_the_key(line: dict[str, Any]) -> Any:
    return {name: value for name, value in line.items() if name != "key"}


def without_the_label(line: dict[str, Any]) -> Any:
    request = {name: value for name, value in line["request"].items() if name != "labels"}
    return line | {"request": request}


def with_a_null(line: dict[str, Any]) -> Any:
    """An answer that was written a second time is still the same answer."""
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
    "what failed stays a failure": (failed_again, {"resume retried"}),
    "nothing of it is JSON": (
        lambda _: 1,
        {"resume kept", "resume retried", "resume key echo", "resume label echo"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", CHANGES)
def test_what_gets_lost_on_the_second_way_is_told(probe: ProbeHarness, story: str) -> None:
    """Answers that were kept are known by themselves, without their marks."""
    change, expected = CHANGES[story]
    name = resumed(probe)
    (uri,) = [uri for uri in probe.bucket.content if f"/probe-{NAME}-resumed/" in uri]
    lines = [change(json.loads(line)) for line in probe.bucket.content[uri].splitlines()]
    probe.bucket.content[uri] = b"".join(json.dumps(x).encode() + b"\n" for x in lines)

    assert expected == problem(read_probe(probe.probing, name)).keys()


def test_answers_that_come_beside_their_repetition_are_told(probe: ProbeHarness) -> None:
    """Eight lines for five requests are no merge."""
    name = resumed(probe)
    (uri,) = [uri for uri in probe.bucket.content if f"/probe-{NAME}-resumed/" in uri]
    probe.bucket.content[uri] += probe.bucket.content[uri].splitlines(True)[0]

    assert {"resume kept"} == problem(read_probe(probe.probing, name)).keys()


def test_nothing_is_resumed_from_a_first_job_that_is_not_whole(probe: ProbeHarness) -> None:
    """A service that loses a line has other faults to look at."""
    name = ended(probe)
    probe.damage(probe.lines()[1:])

    told = problem(read_probe(probe.probing, name))
    assert {"resume": "not asked: what the first job wrote is not whole"} == told
    assert [] == probe.probing.job_service.find({"resumes": NAME})
