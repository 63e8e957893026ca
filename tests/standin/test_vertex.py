"""The stand-in follows the protocol of batch prediction, with its pitfalls."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from analysis import Reader, Request, fingerprint, load_analysis, render
from handlers.ports import Blob, Job, JobService, JobState
from tests.analysis.making import columns_of
from tests.files import files_in
from tests.local.fakes import HeldClock, MemoryBucket
from troupe.standin.corrupt import Corruption, Kind
from troupe.standin.importer import Importer, ImportRefusedError
from troupe.standin.prediction_lines import Answer, text_of, transcript_of
from troupe.standin.settings import Behaviour, End
from troupe.standin.vertex import InvalidRequest, StandIn, UnknownModel

MODEL = "publishers/google/models/gemini-3.5-flash-lite"
LABELS = {"attempt": "run-1__1__1"}


class StandInHarness:
    """A stand-in with its bucket and clock."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.clock = HeldClock()
        self.bucket = MemoryBucket()
        self.written: list[Blob] = []
        self._folder = folder
        self._settings = settings
        self.service = self.restarted()

    def restarted(self) -> StandIn:
        """A new stand-in on the same folder, as after a restart."""
        self.service = StandIn(
            self._folder, self.bucket, self.clock, on_output=self.written.append, **self._settings
        )
        return self.service

    def put(self, count: int = 5, path: str = "in.jsonl") -> str:
        lines = (json.dumps(request(number)).encode() + b"\n" for number in range(count))
        return self.bucket.write_once(path, lines).uri

    def create(self, uri: str, name: str = "run-1.1.1", **labels: str) -> Job:
        return self.service.create(
            display_name=name,
            model=MODEL,
            request_uri=uri,
            output_prefix="gs://here/out",
            labels=labels or LABELS,
        )

    def work(self) -> None:
        while self.service.step():
            pass

    def job(self, job: Job) -> Job:
        current = self.service.get(job.name)
        assert current is not None
        return current

    def output(self, job: Job, name: str = "predictions.jsonl") -> list[dict[str, Any]]:
        content = self.bucket.content[f"{self.job(job).output_folder}/{name}"]
        return [json.loads(line) for line in content.splitlines()]

    def files(self, job: Job) -> list[str]:
        folder = self.job(job).output_folder
        assert folder is not None
        return [blob.uri.removeprefix(folder + "/") for blob in self.bucket.list(folder)]


def request(number: int, text: str = "CUSTOMER: Where is my order?") -> dict[str, Any]:
    record = f"{number:032x}"
    fenced = f"Review.\n<transcript-{record}>\n{text} {number}\n</transcript-{record}>\n"
    return {
        "key": f"k-{record}",
        "request": {
            "contents": [{"role": "user", "parts": [{"text": fenced}]}],
            "labels": {"record": record},
        },
    }


def ends(**end: Any) -> Behaviour:
    return Behaviour(end=lambda job: End(**end))


def keys(lines: list[dict[str, Any]]) -> list[str]:
    return [line["key"] for line in lines]


def test_the_stand_in_is_a_job_service(tmp_path: Path) -> None:
    """It implements the port; mypy checks it."""
    job_service: JobService = StandInHarness(tmp_path).service

    assert job_service.find({}) == []


def test_a_job_goes_from_pending_to_succeeded_with_one_answer_a_line(tmp_path: Path) -> None:
    """The common case, with every field that handlers read."""
    backend = StandInHarness(tmp_path)
    created = backend.create(backend.put(40))
    assert created.state is JobState.PENDING
    assert created.output_folder is None

    backend.work()

    job, lines = backend.job(created), backend.output(created)
    assert job.state is JobState.SUCCEEDED
    assert job.started_at is not None
    assert job.error_code is None
    assert backend.files(job) == ["predictions.jsonl"]
    assert [blob.uri.rsplit("/", 1)[1] for blob in backend.written] == ["predictions.jsonl"]
    assert sorted(keys(lines)) == [f"k-{number:032x}" for number in range(40)]
    assert keys(lines) != sorted(keys(lines))  # not in the order of the input


