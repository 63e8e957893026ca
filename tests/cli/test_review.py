"""`troupe review` writes a page that its owner alone can read, and compares two reviewers."""

import json
import re
from pathlib import Path
from unittest.mock import patch

import duckdb
import pytest

from tests.cli.command import Command, finished
from troupe.backends.local.backend import LocalBackend
from troupe.cli import review
from troupe.cli.client import CallFailed
from troupe.operations.quality.review_record import save_review, show_review


@pytest.fixture
def done(tmp_path: Path) -> Command:
    return finished(tmp_path / "home")


def recorded(command: Command) -> int:
    with duckdb.connect(str(command.home / "warehouse.duckdb"), read_only=True) as db:
        (count,) = db.execute("SELECT count(*) FROM review_samples").fetchall()[0]
    return int(count)


def test_a_sample_is_a_page_and_is_recorded(done: Command) -> None:
    """The command given again writes the same page, and records nothing more."""
    page = done.home.parent / "review-r1.html"

    first = done("review", "sample", "r1", "--n", "3")
    written = page.read_text(encoding="utf-8")
    second = done("review", "sample", "r1", "--n", "3")

    assert "wrote review-r1.html: 3 of 4 rows of call_review_v1" in first
    assert "holds personal data: only you can read it; delete it after the review" in first
    assert (first, written) == (second, page.read_text(encoding="utf-8"))
    assert (0o600, 3) == (page.stat().st_mode & 0o777, recorded(done))


def test_fewer_rows_than_asked_for_are_said(done: Command) -> None:
    """With the number that there is."""
    output = done("review", "sample", "r1", "--out", "all.html")

    assert "50 rows were asked for, and run r1 has only 4 such rows" in output
    assert (done.home.parent / "all.html").exists()


def test_strata_are_listed_with_their_weights(done: Command) -> None:
    """And those that have no row are counted."""
    output = done("review", "sample", "r1", "--n", "1", "--by", "language_code")

    assert "drawn by language_code with seed 0" in output
    with duckdb.connect(str(done.home / "warehouse.duckdb")) as db:
        db.execute(
            "UPDATE transcription_analyzed_transcripts SET language_code = 'de' "
            "WHERE \"interactionId\" = 'int-0'"
        )
    several = done("review", "sample", "r1", "--n", "2", "--by", "language_code")
    assert re.search(r"language_code=de: 1 of 1 rows, weight 1\n", several)
    assert re.search(r"1 of 3 rows, weight 3\n", several)
    fewer = done("review", "sample", "r1", "--n", "1", "--by", "language_code")
    assert "1 other strata have no row in the sample: use a larger --n" in fewer


def test_json_has_what_was_drawn_and_no_text(done: Command) -> None:
    """For an estimate with weights."""
    printed = done.json("review", "sample", "r1", "--n", "2")

    assert ("review-r1.html", True, 4) == (
        printed["page"], printed["recorded"], printed["eligible"],
    )  # fmt: skip
    assert [2.0, 2.0] == [row["weight"] for row in printed["rows"]]
    assert "repaired" not in json.dumps(printed)


def test_a_page_is_written_where_the_sample_cannot_be_recorded(done: Command) -> None:
    """Such as without the permission on Google Cloud; the reason is said."""
    with patch.object(review, "try_call", side_effect=CallFailed("403 no permission")):
        output = done("review", "sample", "r1")

    assert "the sample is not in the table review_samples: 403 no permission" in output
    assert (done.home.parent / "review-r1.html").exists()
    assert 0 == recorded(done)


def labels(file: Path, *lines: dict[str, object]) -> str:
    rows = ({"record_id": f"{at:032x}"} | line for at, line in enumerate(lines))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


def test_two_reviewers_are_compared(tmp_path: Path) -> None:
    """Without a state folder."""
    command = Command(tmp_path / "home")
    first = labels(tmp_path / "a.jsonl", {"call_tone": "calm"}, {"call_tone": "angry"})
    second = labels(tmp_path / "b.jsonl", {"call_tone": "calm"}, {"call_tone": "neutral"})

    output = command("review", "agreement", first, second)
    printed = command.json("review", "agreement", first, second)

    assert "2 records are in both files" in output
    assert "call_tone: 50% of 2 agree (9% to 91%), kappa 0.33" in output
    assert f'{1:032x} call_tone: "angry" and "neutral"' in output
    assert [("call_tone", 2, 1)] == [
        (each["column"], each["judged"], each["agreed"]) for each in printed["columns"]
    ]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"call_tone": "clam"}, "did you mean 'calm'?"),
        ({"call_tnoe": "calm"}, "did you mean 'call_tone'?"),
        ({}, "it has no labels of call_review_v1"),
    ],
)
def test_a_file_of_other_labels_is_refused(
    tmp_path: Path, line: dict[str, object], says: str
) -> None:
    """With file, line and remedy."""
    command = Command(tmp_path / "home")
    first = labels(tmp_path / "a.jsonl", {"call_tone": "calm"})

    output = command("review", "agreement", first, labels(tmp_path / "b.jsonl", line), code=2)

    assert "b.jsonl" in output
    assert says in output


def test_what_a_reviewer_saved_becomes_a_file_of_labels(done: Command) -> None:
    """Which its owner alone can read, and `golden add` reads."""
    assert "no samples: draw one" in done("review", "list")
    done("review", "sample", "r1")
    (sample,) = done.json("review", "list", "r1")["reviews"]
    backend = LocalBackend(done.home)
    shown = show_review(backend, sample["sample_id"], "ab")
    right = {each.name: {"how": "right"} for each in shown.columns if "right" in each.may_be}
    save_review(backend, sample["sample_id"], "ab", shown.record_id, 0, right)
    backend.close()

    said = done("review", "labels", sample["sample_id"], "ab", "--out", "labels.jsonl")

    file = done.home.parent / "labels.jsonl"
    assert ("wrote labels.jsonl: labels of 1 records", 0o600) == (
        said.strip(), file.stat().st_mode & 0o777,
    )  # fmt: skip
    assert "ab: 1 judged" in done("review", "list")
    assert "added golden set reviewed" in done("golden", "add", "reviewed", str(file))
    assert "cd has saved no label" in done("review", "labels", sample["sample_id"], "cd", code=2)
