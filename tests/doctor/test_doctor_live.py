"""The live probe: one job of five invented conversations, and the checks of its output."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.aiplatform_v1", reason="needs the clients: troupe[gcp]")

from analysis import check_file, load_analysis
from handlers.ports import JobState
from tests.faults import replace_method
from tests.gcp.making import gcp_settings
from tests.local.fakes import HeldClock, MemoryBucket
from tests.standin.vertex_server import VertexServer
from troupe.backends.gcp.job_service import VertexJobService
from troupe.doctor.findings import Finding
from troupe.doctor.probe import CALLS, Probing, begin_probe, output_of, probe_cost, transcripts_of
from troupe.doctor.probe_results import read_probe
from troupe.standin.settings import Behaviour, End
from troupe.standin.vertex import StandIn

ANALYSIS = load_analysis("call_review_v1")
NAME = "0a1b"


class ProbeHarness:
    """The stand-in for Vertex over HTTP, called by Google's client."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.bucket, self.folder = HeldClock(), MemoryBucket(), folder
        self.behave()

    def behave(self, **behaviour: Any) -> None:
        """Restart the stand-in with this behaviour; its jobs are kept."""
        self.service = StandIn(
            self.folder, self.bucket, self.clock, behaviour=Behaviour(**behaviour)
        )

    def become(self, **behaviour: Any) -> None:
        """Change the behaviour of the stand-in that is running."""
        self.service._behaviour = Behaviour(**behaviour)

    def __enter__(self) -> "ProbeHarness":
        self.server = VertexServer(self.service, works=False)
        self.server.start()
        settings = gcp_settings(TROUPE_BUCKET="here", TROUPE_VERTEX_ENDPOINT=self.server.address)
        self.probing = Probing(
            settings=settings,
            analysis=ANALYSIS,
            bucket=self.bucket,
            job_service=VertexJobService(settings),
            clock=self.clock,
        )
        return self

    def __exit__(self, *about: object) -> None:
        self.server.close()

    def work(self) -> None:
        while self.service.step():
            pass

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the output."""
        return [json.loads(line) for line in self.bucket.content[self.output()].splitlines()]

    def damage(self, lines: list[Any]) -> None:
        """Replace the lines of the output."""
        self.bucket.content[self.output()] = b"".join(json.dumps(x).encode() + b"\n" for x in lines)

    def output(self) -> str:
        """Return the address of the first job's output file."""
        (uri,) = [uri for uri in self.bucket.content if f"/output/probe-{NAME}/" in uri]
        return uri


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[ProbeHarness]:
    with ProbeHarness(tmp_path) as opened:
        yield opened


def ended(probe: ProbeHarness) -> str:
    """Run a probe's job to its end, and return its name."""
    job = begin_probe(probe.probing, NAME)
    probe.work()
    return job.name


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {each.name: each for each in found}


def problems(found: list[Finding]) -> dict[str, str]:
    """Return the problems of the first job; test_doctor_resume.py has those of the second."""
    return {each.name: each.state for each in found if each.state != "ok" and each.name != "resume"}


def test_a_service_that_behaves_as_observed_has_no_problem(probe: ProbeHarness) -> None:
    """Each check has a finding."""
    found = read_probe(probe.probing, ended(probe))

    assert {} == problems(found)
    assert [
        "probe", "layout", "files", "rows", "key echo", "label echo", "transcript echo", "usage",
        "finish reasons", "order", "resume",
    ] == [each.name for each in found]  # fmt: skip
    named = by_name(found)
    assert "5 of 5 requests led to a row, from 5 lines" == named["rows"].message
    assert "5 of 5 transcripts came back byte for byte" == named["transcript echo"].message
    assert "predictions.jsonl; results in 1" == named["files"].message
    assert "promptTokenCount" in named["usage"].message
    assert "STOP 5" == named["finish reasons"].message


def test_the_request_file_is_accepted_by_the_importer(probe: ProbeHarness) -> None:
    """Rendered as for real runs, in a bucket that Vertex may read."""
    begin_probe(probe.probing, NAME)

    (uri,) = probe.bucket.content
    assert "gs://here/requests/probe-0a1b.jsonl" == uri
    assert len(CALLS) == check_file(probe.bucket.content[uri].splitlines(True)).lines