def test_the_output_folder_is_named_after_the_time_of_creation(tmp_path: Path) -> None:
    """With colons; two jobs created at one time have different folders."""
    backend = StandInHarness(tmp_path)
    uri = backend.put()
    first, second = backend.create(uri), backend.create(uri)
    backend.work()

    folder = "gs://here/out/prediction-model-2026-03-02T09:00:00.000000Z"
    assert backend.job(first).output_folder == folder
    assert backend.job(second).output_folder not in (None, folder)


def test_a_line_is_like_the_service_s(tmp_path: Path) -> None:
    """Status, time, echoed request with added nulls, response and key."""
    backend = StandInHarness(tmp_path)
    job = backend.create(backend.put(1))
    backend.work()

    (line,) = backend.output(job)
    candidate = line["response"]["candidates"][0]
    assert line["status"] == ""
    assert datetime.fromisoformat(line["processed_time"]).tzinfo is not None
    assert line["request"]["contents"][0]["parts"][0]["fileData"] is None
    assert line["request"]["labels"] == {"record": "0" * 32}
    assert candidate["finishReason"] == "STOP"
    assert candidate["content"]["role"] == "model"
    assert line["response"]["usageMetadata"]["promptTokenCount"] > 0
    assert line["response"]["modelVersion"] == "stand-in", "no row may look like the model's"


def test_answers_to_our_own_requests_are_read_without_an_error(tmp_path: Path) -> None:
    """With the rendered request lines, and answers that fit the schema."""
    analysis = load_analysis("call_review_v1")
    texts = ["CUSTOMER: Where is my sofa?\nAGENT: It has been sent.", "CUSTOMER: Wo ist er? 😡"]
    requests = [Request(f"{number:032x}", text, 2048) for number, text in enumerate(texts)]
    backend = StandInHarness(tmp_path)
    job = backend.create(backend.bucket.write_once("in.jsonl", render(analysis, requests)).uri)
    backend.work()

    content = backend.bucket.content[f"{backend.job(job).output_folder}/predictions.jsonl"]
    readings = list(Reader(analysis).read([content]))
    assert [reading.error_type for reading in readings] == [None, None]
    assert {"exact"} == {reading.repair_grade for reading in readings}
    assert {"en", "de"} == {columns_of(reading)["language_code"] for reading in readings}
    assert {fingerprint(text) for text in texts} == {one.text_fingerprint for one in readings}


def test_the_transcript_is_read_from_the_prompt(tmp_path: Path) -> None:
    """Between its tags, also when it contains tags; without tags the whole text."""
    forged = "hello </transcript-0> <transcript-9>"

    assert transcript_of(f"Do.\n<transcript-7>\n{forged}\n</transcript-7>\nNow.") == forged
    assert transcript_of("only this") == "only this"


@pytest.mark.parametrize(
    "line",
    [
        b"{not json",
        b'["a list"]',
        b'{"key":"k-1"}',
        b'{"request":{"a":{}}}',
        b'{"request":{"a":null}}',
        b'{"request":{"$defs":1}}',
        b'{"request":{"a b":1}}',
        b'{"request":{"contents":"text"}}',
        b'{"request":' + b'{"a":' * 15 + b"1" + b"}" * 15 + b"}",
    ],
)
def test_one_bad_line_refuses_the_whole_job(tmp_path: Path, line: bytes) -> None:
    """Before any row is answered, with the message of the service."""
    backend = StandInHarness(tmp_path)
    valid = json.dumps(request(1)).encode()
    uri = backend.bucket.write_once("in.jsonl", [valid, b"\n", line, b"\n"]).uri
    job = backend.create(uri)
    backend.work()

    failed = backend.job(job)
    assert failed.state is JobState.FAILED
    assert failed.error_code == 3
    assert failed.error_message.startswith("Failed to import data. Please check")
    assert backend.written == []


def test_a_type_that_changes_in_a_repeated_struct_is_refused() -> None:
    """Equal structs are checked once, and a truth is not equal to a number."""
    importer = Importer()
    for _ in range(2):
        importer.check(b'{"request":{"a":{"b":{"c":true}}}}')

    with pytest.raises(ImportRefusedError, match="changed type from boolean to number"):
        importer.check(b'{"request":{"a":{"b":{"c":1}}}}')


def test_a_missing_or_empty_file_is_refused_as_well(tmp_path: Path) -> None:
    """The job is created, and fails with code 3."""
    backend = StandInHarness(tmp_path)
    elsewhere = [backend.create("gs://here/nothing"), backend.create("gs://there/in.jsonl")]
    jobs = [*elsewhere, backend.create(backend.put(0))]
    backend.work()

    assert [backend.job(job).error_code for job in jobs] == [3, 3, 3]


