"""`troupe compare` as people and pipelines see it."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from tests.cli.command import Command
from tests.harness import calls, id_of

SHIPPED = Path(__file__).parents[2] / "analysis" / "call_review_v1"
RECORDS = 6
TWO = "call_summary,products"


@pytest.fixture(scope="module")
def troupe(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """Run `before` of call_review_v1, and `after` of a version that knows no billing."""
    folder = tmp_path_factory.mktemp("compare")
    troupe = Command(folder / "home")
    texts = (
        "CUSTOMER: I have a question about the bill, there is a wrong charge on my invoice.\nAGENT: Done.",
        "CUSTOMER: I want to book a table.\nAGENT: It is booked.",
    )
    rows = calls(RECORDS)
    for at, row in enumerate(rows):
        row["transcript"] = f"{texts[at % 2]} Call {at}."
    file = folder / "calls.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    own = copytree(SHIPPED, folder / "call_review_v2")
    settings, schema = own / "analysis.json", own / "schema.json"
    settings.write_text(settings.read_text("utf-8").replace("_v1", "_v2"), encoding="utf-8")
    schema.write_text(schema.read_text("utf-8").replace('"billing",', ""), encoding="utf-8")
    troupe("load", str(file))
    troupe("analysis", "add", str(own))
    troupe("request", "--run-id", "before")
    troupe("request", "--run-id", "after", "--analysis", "call_review_v2")
    troupe("work", "--idle-timeout", "0")
    labels = folder / "labels.jsonl"
    lines = [{"record_id": id_of(row), "reason_for_call_intent": "booking"} for row in rows]
    labels.write_text("".join(json.dumps(each) + "\n" for each in lines), encoding="utf-8")
    return troupe


@pytest.fixture(scope="module")
def said(troupe: Command) -> str:
    """What is printed about all columns: each takes 7 ms."""
    return troupe("compare", "before", "after")


def test_the_column_that_a_change_of_the_schema_changed_is_named_first(
    troupe: Command, said: str
) -> None:
    """And is the only one that differs."""
    lines = said.splitlines()
    assert f"before and after: {RECORDS} records on both sides" == lines[0]
    assert "simulated: the stand-in gave the answers of before and after" == lines[1]
    assert "differ most  reason_for_call_intent 50 %" in lines
    assert f"no column differs in {RECORDS // 2} records (50 %)" in lines
    assert any(line.startswith("  billing → ") for line in lines)
    found = troupe.json("compare", "before", "after")
    shares = {each["column"]: each["agreement"] for each in found["columns"]}
    assert {"reason_for_call_intent"} == {
        name for name, share in shares.items() if share not in (1, None)
    }


def test_the_text_fits_80_columns(said: str) -> None:
    """Names of many columns are wrapped."""
    assert [] == [line for line in said.splitlines() if len(line) > 80 and "→" not in line]


@pytest.mark.parametrize(
    ("limit", "code", "says"),
    [
        ("reason_for_call_intent=0.9", 3, "BELOW ITS LIMIT: reason_for_call_intent 0.500"),
        ("reason_for_call_intent=0.5", 0, "ok: reason_for_call_intent 0.500"),
        ("kappa:reason_for_call_intent=0.99", 3, "BELOW ITS LIMIT: kappa:reason_for_call_intent"),
        ("overlap:call_summary=0.99", 0, "ok: overlap:call_summary 1.000"),
    ],
)
def test_a_comparison_below_a_limit_ends_with_3(
    troupe: Command, limit: str, code: int, says: str
) -> None:
    """The share itself is compared, not its interval."""
    columns = "reason_for_call_intent,call_summary"
    words = ("compare", "before", "after", "--columns", columns, "--fail-below", limit)

    assert says in troupe(*words, code=code)


def test_a_limit_of_what_cannot_be_measured_is_not_reached(troupe: Command, tmp_path: Path) -> None:
    """No record has a label that judges."""
    labels = tmp_path / "labels.jsonl"
    id_ = id_of(calls(1)[0])
    labels.write_text(
        f'{{"record_id": "{id_}", "call_tone": {{"not": "angry"}}}}\n', encoding="utf-8"
    )

    said = troupe("compare", "before", str(labels), "--fail-below", "call_tone=0", code=3)

    assert "BELOW ITS LIMIT: call_tone nothing to measure" in said


def test_labels_of_a_file_judge_a_run(troupe: Command) -> None:
    """With precision and recall."""
    file = str(troupe.home.parent / "labels.jsonl")

    said = troupe("compare", "before", file, "--fail-below", "f1:reason_for_call_intent=0.1")
    found = troupe.json("compare", "before", file)

    assert "reason_for_call_intent, macro F1" in said
    (intent,) = found["columns"]
    assert (RECORDS, RECORDS // 2) == (intent["judged"], intent["agreed"])
    assert "not compared, only before has it: call_summary" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("before", "after", "--columns", TWO, "--fail-below", "tone=0.9"), "use one of call_summary"),
        (("before", "after", "--fail-below", "call_tone"), "use COLUMN=SHARE"),
        (("before", "after", "--fail-below", "call_tone=90"), "use a share up to 1"),
        (("before", "after", "--fail-below", "call_tone=nan"), "use a share up to 1"),
        (("before", "after", "--fail-below", "mcc:call_tone=0.9"), "'mcc' is no measure"),
        (("before", "after", "--columns", TWO, "--fail-below", "call_summary=0.9"), "use overlap:call_summary"),
        (("before", "after", "--columns", TWO, "--fail-below", "kappa:products=0.9"), "is a list column"),
        (("before", "after", "--columns", "call_tone", "--fail-below", "f1:call_tone=0.9"), "beside labels"),
        (("before", "after", "--columns", "tone"), "invalid --columns 'tone'"),
        (("before", "after", "--columns", " ,"), "name columns, joined by commas"),
        (("before", "nothing.jsonl"), "there is no such file"),
        (("before", "before"), "both sides are before"),
        (("before", "golden:none"), "there is no golden set none"),
    ],
)  # fmt: skip
def test_a_mistake_names_the_option_and_what_to_write(
    troupe: Command, words: tuple[str, ...], says: str
) -> None:
    """It ends with 2."""
    assert says in troupe("compare", *words, code=2)


def test_the_page_is_for_this_user_and_needs_nothing_from_elsewhere(
    troupe: Command, tmp_path: Path
) -> None:
    """It has the bars, the confusion and the records; and escapes what it shows."""
    page = tmp_path / "page.html"
    page.touch(0o644)

    troupe("compare", "before", "after", "--html", str(page), "--fail-below", "call_tone=0.9")

    text = page.read_text(encoding="utf-8")
    assert 0o600 == page.stat().st_mode & 0o777
    assert "<svg" in text
    assert "reason_for_call_intent differs most: 50 % agree." in text
    assert "http" not in text.replace("http-equiv", "")
    assert "<script" not in text
    assert "wrong charge" not in text


def test_the_transcript_is_on_the_page_on_request_alone(troupe: Command, tmp_path: Path) -> None:
    """It is personal data."""
    page = tmp_path / "page.html"

    columns = ("--columns", "reason_for_call_intent")
    troupe("compare", "before", "after", "--show", "--html", str(page), *columns)

    assert "wrong charge" in page.read_text(encoding="utf-8")
