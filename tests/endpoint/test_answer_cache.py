"""The answer cache: an answer of one's own model is asked for once, a failure again."""

from pathlib import Path
from typing import Any

import pytest

from troupe.endpoint.answer_cache import AnswerCache
from troupe.endpoint.openai import _answer
from troupe.standin.prediction_lines import Answer

GOOD = Answer(text="{}", finish_reason="STOP", prompt_tokens=7)


class Model:
    """Counts how often it is asked."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self.asked = answer, 0

    def __call__(self) -> Answer:
        self.asked += 1
        return self._answer


def test_an_answer_is_asked_for_once_over_a_restart(tmp_path: Path) -> None:
    """A process that continues the job finds what was paid for, line by line."""
    model, file = Model(GOOD), tmp_path / "answers"
    first = AnswerCache(file)
    assert [GOOD, GOOD] == [first.answer(line, model) for line in (1, 2)]

    again = AnswerCache(file)

    assert [GOOD, GOOD] == [again.answer(line, model) for line in (2, 1)]
    assert 2 == model.asked


def test_a_failure_is_asked_again_by_the_next_process(tmp_path: Path) -> None:
    """An endpoint that was interrupted fails every row that it had not answered."""
    file = tmp_path / "answers"
    down = Answer(status="Unavailable: {}")
    assert down == AnswerCache(file).answer(1, Model(down))
    model = Model(GOOD)

    assert GOOD == AnswerCache(file).answer(1, model)
    assert 1 == model.asked


def test_half_a_line_of_a_killed_process_is_cut_off(tmp_path: Path) -> None:
    """The answers before it stay, and those after it are readable."""
    file = tmp_path / "answers"
    cache = AnswerCache(file)
    cache.answer(1, Model(GOOD))
    with file.open("ab") as killed:
        killed.write(b'{"line":2,"answ')

    AnswerCache(file).answer(2, Model(GOOD))

    assert [1, 1] == [line.count('"line"') for line in file.read_text().splitlines()]
    model = Model(GOOD)
    assert GOOD == AnswerCache(file).answer(2, model)
    assert 0 == model.asked


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("stop", "STOP"), ("length", "MAX_TOKENS"), ("content_filter", "SAFETY"), ("?", "OTHER")],
)
def test_only_a_stop_is_a_finished_answer(reason: str, finish: str) -> None:
    """An unknown reason is an error of its row, never an answer."""
    reply: dict[str, Any] = {"choices": [{"message": {"content": "{}"}, "finish_reason": reason}]}

    assert finish == _answer(reply).finish_reason
