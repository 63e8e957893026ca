"""The live probe: five invented conversations, one job, and what came back of them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.cloud.aiplatform_v1", reason="needs the clients: troupe[gcp]")

from analysis import check_file, load_analysis
from handlers.ports import JobState
from tests.gcp.making import gcp_settings
from tests.local.fakes import HeldClock, MemoryBucket
from tests.standin.vertex_server import VertexServer
from troupe.backends.gcp.job_service import VertexJobService
from troupe.doctor.findings import Finding
from troupe.doctor.probe import Probing, asked, begin_probe, output_of, probe_cost
from troupe.doctor.probe_calls import CALLS
from troupe.doctor.probe_results import read_probe
from troupe.standin.settings import Behaviour, End
from troupe.standin.vertex import StandIn

ANALYSIS = load_analysis("call_review_v1")
NAME = "0a1b"


class ProbeHarness:
    """The stand-in for Vertex over HTTP, reached by the official client."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.bucket, self.folder = HeldClock(), MemoryBucket(), folder
        self.behave()

    def behave(self, **behaviour: Any) -> None:
        """From now on; the jobs are kept."""
        self.service = StandIn(
            self.folder, self.bucket, self.clock, behaviour=Behaviour(**behaviour)
        )

    def become(self, **behaviour: Any) -> None:
        """The same for one that is being served."""
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
        """Of the output."""
        return [json.loads(line) for line in self.bucket.content[self.output()].splitlines()]

    def damage(self, lines: list[Any]) -> None:
        """Put these in their place."""
        self.bucket.content[self.output()] = b"".join(json.dumps(x).encode() + b"\n" for x in lines)

    def output(self) -> str:
        """Of the first job."""
        (uri,) = [uri for uri in self.bucket.content if f"/output/probe-{NAME}/" in uri]
        return uri


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[ProbeHarness]:
    with ProbeHarness(tmp_path) as opened:
        yield opened


def ended(probe: ProbeHarness) -> str:
    """The name of a probe's job that has run to its end."""
    job = begin_probe(probe.probing, NAME)
    probe.work()
    return job.name


def by_name(found: list[Finding]) -> dict[str, Finding]:
    return {each.name: each for each in found}


def problem(found: list[Finding]) -> dict[str, str]:
    """Of the first job; the second has stories of its own."""
    return {each.name: each.state for each in found if each.state != "ok" and each.name != "resume"}


def test_a_service_as_others_saw_it_confirms_everything(probe: ProbeHarness) -> None:
    """Each thing in a line of its own."""
    found = read_probe(probe.probing, ended(probe))

    assert {} == problem(found)
    assert [
        "probe", "layout", "files", "rows", "key echo", "label echo", "transcript echo", "usage",
        "finish reasons", "order", "resume",
    ] == [each.name for each in found]  # fmt: skip
    told = by_name(found)
    assert "5 of 5 are rows, of 5 lines" == told["rows"].message
    assert "5 of 5 came back byte for byte" == told["transcript echo"].message
    assert "predictions.jsonl; results in 1" == told["files"].message
    assert "promptTokenCount" in told["usage"].message
    assert "STOP 5" == told["finish reasons"].message


def test_the_request_file_is_one_that_the_importer_takes(probe: ProbeHarness) -> None:
    """Written by the renderer of real runs, where Vertex may read."""
    begin_probe(probe.probing, NAME)

    (uri,) = probe.bucket.content
    assert "gs://here/requests/probe-0a1b.jsonl" == uri
    assert len(CALLS) == check_file(probe.bucket.content[uri].splitlines(True)).lines


def test_no_run_takes_a_probe_for_its_own(probe: ProbeHarness) -> None:
    """Neither the label of a deployment nor that of an attempt."""
    job = begin_probe(probe.probing, NAME)

    assert {"probe": NAME} == job.labels
    assert [] == probe.probing.job_service.find({"troupe": "ab12"})


def test_the_output_goes_where_vertex_may_write() -> None:
    """Into the bucket of the output, in a folder of its own."""
    settings = gcp_settings(TROUPE_OUTPUT_BUCKET="stories-output")

    assert "gs://stories-output/output/probe-0a1b" == output_of(settings, NAME)


def test_another_probe_has_other_records() -> None:
    """Their answers cannot be mixed up."""
    assert not asked(NAME).keys() & asked("ffff").keys()
    assert list(CALLS) == list(asked(NAME).values())


def test_while_it_runs_it_says_how_to_come_back(probe: ProbeHarness) -> None:
    """With its state and its age."""
    probe.behave(pending_seconds=3600)
    job = begin_probe(probe.probing, NAME)
    probe.clock.pass_(600)

    (told,) = read_probe(probe.probing, job.name)
    assert ("probe", "warning") == (told.name, told.state)
    assert "PENDING, 10 min after" in told.message
    assert f"doctor --live --job {job.name}" in told.remedy


def test_a_job_of_a_run_is_left_alone(probe: ProbeHarness) -> None:
    """Nothing of it is read."""
    job = probe.probing.job_service.create(
        display_name="x", model=ANALYSIS.model, request_uri="gs://here/x",
        output_prefix="gs://here/output/x", labels={"troupe": "ab12", "attempt": "a"},
    )  # fmt: skip

    (told,) = read_probe(probe.probing, job.name)
    assert ("fault", True) == (told.state, "left alone" in told.message)


def test_a_job_that_is_gone_is_told(probe: ProbeHarness) -> None:
    """Deleted, or never there."""
    name = "projects/stories/locations/europe-west4/batchPredictionJobs/99"

    (told,) = read_probe(probe.probing, name)
    assert ("fault", True) == (told.state, "no such job" in told.message)


