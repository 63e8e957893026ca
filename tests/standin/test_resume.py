"""The stand-in resumes: a job that is given the output of an earlier one asks what failed."""

import json
from pathlib import Path
from typing import Any

from handlers.ports import Job, JobState
from tests.standin.test_vertex import StandInHarness, ends, keys, request
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour, Resuming

FAILS = Corruption(share=0, poison=frozenset({f"{3:032x}"}), poison_kind=Kind.ROW_ERROR)


def ended(folder: Path, **settings: Any) -> tuple[StandInHarness, Job]:
    """A service whose first job had one failure in six, and which does none of it again."""
    backend = StandInHarness(folder, corruption=FAILS)
    job = backend.create(backend.put(6))
    backend.work()
    backend.clock.pass_(60)
    backend._settings = settings
    backend.restarted()
    return backend, job


def resumed(backend: StandInHarness, job: Job) -> Job:
    """What becomes of its output."""
    second = backend.create(f"{backend.job(job).output_folder}/predictions.jsonl", name="again")
    backend.work()
    return second


def by_key(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {line["key"]: line for line in lines}


def test_what_failed_is_asked_again_and_what_was_answered_stays(tmp_path: Path) -> None:
    """As documented: both stand in the new output, each once."""
    backend, first = ended(tmp_path)
    second = resumed(backend, first)

    was, now = by_key(backend.output(first)), by_key(backend.output(second))
    (failed,) = [key for key, line in was.items() if line["status"]]
    assert f"k-{3:032x}" == failed
    assert ("", "STOP") == (
        now[failed]["status"], now[failed]["response"]["candidates"][0]["finishReason"],
    )  # fmt: skip
    assert {**was, failed: now[failed]} == now
    assert 6 == len(backend.output(second))


def test_a_line_with_a_status_has_failed_whatever_else_it_holds(tmp_path: Path) -> None:
    """Either a status or an empty response makes a failure."""
    backend, first = ended(tmp_path)
    was = [line | {"status": "Internal: {}"} for line in backend.output(first)]
    content = b"".join(json.dumps(line).encode() + b"\n" for line in was)
    second = backend.create(backend.bucket.write_once("failed.jsonl", [content]).uri)
    backend.work()

    assert {""} == {line["status"] for line in backend.output(second)}


def test_what_is_asked_again_comes_back_as_the_first_time(tmp_path: Path) -> None:
    """Its key, its labels, and one layer of nulls."""
    backend, first = ended(tmp_path)
    failed = f"k-{3:032x}"
    now = by_key(backend.output(resumed(backend, first)))[failed]

    assert by_key(backend.output(first))[failed]["request"] == now["request"]


def test_a_cancelled_job_is_resumed_from_what_it_exported(tmp_path: Path) -> None:
    """The lines that it never wrote are not known to the next."""
    backend = StandInHarness(tmp_path, behaviour=ends(state=JobState.CANCELLED, share=0.5))
    first = backend.create(backend.put(6))
    backend.work()
    backend._settings = {}
    backend.restarted()

    assert sorted(keys(backend.output(first))) == sorted(
        keys(backend.output(resumed(backend, first)))
    )


def test_requests_and_lines_of_an_output_may_stand_in_one_file(tmp_path: Path) -> None:
    """Which are which is seen at each line."""
    backend, first = ended(tmp_path)
    content = backend.bucket.content[f"{backend.job(first).output_folder}/predictions.jsonl"]
    more = json.dumps(request(7)).encode() + b"\n"
    mixed = backend.create(backend.bucket.write_once("mixed.jsonl", [content, more]).uri)
    backend.work()

    assert 7 == len(by_key(backend.output(mixed)))


def test_a_request_that_only_speaks_of_a_response_is_a_request(tmp_path: Path) -> None:
    """The word stands deeper in the line."""
    backend = StandInHarness(tmp_path)
    line = request(1)
    line["request"]["labels"]["response"] = "x"
    job = backend.create(backend.bucket.write_once("in.jsonl", [json.dumps(line).encode()]).uri)
    backend.work()

    (told,) = backend.output(job)
    assert "x" == told["request"]["labels"]["response"]


def test_a_service_may_ask_everything_again(tmp_path: Path) -> None:
    """Each answer is then of the second job."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.REPEATS))
    second = resumed(backend, first)

    was, now = by_key(backend.output(first)), by_key(backend.output(second))
    assert was.keys() == now.keys()
    assert not [key for key in was if was[key]["response"] == now[key]["response"]]


def test_a_service_may_write_only_what_it_asked_again(tmp_path: Path) -> None:
    """What was answered stands in the first output alone."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.DROPS))

    assert [f"k-{3:032x}"] == keys(backend.output(resumed(backend, first)))


def test_a_service_may_refuse_its_own_output(tmp_path: Path) -> None:
    """For the nulls that it wrote: before anything is asked."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.REFUSES_FILE))
    second = backend.job(resumed(backend, first))

    assert (JobState.FAILED, 3) == (second.state, second.error_code)
    assert "NULL" in second.error_message


def test_a_kill_while_it_resumes_changes_no_byte(tmp_path: Path) -> None:
    """The job begins again from its input."""
    calm, wild = (ended(tmp_path / name, behaviour=Behaviour(lines_per_step=2)) for name in "ab")
    resumed(*calm)
    backend, first = wild
    backend.create(f"{backend.job(first).output_folder}/predictions.jsonl", name="again")
    for steps in range(15):
        backend.restarted()
        for _ in range(steps):
            backend.service.step()

    assert calm[0].bucket.content == backend.bucket.content
