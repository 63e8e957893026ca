"""The answer cache: an answer of one's own model is stored once, a failure never."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from troupe.endpoint.answer_cache import AnswerCache
from troupe.standin.prediction_lines import Answer

GOOD = Answer(text="{}", finish_reason=None, prompt_tokens=7, model="m")


def test_the_next_process_finds_the_answers_in_any_order(tmp_path: Path) -> None:
    """Line by line, each once."""
    first = AnswerCache(tmp_path / "answers")
    for line in (7, 2):
        first.keep(line, GOOD)

    again = AnswerCache(tmp_path / "answers")

    assert [GOOD, GOOD, None, None] == [again.pop(line) for line in (2, 7, 7, 1)]


def test_a_failure_is_asked_again_by_the_next_process(tmp_path: Path) -> None:
    """An endpoint that was interrupted fails every row that it had not answered."""
    AnswerCache(tmp_path / "answers").keep(1, Answer(status="Unavailable: {}"))

    assert AnswerCache(tmp_path / "answers").pop(1) is None


@pytest.mark.parametrize(
    "damage",
    [
        b'{"line":2,"answ',
        b'{"line":2}\n',
        b"\xff\xfe\n",
        b"[]\n",
        b'{"line":2,"answer":{"text":5}}\n',
        b'{"line":2,"answer":{"text":"\\ud800"}}\n',
    ],
)
def test_a_damaged_line_costs_its_own_answer_alone(tmp_path: Path, damage: bytes) -> None:
    """Half a line of a killed process is cut off; what cannot be read is asked again."""
    file = tmp_path / "answers"
    cache = AnswerCache(file)
    cache.keep(1, GOOD)
    with file.open("ab") as killed:
        killed.write(damage)

    AnswerCache(file).keep(3, GOOD)

    again = AnswerCache(file)
    assert [GOOD, None, GOOD] == [again.pop(line) for line in (1, 2, 3)]


def test_answers_of_many_threads_are_whole_lines(tmp_path: Path) -> None:
    """The pool's threads store them as they arrive."""
    cache = AnswerCache(tmp_path / "answers")
    long = Answer(text="x" * 100_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda line: cache.keep(line, long), range(40)))

    again = AnswerCache(tmp_path / "answers")
    assert [long] * 40 == [again.pop(line) for line in range(40)]


def test_an_answer_that_comes_after_the_job_is_ignored(tmp_path: Path) -> None:
    """It was cancelled while the request was in flight."""
    cache = AnswerCache(tmp_path / "answers")
    cache.discard()

    cache.keep(1, GOOD)

    assert not (tmp_path / "answers").exists()
