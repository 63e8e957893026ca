"""`troupe analysis try`: a prompt tried on some transcripts now, and nothing stored."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.prices import price_of
from tests.cli.command import Command, run_here
from tests.endpoint.server import Said, Server, serving
from tests.files import files_in
from tests.gcp.making import ENVIRON
from tests.harness import calls, id_of
from tests.online.vertex import MODEL, FakeVertex, failure, online_model
from troupe.backends.gcp import backend as gcp_backend

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ANSWER = {"verdict": "fine", "risk": "medium", "identityChecked": True, "score": 3, "findings": []}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two versions of an analysis, and a file of transcripts."""
    shutil.copytree(EXAMPLES / "compliance_check_v1", tmp_path / "check_v1")
    _set(tmp_path / "check_v1", name="check_v1")
    shutil.copytree(tmp_path / "check_v1", tmp_path / "check_v2")
    _set(tmp_path / "check_v2", name="check_v2", equivalents={"risk": {"medium": "high"}})
    lines = "".join(json.dumps(row) + "\n" for row in calls(30))
    (tmp_path / "calls.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _set(analysis: Path, **settings: Any) -> None:
    file = analysis / "analysis.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


@pytest.fixture
def endpoint() -> Iterator[Server]:
    """A model of one's own that always answers the same."""
    reply = {
        "choices": [{"message": {"content": json.dumps(ANSWER)}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20},
    }
    with serving(lambda _: Said(reply)) as server:
        yield server


@pytest.fixture
def vertex(monkeypatch: pytest.MonkeyPatch) -> FakeVertex:
    """A deployment on Google Cloud whose Vertex is a fake."""
    fake = FakeVertex(json.dumps(ANSWER))
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        gcp_backend, "make_online_model", lambda _settings, model: online_model(fake, model)
    )
    return fake


def tried(*words: str, code: int = 0) -> str:
    ended_with, output = run_here(["analysis", "try", *words])
    assert code == ended_with, output
    return output


def tried_json(*words: str, code: int = 0) -> Any:
    output = tried(*words, "--json", code=code)
    return json.loads(output[output.index("{\n") :])


FILE = ("--file", "calls.jsonl")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(file): file.read_bytes() for file in files_in(folder)}


def test_a_prompt_is_tried_in_an_empty_folder_and_nothing_is_written(folder: Path) -> None:
    """No state folder either."""
    before = contents(folder)
    output = tried("check_v1", *FILE, "--sample", "2")

    assert before == contents(folder)
    assert 2 == output.count("\nrecord ")
    assert "simulated: no model read the transcripts" in output
    assert "would have cost $" in output
    assert "nothing was stored" in output


def test_transcripts_of_the_source_table_are_tried_and_no_table_changes(folder: Path) -> None:
    """The state folder is only read."""
    troupe = Command(folder / ".troupe")
    troupe("load", "calls.jsonl")
    before = contents(folder)

    ids = [each["record_id"] for each in tried_json("check_v1", "--sample", "4")["records"]]
    same = [each["record_id"] for each in tried_json("check_v1", *FILE, "--sample", "4")["records"]]
    assert before == contents(folder)
    assert 4 == len(set(ids))
    assert ids == same
    assert ids != [e["record_id"] for e in tried_json("check_v1", "--seed", "b")["records"]][:4]


def test_an_answer_is_read_as_in_a_run(folder: Path, endpoint: Server) -> None:
    """The row has the columns, the equivalent and what the model wrote."""
    own = ("--model-url", endpoint.url, "--model-name", "m", *FILE, "--sample", "1")
    result = tried_json("check_v1", *own)

    (answer,) = result["records"][0]["answers"]
    assert "normalised" == answer["grade"]
    assert "low" == answer["columns"]["risk"]
    assert ({"risk": "medium"}, ["risk"]) == (answer["raw_values"], answer["normalised_fields"])
    assert (100, 20, None) == (answer["input_tokens"], answer["output_tokens"], answer["cost"])
    assert ("m", False) == (result["analyses"][0]["model"], result["analyses"][0]["is_simulated"])
    assert 'low (the model wrote "medium")' in tried("check_v1", *own)


def test_two_analyses_stand_side_by_side_each_read_by_its_own_rules(
    folder: Path, endpoint: Server
) -> None:
    """The same answer is `low` by one, and `high` by the other."""
    own = ("--model-url", endpoint.url, "--model-name", "m", *FILE, "--sample", "2")
    result = tried_json("check_v1", "--against", "check_v2", *own)

    for record in result["records"]:
        assert ["low", "high"] == [each["columns"]["risk"] for each in record["answers"]]
        assert ["risk"] == record["differences"]
    marked = [
        line for line in tried("check_v1", "--against", "check_v2", *own).splitlines()
        if line.startswith("* ")
    ]  # fmt: skip
    assert 2 == len(marked)
    assert all("low" in line and "high" in line for line in marked)


