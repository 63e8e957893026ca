"""A sample of files and one of the source table: the same records for the same rows and seed."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.harness import LocalHarness, calls, id_of
from troupe.online.file_sample import sample_of_rows
from troupe.online.trial import Sample
from troupe.operations.backend import InvalidOperation
from troupe.operations.sample_source import sample_source
from troupe.transcript_files.errors import BadOption

TIME = "2026-02-03 10:00:00"
LATER = "2026-02-03 10:00:01"


def row(number: int, transcript: str | None, time: str | None = TIME) -> dict[str, Any]:
    """A row as the reader of files gives it."""
    return calls(1, number)[0] | {"transcript": transcript, "event_timestamp": time}


ROWS = [
    *(row(number, f"text {number}") for number in range(40)),
    *(row(number, f"newer {number}", LATER) for number in range(0, 40, 3)),
    *(row(number, f"longer than the other {number}") for number in range(0, 40, 4)),
    *(row(number, f"no time {number}", None) for number in range(0, 40, 5)),
    *(row(100 + number, text) for number, text in enumerate((None, "", " \n\t"))),
]


def of_files(most: int, seed: str = "0", ids: Sequence[str] = ()) -> list[Sample]:
    """In another order than the table has them."""
    return sample_of_rows(Random(1).sample(ROWS, len(ROWS)), most, seed, ids)


def _zoned(time: str | None) -> str | None:
    return f"{time}Z" if time else None


@pytest.fixture(scope="module")
def of_source(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., list[Sample]]]:
    """The sample of a source table with these rows."""
    harness = LocalHarness(Path(tmp_path_factory.mktemp("sample")) / "home")
    harness.load(row | {"event_timestamp": _zoned(row["event_timestamp"])} for row in ROWS)

    def sample(most: int, seed: str = "0", ids: Sequence[str] = ()) -> list[Sample]:
        found = sample_source(harness.backend, most, seed, ids)
        return [Sample(each.record_id, each.transcript) for each in found.records]

    yield sample
    harness.close()


@pytest.mark.parametrize(("most", "seed"), [(1, "0"), (5, "0"), (5, "other"), (1_000, "0")])
def test_both_take_the_same_records_and_the_texts_that_a_plan_takes(
    of_source: Callable[..., list[Sample]], most: int, seed: str
) -> None:
    """The newest text of a record, then the longest; no blank ones."""
    found = of_files(most, seed)

    assert of_source(most, seed) == found
    assert min(most, 40) == len({each.record_id for each in found})


def test_the_newest_text_of_a_record_is_taken_then_the_longest() -> None:
    """Row 0 has all four forms; row 4 has two texts of one time."""
    texts = {each.record_id: each.transcript for each in of_files(100)}

    assert "newer 0" == texts[id_of(ROWS[0])]
    assert "longer than the other 4" == texts[id_of(ROWS[4])]
    assert "text 5" == texts[id_of(ROWS[5])]


def test_another_seed_takes_other_records() -> None:
    """And the same seed the same ones."""
    assert of_files(5) == of_files(5)
    assert of_files(5) != of_files(5, "other")


def test_named_records_are_taken_alone_blank_ones_too(
    of_source: Callable[..., list[Sample]],
) -> None:
    """A blank one is shown as what no run sends."""
    ids = [id_of(ROWS[2]), id_of(ROWS[-1])]
    found = of_files(5, "0", ids)

    assert set(ids) == {each.record_id for each in found}
    assert found == of_source(5, "0", ids)


def test_an_unknown_record_is_named(of_source: Callable[..., list[Sample]]) -> None:
    """With what to do."""
    with pytest.raises(BadOption, match=r"--record 0{32}"):
        of_files(5, "0", ["0" * 32])
    with pytest.raises(InvalidOperation, match=r"record id 0{32}"):
        of_source(5, "0", ["0" * 32])