def test_a_foreign_bucket_fails_later_with_code_nine(tmp_path: Path) -> None:
    """The job is created without an error."""
    backend = StandInHarness(tmp_path)
    job = backend.service.create(
        display_name="x",
        model=MODEL,
        request_uri=backend.put(),
        output_prefix="gs://there/o",
        labels={},
    )
    backend.work()

    assert backend.job(job).error_code == 9


def test_unknown_models_and_wrong_labels_are_refused_at_once(tmp_path: Path) -> None:
    """No job is created."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(unknown_models=frozenset({MODEL})))
    with pytest.raises(UnknownModel):
        backend.create(backend.put())
    for labels in ({"Run": "x"}, {"run": "a b"}, {"run": "x" * 65}):
        with pytest.raises(InvalidRequest):
            backend.create("gs://here/in.jsonl", **labels)
    with pytest.raises(InvalidRequest):
        backend.create("gs://here/in.jsonl", name="n" * 129)

    assert backend.service.find({}) == []


def test_jobs_are_found_by_all_of_their_labels(tmp_path: Path) -> None:
    """And by their time of creation."""
    backend = StandInHarness(tmp_path)
    first = backend.create("gs://here/a", run="1", batch="1")
    backend.clock.pass_(60)
    second = backend.create("gs://here/a", run="1", batch="2")

    assert backend.service.find({"run": "1"}) == [first, second]
    assert backend.service.find({"run": "1", "batch": "2"}) == [second]
    assert backend.service.find({"run": "2"}) == []
    assert backend.service.created_since(second.created_at, {"run": "1"}) == [second]


def test_a_new_job_may_be_missing_from_lists(tmp_path: Path) -> None:
    """Until `list_lag_seconds` have passed; by its name it is found at once."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(list_lag_seconds=30))
    job = backend.create(backend.put())

    assert backend.service.find(LABELS) == []
    assert backend.service.get(job.name) == job
    backend.clock.pass_(31)
    assert backend.service.find(LABELS) == [job]


def test_a_job_waits_and_runs_for_its_times(tmp_path: Path) -> None:
    """Rows are answered in proportion to the time; `next_due` is when the job can go on."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(pending_seconds=90, running_seconds=100))
    job = backend.create(backend.put(10))
    backend.work()
    assert backend.job(job).state is JobState.PENDING
    assert backend.service.next_due() == job.created_at + timedelta(seconds=90)

    backend.clock.pass_(90)
    backend.work()
    backend.clock.pass_(50)
    backend.work()
    assert backend.job(job).state is JobState.RUNNING
    backend.clock.pass_(50)
    backend.work()

    assert backend.job(job).state is JobState.SUCCEEDED
    assert backend.service.next_due() is None
    assert len(backend.output(job)) == 10


def test_a_step_is_a_bounded_piece_of_work(tmp_path: Path) -> None:
    """It ends after its number of lines or its seconds."""
    answered: list[int] = []

    def slow(request: Mapping[str, Any]) -> Answer:
        answered.append(1)
        backend.clock.pass_(1)
        return Answer(text="{}")

    backend = StandInHarness(tmp_path, answerer=slow, behaviour=Behaviour(seconds_per_step=2))
    backend.create(backend.put(9))
    while not answered:
        backend.service.step()

    assert len(answered) == 2


def test_a_pending_job_is_cancelled_at_once(tmp_path: Path) -> None:
    """Without output."""
    backend = StandInHarness(tmp_path)
    job = backend.create(backend.put())
    backend.service.cancel(job.name)
    backend.work()

    cancelled = backend.job(job)
    assert (cancelled.state, cancelled.error_code) == (JobState.CANCELLED, 1)
    assert cancelled.output_folder is None


def test_a_running_job_is_cancelled_with_its_answered_rows(tmp_path: Path) -> None:
    """Rows that were answered are exported, also after a restart."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(running_seconds=100))
    job = backend.create(backend.put(10))
    backend.work()
    backend.clock.pass_(40)
    backend.work()
    backend.service.cancel(job.name)
    assert backend.job(job).state is JobState.CANCELLING
    backend.restarted()
    backend.work()

    assert backend.job(job).state is JobState.CANCELLED
    assert len(backend.output(job)) == 4


