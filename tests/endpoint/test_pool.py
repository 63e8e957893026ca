"""The pool of an endpoint: parallel, bounded, and patient with an endpoint that is down."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from troupe.endpoint import pace, pool
from troupe.endpoint.failure import EndpointFailure
from troupe.endpoint.pool import AnswerPool, Lane
from troupe.standin.prediction_lines import Answer

OUT = EndpointFailure(503, "Unavailable", "refused")
BROKEN = EndpointFailure(500, "Internal Server Error")
Script = Callable[[int, int], Answer | EndpointFailure]


class Model:
    """Answers by a script of a request's number and its try."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.probed: Callable[[], EndpointFailure | None] = lambda: None
        self.asked: Counter[int] = Counter()
        self.probes = 0
        self.in_flight = self.most = 0
        self._lock = threading.Lock()

    def __call__(self, request: Mapping[str, Any]) -> Answer:
        with self._lock:
            number = request["number"]
            self.asked[number] += 1
            tries = self.asked[number]
            self.in_flight += 1
            self.most = max(self.most, self.in_flight)
        try:
            said = self.script(number, tries)
        finally:
            with self._lock:
                self.in_flight -= 1
        if isinstance(said, EndpointFailure):
            raise said
        return said

    def probe(self) -> None:
        self.probes += 1
        if (failure := self.probed()) is not None:
            raise failure

    def close(self) -> None:
        """Nothing is open."""


class Harness:
    """A pool, one job of it, and what was stored."""

    def __init__(self, script: Script, most: int = 4, patience: float = 1e6) -> None:
        self.model = Model(script)
        self.notes: list[str] = []
        self.kept: dict[int, Answer] = {}
        self.pool = AnswerPool(
            self.model, most=most, patience=patience, on_outage=self.notes.append
        )
        self.lane = self.pool.open(self.kept.__setitem__)

    def ask(self, *numbers: int, lane: Lane | None = None) -> None:
        for number in numbers:
            (lane or self.lane).ask(number, {"number": number})

    def take(self, count: int, lane: Lane | None = None) -> dict[int, Answer]:
        """Take so many answers."""
        answers: dict[int, Answer] = {}
        for _ in range(100):
            if len(answers) == count:
                return answers
            if (taken := (lane or self.lane).take()) is not None:
                answers[taken[0]] = taken[1]
        raise AssertionError(f"{len(answers)} of {count} answers came")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of a thousandth."""
    monkeypatch.setattr(pool, "_FIRST_DELAY", 0.0005)
    monkeypatch.setattr(pool, "_LONGEST_DELAY", 0.004)
    monkeypatch.setattr(pace, "_FIRST_PAUSE", 0.0005)
    monkeypatch.setattr(pace, "LONGEST_PAUSE", 0.01)


@pytest.fixture
def harness() -> Iterator[Callable[..., Harness]]:
    made: list[Harness] = []

    def make(*given: Any, **named: Any) -> Harness:
        made.append(Harness(*given, **named))
        return made[-1]

    yield make
    for each in made:
        each.pool.close()


def good(number: int, tries: int) -> Answer:
    return Answer(text=str(number))


def code(answer: Answer) -> int:
    return int(json.loads(answer.status.split(": ", 1)[1])["error"]["code"])


def test_requests_are_sent_in_parallel_up_to_the_limit(harness: Callable[..., Harness]) -> None:
    """Four at a time: each waits until four were sent together."""
    together = threading.Barrier(4)

    def script(number: int, tries: int) -> Answer:
        together.wait(timeout=30)
        return good(number, tries)

    h = harness(script)
    h.ask(*range(12))

    assert {n: str(n) for n in range(12)} == {n: a.text for n, a in h.take(12).items()}
    assert 4 == h.model.most


def test_an_answer_is_stored_when_it_arrives(harness: Callable[..., Harness]) -> None:
    """Not in the order of the lines, and before anybody takes it."""
    first = threading.Event()

    def script(number: int, tries: int) -> Answer:
        if number == 0:
            assert first.wait(timeout=30)
        return good(number, tries)

    h = harness(script)
    h.ask(0, 1, 2)
    taken = h.take(2)
    assert [1, 2] == sorted(taken)
    assert [1, 2] == sorted(h.kept)
    first.set()
    assert [0] == list(h.take(1))


def test_a_failure_among_answers_is_asked_again(harness: Callable[..., Harness]) -> None:
    """It costs its record nothing, and no failure is stored."""
    h = harness(lambda number, tries: BROKEN if tries < 3 and number % 2 else good(number, tries))
    h.ask(*range(10))

    assert {""} == {answer.status for answer in h.take(10).values()}
    assert {"0"} & {h.kept[0].text}
    assert [1, 3] == sorted(set(h.model.asked.values()))


@pytest.mark.parametrize("failure", [BROKEN, OUT, EndpointFailure(429, "Too Many Requests")])
def test_a_request_that_always_fails_fails_alone(
    harness: Callable[..., Harness], failure: EndpointFailure
) -> None:
    """Also as the last one: probes show that the endpoint answers."""
    h = harness(lambda number, tries: failure if number == 5 else good(number, tries))
    h.ask(*range(6))

    answers = h.take(6)

    assert failure.code == code(answers[5])
    assert ["0", "1", "2", "3", "4"] == [answers[number].text for number in range(5)]
    assert [] == h.notes
    assert h.model.asked[5] <= 20


def test_failures_between_which_nothing_was_answered_count_once(
    harness: Callable[..., Harness],
) -> None:
    """They may all be the endpoint's: only the probes between them tell."""
    h = harness(lambda number, tries: BROKEN if tries < 5 else good(number, tries))
    h.ask(0)

    assert "0" == h.take(1)[0].text
    assert 2 == h.model.probes