def test_a_job_that_failed_says_why_in_our_words(probe: ProbeHarness) -> None:
    """By its code; what the service wrote is not repeated."""
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
    """A service that leaves out what stands at this path, in every line."""

    def change(lines: list[Any]) -> list[Any]:
        for line in lines:
            place = line
            for step in path[:-1]:
                place = place[step]
            del place[path[-1]]
        return lines

    return change


def shortened(lines: list[Any]) -> list[Any]:
    """One transcript lost a space."""
    for line in lines:
        part = line["request"]["contents"][0]["parts"][0]
        part["text"] = part["text"].replace("please. \n", "please.\n")
    return lines


def unkeyed(lines: list[Any]) -> list[Any]:
    for change in (without("key"), without("request", "labels")):
        lines = change(lines)
    return lines


def in_another_order(lines: list[Any]) -> list[Any]:
    """Whichever it was."""
    wanted = list(asked(NAME))
    return sorted(lines, key=lambda line: -wanted.index(line["key"].removeprefix("k-")))


def cut(lines: list[Any]) -> list[Any]:
    lines[0]["response"]["candidates"][0]["finishReason"] = "MAX_TOKENS"
    return lines


CHANGES: dict[str, tuple[Any, dict[str, str], str]] = {
    "the key is dropped": (without("key"), {"key echo": "warning"}, "0 of 5"),
    "the label is dropped": (
        without("request", "labels"), {"label echo": "warning"}, "0 of 5"),
    "both are dropped": (
        unkeyed, {"rows": "fault", "key echo": "fault", "label echo": "fault",
                  "transcript echo": "fault"}, "could not be told apart"),
    "a transcript is changed": (
        shortened, {"transcript echo": "fault"}, "conversation 3 of 5"),
    "nothing is said of tokens": (
        without("response", "usageMetadata"), {"usage": "warning"}, "5 of 5 lines lack"),
    "an answer is cut off": (
        cut, {"rows": "fault", "finish reasons": "warning"}, "MAX_TOKENS 1"),
    "a line is missing": (
        lambda lines: lines[1:],
        {"rows": "fault", "key echo": "fault", "label echo": "fault", "transcript echo": "fault"},
        "4 of 5"),
    "a line comes twice": (lambda lines: [*lines, lines[0]], {"rows": "fault"}, "of 6 lines"),
    "lines are no JSON objects": (
        lambda lines: [1] * 5,
        {"rows": "fault", "key echo": "fault", "label echo": "fault", "transcript echo": "fault",
         "usage": "warning", "finish reasons": "warning"}, "0 of 5 are rows"),
    "the order is another": (in_another_order, {}, "not as asked"),
}  # fmt: skip


@pytest.mark.parametrize("story", CHANGES)
def test_what_a_service_does_otherwise_is_told(probe: ProbeHarness, story: str) -> None:
    """In its line, with what it means for runs."""
    change, expected, message = CHANGES[story]
    job = ended(probe)

    found = read_again(probe, change(probe.lines()), job)
    assert expected == problem(found)
    assert message in repr(found)


def test_no_word_of_an_answer_or_a_service_is_shown(probe: ProbeHarness) -> None:
    """Only counts, names of fields, and our own words."""
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
    """And read as runs read them."""
    made = ProbeHarness(tmp_path)
    made.behave(**behaviour)
    with made:
        found = read_probe(made.probing, ended(made))

    assert expected == problem(found)
    assert message in by_name(found)["files"].message


def test_a_file_that_nobody_reads_is_told(probe: ProbeHarness) -> None:
    """Its name, where it holds no other signs."""
    job = ended(probe)
    folder = probe.output().rpartition("/")[0]
    probe.bucket.content |= {f"{folder}/errors_0001.jsonl": b"", f"{folder}/a b": b""}

    told = by_name(read_probe(probe.probing, job))["files"]
    assert "warning" == told.state
    assert "errors_0001.jsonl" in told.message
    assert "a b" not in told.message


def test_a_missing_shard_is_told(probe: ProbeHarness) -> None:
    """Nothing is read of a half."""
    job = ended(probe)
    whole = probe.output()
    probe.bucket.content[f"{whole}-00000-of-00002"] = probe.bucket.content.pop(whole)

    found = [each for each in read_probe(probe.probing, job) if each.state == "fault"]
    assert ["files"] == [each.name for each in found]
    assert "shard_missing" in found[0].message


def test_a_folder_elsewhere_is_told(probe: ProbeHarness) -> None:
    """Runs go by what the job names."""
    job = ended(probe)
    prefix = output_of(probe.probing.settings, NAME)
    moved = probe.probing.job_service.get(job)
    assert moved is not None
    other = replace(moved, output_folder=prefix)
    probe.probing.job_service.get = lambda _: other  # type: ignore[method-assign,assignment]

    assert "warning" == by_name(read_probe(probe.probing, job))["layout"].state


def test_the_cost_is_a_range_with_its_day_and_a_most() -> None:
    """Cents, and never more: at most is what both jobs cost if both ask everything."""
    told = probe_cost(ANALYSIS)

    assert "5 invented conversations" in told
    assert "about 2 of them again" in told
    assert "20,480 written" in told
    assert "at most 0.03" in told
    assert "2026-10-14" in told


def test_an_unknown_price_is_unknown() -> None:
    """Never 0."""
    told = probe_cost(replace(ANALYSIS, model="gemini-9"))

    assert "unknown" in told
    assert "US dollars" not in told