def test_cancelling_an_ended_job_changes_nothing(tmp_path: Path) -> None:
    """Nor does cancelling one that does not exist."""
    backend = StandInHarness(tmp_path)
    job = backend.create(backend.put())
    backend.work()
    backend.service.cancel(job.name)
    backend.service.cancel("projects/local/locations/local/batchPredictionJobs/1")

    assert backend.job(job).state is JobState.SUCCEEDED


@pytest.mark.parametrize(
    ("behaviour", "state", "code", "rows"),
    [
        (ends(state=JobState.FAILED, share=0.5), JobState.FAILED, 13, 5),
        (ends(state=JobState.FAILED, code=7, message="no"), JobState.FAILED, 7, 10),
        (ends(state=JobState.CANCELLED, share=0.3), JobState.CANCELLED, 1, 3),
        (ends(state=JobState.EXPIRED, share=0.2), JobState.EXPIRED, None, 2),
        (
            ends(state=JobState.PARTIALLY_SUCCEEDED, share=0.9),
            JobState.PARTIALLY_SUCCEEDED,
            None,
            9,
        ),
    ],
)
def test_a_job_that_did_not_succeed_may_have_rows(
    tmp_path: Path, behaviour: Behaviour, state: JobState, code: int | None, rows: int
) -> None:
    """Only failed and cancelled jobs have an error."""
    backend = StandInHarness(tmp_path, behaviour=behaviour)
    job = backend.create(backend.put(10))
    backend.work()

    assert (backend.job(job).state, backend.job(job).error_code) == (state, code)
    assert len(backend.output(job)) == rows


def test_a_job_may_end_without_any_file(tmp_path: Path) -> None:
    """It still has a folder name; a job that expired in the queue has none."""
    backend = StandInHarness(tmp_path, behaviour=ends(share=0))
    job = backend.create(backend.put())
    backend.work()
    assert backend.job(job).state is JobState.SUCCEEDED
    assert backend.files(job) == []

    backend = StandInHarness(tmp_path / "b", behaviour=ends(state=JobState.EXPIRED, share=0))
    job = backend.create(backend.put())
    backend.work()
    assert backend.job(job).state is JobState.EXPIRED
    assert backend.job(job).output_folder is None


@pytest.mark.parametrize(
    "state", [JobState.QUEUED, JobState.PENDING, JobState.RUNNING, JobState.PAUSED]
)
def test_a_stuck_job_stays_until_it_is_cancelled(tmp_path: Path, state: JobState) -> None:
    """Later jobs are processed."""

    def stuck(job: Job) -> End:
        return End(state=state) if "stuck" in job.labels else End()

    backend = StandInHarness(tmp_path, behaviour=Behaviour(end=stuck))
    uri = backend.put()
    first, second = backend.create(uri, stuck="yes"), backend.create(uri)
    backend.work()
    assert backend.job(first).state is state
    assert backend.job(second).state is JobState.SUCCEEDED

    backend.service.cancel(first.name)
    backend.work()
    assert backend.job(first).state is JobState.CANCELLED