def test_runs_ignore_the_job_of_a_probe(probe: ProbeHarness) -> None:
    """It has neither the label of a deployment nor that of an attempt."""
    job = begin_probe(probe.probing, NAME)

    assert {"probe": NAME} == job.labels
    assert [] == probe.probing.job_service.find({"troupe": "ab12"})


def test_the_output_goes_to_the_bucket_that_vertex_may_write_to() -> None:
    """In a folder of its own."""
    settings = gcp_settings(TROUPE_OUTPUT_BUCKET="stories-output")

    assert "gs://stories-output/output/probe-0a1b" == output_of(settings, NAME)


def test_another_probe_has_other_record_ids() -> None:
    """Their answers cannot be mixed up."""
    assert not transcripts_of(NAME).keys() & transcripts_of("ffff").keys()
    assert list(CALLS) == list(transcripts_of(NAME).values())


def test_a_running_probe_reports_the_command_to_come_back(probe: ProbeHarness) -> None:
    """With its state and its age."""
    probe.behave(pending_seconds=3600)
    job = begin_probe(probe.probing, NAME)
    probe.clock.pass_(600)

    (finding,) = read_probe(probe.probing, job.name)
    assert ("probe", "warning") == (finding.name, finding.state)
    assert "PENDING, 10 min after" in finding.message
    assert f"doctor --live --job {job.name}" in finding.remedy


def test_a_job_of_a_run_is_not_read(probe: ProbeHarness) -> None:
    """It lacks the label of a probe."""
    job = probe.probing.job_service.create(
        display_name="x", model=ANALYSIS.model, request_uri="gs://here/x",
        output_prefix="gs://here/output/x", labels={"troupe": "ab12", "attempt": "a"},
    )  # fmt: skip

    (finding,) = read_probe(probe.probing, job.name)
    assert ("fault", True) == (finding.state, "is not read" in finding.message)


def test_a_missing_job_is_reported(probe: ProbeHarness) -> None:
    """It was deleted, or never existed."""
    name = "projects/stories/locations/europe-west4/batchPredictionJobs/99"

    (finding,) = read_probe(probe.probing, name)
    assert ("fault", True) == (finding.state, "does not exist" in finding.message)


def test_a_failed_job_is_reported_by_its_code(probe: ProbeHarness) -> None:
    """The service's own message is not repeated."""
    end = End(state=JobState.FAILED, code=7, message="Service account x@y", share=0)
    with ProbeHarness(probe.folder / "other") as failing:
        failing.become(end=lambda _: end)
        found = read_probe(failing.probing, ended(failing))

    assert "fault" == by_name(found)["probe"].state
    assert "FAILED with code 7" in by_name(found)["probe"].message
    assert "x@y" not in repr(found)


def read_again(probe: ProbeHarness, lines: list[Any], job: str) -> list[Finding]:
    probe.damage(lines)
    return read_probe(probe.probing, job)


def without(*path: str) -> Any:
    """Return a change that deletes this path from every line."""

    def change(lines: list[Any]) -> list[Any]:
        for line in lines:
            parent = line
            for step in path[:-1]:
                parent = parent[step]
            del parent[path[-1]]
        return lines

    return change


def shortened(lines: list[Any]) -> list[Any]:
    """Remove a space from one transcript."""
    for line in lines:
        part = line["request"]["contents"][0]["parts"][0]
        part["text"] = part["text"].replace("please. \n", "please.\n")
    return lines


def unkeyed(lines: list[Any]) -> list[Any]:
    for change in (without("key"), without("request", "labels")):
        lines = change(lines)
    return lines


def in_another_order(lines: list[Any]) -> list[Any]:
    """Reverse the order of the requests."""
    order = list(transcripts_of(NAME))
    return sorted(lines, key=lambda line: -order.index(line["key"].removeprefix("k-")))


def cut(lines: list[Any]) -> list[Any]:
    lines[0]["response"]["candidates"][0]["finishReason"] = "MAX_TOKENS"
    return lines