def test_each_analysis_sends_its_own_request(folder: Path, endpoint: Server) -> None:
    """The line is that of a run: the prompt of the folder with the transcript in its fence."""
    (folder / "check_v2" / "system.md").write_text("Answer in Latin.")
    own = ("--model-url", endpoint.url, "--model-name", "m", *FILE, "--sample", "1")
    tried("check_v1", "--against", "check_v2", *own)

    systems = {each.body["messages"][0]["content"] for each in endpoint.posts}
    (record,) = {each.prompt.partition("transcript-")[2][:32] for each in endpoint.posts}
    assert {
        (EXAMPLES / "compliance_check_v1" / "system.md").read_text().strip(),
        "Answer in Latin.",
    } == systems
    (call,) = (each for each in calls(30) if id_of(each) == record)
    assert all(call["transcript"] in each.prompt for each in endpoint.posts)


@pytest.mark.parametrize("source", ["file", "table"])
def test_what_the_rules_replace_is_neither_sent_nor_shown(
    folder: Path, endpoint: Server, source: str
) -> None:
    """By the rules of each analysis, whose answers then differ in nothing else."""
    mail = "erika.mustermann@example.com"
    rows = calls(3, transcript=f"CUSTOMER: Write to {mail}, please.")
    (folder / "calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rules = {"rules": [{"use": "email"}]}
    (folder / "check_v1" / "redact.json").write_text(json.dumps(rules))
    (folder / "check_v2" / "redact.json").write_text(json.dumps({"redact": "off", **rules}))
    if source == "table":
        Command(folder / ".troupe")("load", "calls.jsonl")
    own = ("--model-url", endpoint.url, "--model-name", "m", *(FILE if source == "file" else ()))

    output = tried("check_v1", *own)
    sent = [each.prompt for each in endpoint.posts]
    assert 3 == len(sent)
    assert all("Write to [EMAIL], please." in each and mail not in each for each in sent)
    assert mail not in output
    assert "[EMAIL]" in output

    endpoint.requests.clear()
    tried("check_v1", "--against", "check_v2", *own)
    assert 3 == sum(mail in each.prompt for each in endpoint.posts)
    assert 3 == sum("[EMAIL]" in each.prompt for each in endpoint.posts)


@pytest.mark.parametrize("source", ["file", "table"])
def test_call_attributes_stand_in_the_prompt_and_are_redacted(
    folder: Path, endpoint: Server, source: str
) -> None:
    """As a run fills them in, whether they come from CSV or from the source table."""
    shutil.copytree(EXAMPLES / "queue_review_v1", folder / "queue_review_v1")
    text = json.dumps({"rules": [{"use": "email"}]})
    (folder / "queue_review_v1" / "redact.json").write_text(text)
    (folder / "q.csv").write_text(
        "interactionId,transcript,queue,duration_seconds,agent_team\n"
        "q-1,hello there,ask erika@example.com,412,north\n"
    )
    if source == "table":
        Command(folder / ".troupe")("load", "q.csv")
    own = ("--model-url", endpoint.url, "--model-name", "m")
    tried("queue_review_v1", *own, *(("--file", "q.csv") if source == "file" else ()), code=3)

    (asked,) = endpoint.posts
    assert "Queue: ask [EMAIL]\nDuration in seconds: 412\n" in asked.prompt


def test_a_call_attribute_that_the_file_lacks_is_named(folder: Path, endpoint: Server) -> None:
    """A prompt with blanks would be another prompt."""
    shutil.copytree(EXAMPLES / "queue_review_v1", folder / "queue_review_v1")
    own = ("--model-url", endpoint.url, "--model-name", "m")

    assert "it has no column queue" in tried("queue_review_v1", *own, *FILE, code=2)
    Command(folder / ".troupe")("load", "calls.jsonl")
    assert "queue" in tried("queue_review_v1", *own, code=2)
    assert [] == endpoint.posts


def test_a_rule_that_cannot_be_used_is_named_before_anything_is_sent(
    folder: Path, endpoint: Server
) -> None:
    """A rule that is left out would send what it should have replaced."""
    rule = {"name": "all", "pattern": "(?:a{60}){60}b", "replacement": "y"}
    (folder / "check_v1" / "redact.json").write_text(json.dumps({"rules": [rule]}))
    own = ("--model-url", endpoint.url, "--model-name", "m")

    assert "rule all" in tried("check_v1", *FILE, *own, code=1)
    assert [] == endpoint.posts


def test_a_refused_answer_says_what_to_do_and_ends_with_3(folder: Path, endpoint: Server) -> None:
    """With what the model wrote, and what the service said."""
    own = ("--model-url", endpoint.url, "--model-name", "m", *FILE, "--sample", "1")
    endpoint.script = lambda _: Said({"choices": [{"message": {"content": "I am not sure."}, "finish_reason": "stop"}]})  # fmt: skip
    output = tried("check_v1", *own, code=3)
    assert "refused: json_parse_error" in output
    assert "ask in system.md for one JSON object" in output
    assert "I am not sure." in output

    endpoint.script = lambda _: Said({"error": {"message": "schema too deep"}}, 400)
    output = tried("check_v1", *own, code=3)
    assert "schema too deep" in output
    assert "0 rows, 1 refused" in output


def test_what_no_run_sends_is_not_asked(folder: Path, endpoint: Server) -> None:
    """A blank transcript, and one over the limit of the analysis."""
    _set(folder / "check_v1", max_transcript_bytes=1_000)
    rows = [*calls(1, transcript="x" * 2_000), *calls(1, 1, transcript=" ")]
    (folder / "calls.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    chosen = [word for row in rows for word in ("--record", id_of(row))]
    result = tried_json(
        "check_v1", *FILE, *chosen, "--model-url", endpoint.url, "--model-name", "m", code=3
    )

    errors = {each["answers"][0]["error_type"] for each in result["records"]}
    assert {"request_too_large", "empty_transcript"} == errors
    assert [] == endpoint.posts


def test_on_google_cloud_the_price_is_shown_before_vertex_is_asked(
    folder: Path, vertex: FakeVertex
) -> None:
    """The online price, which counts in the answer's cost too."""
    output = tried("check_v1", "--backend", "gcp", *FILE, "--sample", "1")
    first = output.splitlines()[0]
    assert f"1 transcript, answered by {MODEL} on Vertex AI in europe-west4, for $" in first
    assert "at the online price" in first

    result = tried_json("check_v1", "--backend", "gcp", *FILE, "--sample", "1")
    price = price_of(MODEL)
    assert price is not None
    assert price.online.input == pytest.approx(2 * price.input)
    cost = (11 * price.online.input + 8 * price.online.output) / 1e6
    assert pytest.approx(cost) == result["analyses"][0]["cost"]
    assert 2 == len(vertex.requests)


@pytest.mark.parametrize("many", ["21", "1"])
def test_what_costs_more_is_confirmed_first(folder: Path, vertex: FakeVertex, many: str) -> None:
    """More than twenty requests, or more than a few cents. Without an answer nothing is sent."""
    if many == "1":
        rows = calls(1, transcript="A word and another. " * 60_000)
        (folder / "calls.jsonl").write_text(json.dumps(rows[0]) + "\n")
        _set(folder / "check_v1", max_transcript_bytes=3_000_000)
    words = ("check_v1", "--backend", "gcp", *FILE, "--sample", many)
    assert "--yes" in tried(*words, code=1)
    assert [] == vertex.requests

    tried(*words, "--yes")
    assert int(many) == len(vertex.requests)


def test_an_unknown_price_is_confirmed_first(folder: Path, vertex: FakeVertex) -> None:
    """It may be any."""
    _set(folder / "check_v1", model="gemini-of-tomorrow")
    words = ("check_v1", "--backend", "gcp", *FILE, "--sample", "1")

    assert "for an unknown price" in tried(*words, code=1)
    assert [] == vertex.requests


def test_without_the_right_to_use_models_it_says_which_role_is_needed(
    folder: Path, vertex: FakeVertex
) -> None:
    """No table of refused answers, and no traceback."""
    vertex.error = failure(403)
    output = tried("check_v1", "--backend", "gcp", *FILE, code=1)

    assert "it needs roles/aiplatform.user" in output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["no_such_v1", *FILE], "there is no folder no_such_v1, and no analysis of this name"),
        (["check_v1"], "name a file of transcripts with --file"),
        (["check_v1", "--file", "none.jsonl"], "none.jsonl"),
        (["check_v1", *FILE, "--record", "7"], "invalid --record 7"),
        (["check_v1", *FILE, "--sample", "0"], "--sample"),
        (["check_v1", *FILE, "--model-url", "http://127.0.0.1:1"], "--model-name is missing"),
    ],
)
def test_a_mistake_is_named_with_its_option(folder: Path, words: list[str], says: str) -> None:
    """Nothing is asked then."""
    assert says in " ".join(tried(*words, code=2).split())


def test_a_broken_analysis_is_corrected_before_it_is_tried(folder: Path) -> None:
    """As `analysis check` says it."""
    (folder / "check_v1" / "schema.json").write_text('{"type": "OBJEKT"}')

    assert "to correct in check_v1" in tried("check_v1", *FILE, code=1)


def test_the_log_holds_nothing_of_a_try(folder: Path, endpoint: Server) -> None:
    """Transcripts and answers are on the terminal alone."""
    troupe = Command(folder / ".troupe")
    troupe("load", "calls.jsonl")
    log = (folder / ".troupe" / "log.jsonl").read_bytes()
    tried("check_v1", "--model-url", endpoint.url, "--model-name", "m")

    assert log == (folder / ".troupe" / "log.jsonl").read_bytes()
