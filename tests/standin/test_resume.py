"""The stand-in resumes a job from the output of an earlier one: failed rows are sent again."""

import json
from pathlib import Path
from typing import Any

from handlers.ports import Job, JobState
from tests.standin.test_vertex import StandInHarness, ends, keys, request
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.settings import Behaviour, Resuming

FAILS = Corruption(share=0, poison=frozenset({f"{3:032x}"}), poison_kind=Kind.ROW_ERROR)


def ended(folder: Path, **settings: Any) -> tuple[StandInHarness, Job]:
    """A stand-in whose first job has one failed row of six; later jobs have none."""
    backend = StandInHarness(folder, corruption=FAILS)
    job = backend.create(backend.put(6))
    backend.work()
    backend.clock.pass_(60)
    backend._settings = settings
    backend.restarted()
    return backend, job


def resumed(backend: StandInHarness, job: Job) -> Job:
    """Run a second job on the output of the first."""
    second = backend.create(f"{backend.job(job).output_folder}/predictions.jsonl", name="again")
    backend.work()
    return second


def by_key(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {line["key"]: line for line in lines}


def test_failed_rows_are_sent_again_and_answered_ones_stay(tmp_path: Path) -> None:
    """As documented: the new output contains both, each once."""
    backend, first = ended(tmp_path)
    second = resumed(backend, first)

    before, after = by_key(backend.output(first)), by_key(backend.output(second))
    (failed,) = [key for key, line in before.items() if line["status"]]
    assert f"k-{3:032x}" == failed
    assert ("", "STOP") == (
        after[failed]["status"], after[failed]["response"]["candidates"][0]["finishReason"],
    )  # fmt: skip
    assert {**before, failed: after[failed]} == after
    assert 6 == len(backend.output(second))


def test_a_line_with_a_status_has_failed_even_with_a_response(tmp_path: Path) -> None:
    """A status or an empty response marks a failed row."""
    backend, first = ended(tmp_path)
    failed = [line | {"status": "Internal: {}"} for line in backend.output(first)]
    content = b"".join(json.dumps(line).encode() + b"\n" for line in failed)
    second = backend.create(backend.bucket.write_once("failed.jsonl", [content]).uri)
    backend.work()

    assert {""} == {line["status"] for line in backend.output(second)}


def test_a_row_that_is_sent_again_is_echoed_as_before(tmp_path: Path) -> None:
    """With its key and labels, and without a second set of nulls."""
    backend, first = ended(tmp_path)
    failed = f"k-{3:032x}"
    again = by_key(backend.output(resumed(backend, first)))[failed]

    assert by_key(backend.output(first))[failed]["request"] == again["request"]


def test_a_cancelled_job_is_resumed_from_what_it_exported(tmp_path: Path) -> None:
    """Rows that it did not export are missing from the second output."""
    backend = StandInHarness(tmp_path, behaviour=ends(state=JobState.CANCELLED, share=0.5))
    first = backend.create(backend.put(6))
    backend.work()
    backend._settings = {}
    backend.restarted()

    assert sorted(keys(backend.output(first))) == sorted(
        keys(backend.output(resumed(backend, first)))
    )


def test_requests_and_output_lines_may_be_mixed_in_one_file(tmp_path: Path) -> None:
    """Each line is recognised by its properties."""
    backend, first = ended(tmp_path)
    content = backend.bucket.content[f"{backend.job(first).output_folder}/predictions.jsonl"]
    more = json.dumps(request(7)).encode() + b"\n"
    mixed = backend.create(backend.bucket.write_once("mixed.jsonl", [content, more]).uri)
    backend.work()

    assert 7 == len(by_key(backend.output(mixed)))


def test_a_request_with_a_label_named_response_is_a_request(tmp_path: Path) -> None:
    """Only a property of the line itself counts."""
    backend = StandInHarness(tmp_path)
    line = request(1)
    line["request"]["labels"]["response"] = "x"
    job = backend.create(backend.bucket.write_once("in.jsonl", [json.dumps(line).encode()]).uri)
    backend.work()

    (line,) = backend.output(job)
    assert "x" == line["request"]["labels"]["response"]


def test_a_service_may_send_every_row_again(tmp_path: Path) -> None:
    """Then every answer is from the second job."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.REPEATS))
    second = resumed(backend, first)

    before, after = by_key(backend.output(first)), by_key(backend.output(second))
    assert before.keys() == after.keys()
    assert not [key for key in before if before[key]["response"] == after[key]["response"]]


def test_a_service_may_export_only_the_rows_it_sent_again(tmp_path: Path) -> None:
    """The answered rows are in the first output alone."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.DROPS))

    assert [f"k-{3:032x}"] == keys(backend.output(resumed(backend, first)))


def test_a_service_may_refuse_its_own_output(tmp_path: Path) -> None:
    """Because of the nulls that it added, before any row is sent."""
    backend, first = ended(tmp_path, behaviour=Behaviour(resuming=Resuming.REFUSES_FILE))
    second = backend.job(resumed(backend, first))

    assert (JobState.FAILED, 3) == (second.state, second.error_code)
    assert "NULL" in second.error_message


def test_a_kill_while_it_resumes_changes_no_byte(tmp_path: Path) -> None:
    """The job starts again from its input."""
    undisturbed, killed = (
        ended(tmp_path / name, behaviour=Behaviour(lines_per_step=2)) for name in "ab"
    )
    resumed(*undisturbed)
    backend, first = killed
    backend.create(f"{backend.job(first).output_folder}/predictions.jsonl", name="again")
    for steps in range(15):
        backend.restarted()
        for _ in range(steps):
            backend.service.step()

    assert undisturbed[0].bucket.content == backend.bucket.content