CHANGES: dict[str, tuple[Any, dict[str, str], str]] = {
    "the key is dropped": (without("key"), {"key echo": "warning"}, "0 of 5"),
    "the label is dropped": (
        without("request", "labels"), {"label echo": "warning"}, "0 of 5"),
    "both are dropped": (
        unkeyed, {"rows": "fault", "key echo": "fault", "label echo": "fault",
                  "transcript echo": "fault"}, "cannot be matched to records"),
    "a transcript is changed": (
        shortened, {"transcript echo": "fault"}, "conversation 3 of 5"),
    "the token counts are missing": (
        without("response", "usageMetadata"), {"usage": "warning"}, "5 of 5 lines lack"),
    "an answer is cut off": (
        cut, {"rows": "fault", "finish reasons": "warning"}, "MAX_TOKENS 1"),
    "a line is missing": (
        lambda lines: lines[1:],
        {"rows": "fault", "key echo": "fault", "label echo": "fault", "transcript echo": "fault"},
        "4 of 5"),
    "a line comes twice": (lambda lines: [*lines, lines[0]], {"rows": "fault"}, "from 6 lines"),
    "lines are no JSON objects": (
        lambda lines: [1] * 5,
        {"rows": "fault", "key echo": "fault", "label echo": "fault", "transcript echo": "fault",
         "usage": "warning", "finish reasons": "warning"}, "0 of 5 requests led to a row"),
    "the order is another": (in_another_order, {}, "in another order"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_a_difference_of_the_service_is_reported(probe: ProbeHarness, case: str) -> None:
    """By its check, with what it means for runs."""
    change, expected, message = CHANGES[case]
    job = ended(probe)

    found = read_again(probe, change(probe.lines()), job)
    assert expected == problems(found)
    assert message in repr(found)


def test_no_text_of_an_answer_or_a_service_is_printed(probe: ProbeHarness) -> None:
    """Only counts, field names and our own texts."""
    job = ended(probe)
    lines = probe.lines()
    for line in lines:
        line["status"] = "quoted words"
        line["response"]["usageMetadata"]["quoted words"] = 1
        line["response"]["candidates"][0]["finishReason"] = "quoted words"

    assert "quoted" not in repr(read_again(probe, lines, job))


@pytest.mark.parametrize(
    ("behaviour", "expected", "message"),
    [
        ({"shards": 2}, {}, "predictions.jsonl-00000-of-00002"),
        ({"incremental": True}, {}, "incremental_predictions.jsonl, predictions.jsonl"),
    ],
)
def test_shards_and_partial_files_are_named(
    tmp_path: Path, behaviour: dict[str, Any], expected: dict[str, str], message: str
) -> None:
    """And read as by a run."""
    made = ProbeHarness(tmp_path)
    made.behave(**behaviour)
    with made:
        found = read_probe(made.probing, ended(made))

    assert expected == problems(found)
    assert message in by_name(found)["files"].message


def test_a_file_with_an_unknown_name_is_reported(probe: ProbeHarness) -> None:
    """By its name, unless it has unusual characters."""
    job = ended(probe)
    folder = probe.output().rpartition("/")[0]
    probe.bucket.content |= {f"{folder}/errors_0001.jsonl": b"", f"{folder}/a b": b""}

    finding = by_name(read_probe(probe.probing, job))["files"]
    assert "warning" == finding.state
    assert "errors_0001.jsonl" in finding.message
    assert "a b" not in finding.message


def test_a_missing_shard_is_reported(probe: ProbeHarness) -> None:
    """An incomplete output is not read."""
    job = ended(probe)
    whole = probe.output()
    probe.bucket.content[f"{whole}-00000-of-00002"] = probe.bucket.content.pop(whole)

    found = [each for each in read_probe(probe.probing, job) if each.state == "fault"]
    assert ["files"] == [each.name for each in found]
    assert "shard_missing" in found[0].message


def test_an_unusual_output_folder_is_reported(probe: ProbeHarness) -> None:
    """Runs read the folder that the job names."""
    job = ended(probe)
    prefix = output_of(probe.probing.settings, NAME)
    moved = probe.probing.job_service.get(job)
    assert moved is not None
    other = replace(moved, output_folder=prefix)
    replace_method(probe.probing.job_service, "get", lambda _: other)

    assert "warning" == by_name(read_probe(probe.probing, job))["layout"].state


def test_the_cost_is_a_range_a_maximum_and_the_date_of_the_prices() -> None:
    """The maximum is the cost of both jobs if both send all requests."""
    text = probe_cost(ANALYSIS)

    assert "5 invented conversations" in text
    assert "with 2 of them" in text
    assert "20,480 output tokens" in text
    assert "at most 0.03" in text
    assert "2026-10-14" in text


def test_an_unknown_price_is_reported_as_unknown() -> None:
    """And not as 0."""
    text = probe_cost(replace(ANALYSIS, model="gemini-9"))

    assert "unknown" in text
    assert "US dollars" not in text