def test_output_may_come_in_shards(tmp_path: Path) -> None:
    """Every line is in one of them, and each name contains their number."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(shards=3))
    job = backend.create(backend.put(10))
    backend.work()

    names = [f"predictions.jsonl-0000{shard}-of-00003" for shard in range(3)]
    assert backend.files(job) == names
    assert len({key for name in names for key in keys(backend.output(job, name))}) == 10


def test_a_shard_may_be_missing(tmp_path: Path) -> None:
    """The names of the others still count it."""
    lossy = Behaviour(shards=3, end=lambda job: End(missing_shards=1))
    backend = StandInHarness(tmp_path, behaviour=lossy)
    job = backend.create(backend.put(9))
    backend.work()

    assert backend.files(job) == [f"predictions.jsonl-0000{shard}-of-00003" for shard in (0, 1)]


def test_an_incremental_file_may_be_written_beside_or_alone(tmp_path: Path) -> None:
    """Beside the final file, or instead of it."""
    backend = StandInHarness(tmp_path, behaviour=Behaviour(incremental=True))
    job = backend.create(backend.put())
    backend.work()
    assert backend.files(job) == ["incremental_predictions.jsonl", "predictions.jsonl"]

    backend = StandInHarness(
        tmp_path / "b", behaviour=ends(state=JobState.FAILED, only_incremental=True)
    )
    job = backend.create(backend.put())
    backend.work()
    assert backend.files(job) == ["incremental_predictions.jsonl"]


def test_a_killed_process_leaves_no_partial_output(tmp_path: Path) -> None:
    """Whenever it is killed, the next process exports the same bytes."""
    undisturbed = StandInHarness(tmp_path / "undisturbed", behaviour=Behaviour(lines_per_step=3))
    job = undisturbed.create(undisturbed.put(20))
    undisturbed.work()

    killed = StandInHarness(tmp_path / "killed", behaviour=Behaviour(lines_per_step=3))
    killed.create(killed.put(20))
    for steps in range(25):
        killed.restarted()
        for _ in range(steps):
            killed.service.step()

    assert killed.job(job).state is JobState.SUCCEEDED
    assert undisturbed.bucket.content == killed.bucket.content


def test_an_own_model_gets_each_request_once_whenever_the_process_is_killed(tmp_path: Path) -> None:
    """Answers are cached; a request that failed is sent again."""
    sent: list[str] = []

    def answers(request: Any) -> Answer:
        text = text_of(request["contents"][0])
        sent.append(text)
        return Answer(status="Unavailable: {}") if len(sent) == 3 else Answer(text=f"{len(sent)}")

    backend = StandInHarness(
        tmp_path,
        answerer=answers,
        behaviour=Behaviour(lines_per_step=3, keeps_answers=True),
    )
    job = backend.create(backend.put(20))
    while len(sent) < 12:
        backend.service.step()
    (answer_cache,) = tmp_path.rglob("*.answers")
    with answer_cache.open("ab") as file:
        file.write(b'{"line": 99, "answ')
    backend.restarted()
    backend.work()

    assert ["SUCCEEDED", 20] == [backend.job(job).state.name, len(backend.output(job))]
    assert 21 == len(sent)
    assert [] == [line for line in backend.output(job) if line["status"]]
    assert not answer_cache.exists()


def test_a_kill_after_the_export_does_not_change_it(tmp_path: Path) -> None:
    """Also with an answerer that gives other answers each time: the existing file is kept."""
    count = iter(range(1000))
    backend = StandInHarness(tmp_path, answerer=lambda request: Answer(text=str(next(count))))
    job = backend.create(backend.put(4))
    while not backend.written:
        before = {file: file.read_bytes() for file in files_in(tmp_path, "*.json")}
        backend.service.step()
    content = dict(backend.bucket.content)
    for file, was in before.items():
        file.write_bytes(was)
    backend.restarted()
    backend.work()

    assert backend.job(job).state is JobState.SUCCEEDED
    assert content == backend.bucket.content


def test_the_number_of_a_deleted_job_is_not_used_again(tmp_path: Path) -> None:
    """Nor is the job found, also by the next process."""
    backend = StandInHarness(tmp_path)
    job = backend.create(backend.put())
    backend.service.delete(job.name)
    backend.restarted()

    assert backend.service.get(job.name) is None
    assert backend.service.find(LABELS) == []
    assert backend.create("gs://here/in.jsonl").name != job.name


def test_corruption_changes_only_the_chosen_answers(tmp_path: Path) -> None:
    """One poisoned record fails, the others are answered."""
    corruption = Corruption(share=0, poison=frozenset({f"{3:032x}"}), poison_kind=Kind.ROW_ERROR)
    backend = StandInHarness(tmp_path, corruption=corruption)
    job = backend.create(backend.put(6))
    backend.work()

    failed = [line for line in backend.output(job) if line["status"]]
    assert keys(failed) == [f"k-{3:032x}"]
    assert failed[0]["response"] == {}


def test_a_key_of_digits_becomes_a_number(tmp_path: Path) -> None:
    """The importer infers types; our keys have a prefix for that reason."""
    backend = StandInHarness(tmp_path)
    line = json.dumps(request(1) | {"key": "000123"}).encode()
    job = backend.create(backend.bucket.write_once("in.jsonl", [line]).uri)
    backend.work()

    (output,) = backend.output(job)
    assert output["key"] == 123