def test_an_outage_is_waited_for(harness: Callable[..., Harness]) -> None:
    """Probes are sent in place of requests; when one is answered, everything is."""
    left = iter(range(30))
    is_out = threading.Event()

    def script(number: int, tries: int) -> Answer | EndpointFailure:
        return OUT if is_out.is_set() else good(number, tries)

    def probed() -> EndpointFailure | None:
        if next(left, None) is None:
            is_out.clear()
        return OUT if is_out.is_set() else None

    h = harness(script)
    h.model.probed = probed
    h.ask(*range(4))
    h.take(4)
    is_out.set()
    h.ask(*range(4, 16))

    assert {""} == {answer.status for answer in h.take(12).values()}
    assert h.model.probes > 30
    assert sum(h.model.asked.values()) <= 16 + 12
    began, ended = h.notes
    assert "the endpoint does not answer (503 Unavailable); asking again" in began
    assert "the endpoint answers again" == ended


def test_an_outage_without_end_fails_the_requests(harness: Callable[..., Harness]) -> None:
    """After the patience is over all of them fail, and so do later ones until the next probe."""
    h = harness(lambda number, tries: OUT, patience=0.02)
    h.model.probed = lambda: OUT
    h.ask(*range(10))

    assert {503} == {code(answer) for answer in h.take(10).values()}
    h.ask(10)
    assert [503] == [code(answer) for answer in h.take(1).values()]


def test_an_endpoint_that_was_given_up_is_asked_again(harness: Callable[..., Harness]) -> None:
    """The next attempt begins with a probe."""
    is_out = threading.Event()
    is_out.set()
    h = harness(lambda n, t: OUT if is_out.is_set() else good(n, t), patience=0.02)
    h.model.probed = lambda: OUT if is_out.is_set() else None
    h.ask(0)
    h.take(1)
    is_out.clear()

    texts: list[str] = []
    while "1" not in texts:
        h.ask(1)
        texts += [answer.text for answer in h.take(1).values()]

    assert ["the endpoint answers again"] == h.notes[-1:]


def test_a_job_that_is_dropped_sends_nothing_more(harness: Callable[..., Harness]) -> None:
    """A cancelled run pays for what is in flight at most; the others are not affected."""
    release = threading.Event()

    def script(number: int, tries: int) -> Answer:
        assert release.wait(timeout=30)
        return good(number, tries)

    h = harness(script, most=2)
    other = h.pool.open(lambda *_: None)
    h.ask(*range(10))
    h.ask(100, lane=other)
    h.lane.close()
    release.set()

    assert [100] == list(h.take(1, lane=other))
    assert sum(h.model.asked[number] for number in range(10)) <= 2
    assert {} == h.kept


def test_closing_waits_for_what_is_in_flight_and_sends_nothing_more(
    harness: Callable[..., Harness],
) -> None:
    """What was paid for is stored."""
    sent, release = threading.Semaphore(0), threading.Event()

    def script(number: int, tries: int) -> Answer:
        sent.release()
        assert release.wait(timeout=30)
        return good(number, tries)

    h = harness(script, most=2)
    h.ask(*range(10))
    for _ in range(2):
        assert sent.acquire(timeout=30)
    closing = threading.Thread(target=h.pool.close, kwargs={"seconds": 30})
    closing.start()
    release.set()
    closing.join()

    assert [0, 1] == sorted(h.kept)
    assert 2 == sum(h.model.asked.values())


def test_closing_does_not_wait_for_an_endpoint_that_hangs(harness: Callable[..., Harness]) -> None:
    """Ctrl-C ends the worker; its request is sent again by the next one."""
    release = threading.Event()

    def script(number: int, tries: int) -> Answer:
        assert release.wait(timeout=30)
        return good(number, tries)

    h = harness(script)
    h.ask(0)
    h.pool.close(seconds=0.01)

    assert {} == h.kept
    release.set()


def test_an_answer_that_cannot_be_stored_ends_the_work(harness: Callable[..., Harness]) -> None:
    """A full disk: the caller that takes answers gets the error."""
    h = harness(good)

    def full(number: int, answer: Answer) -> None:
        raise OSError(28, "No space left on device")

    lane = h.pool.open(full)
    h.ask(1, lane=lane)

    with pytest.raises(OSError, match="No space left"):
        h.take(1, lane=lane)
