"""A preview's tokens as a service counts them in some of the very requests."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis import load_analysis
from handlers.runs.token_rates import Basis
from tests.harness import LocalHarness, calls, ran
from tests.redaction.test_redacted_runs import NAME, folder_of, rules
from troupe import operations
from troupe.backends.local.operations import add_analysis
from troupe.online.port import NotCounted
from troupe.operations.reprocess import reprocess
from troupe.operations.run_requests import Preview
from troupe.report.text.preview import preview_lines

ANALYSIS = load_analysis("call_review_v1")
SHORT, LONG = 40, 3_000


class Counter:
    """Counts a token for each few bytes of a request's texts, and for its schema."""

    def __init__(self, fails_after: int | None = None) -> None:
        self.texts: list[str] = []
        self._fails_after = fails_after

    def __call__(self, _model: str) -> "Counter":
        return self

    def count_tokens(self, line: bytes) -> int:
        if self._fails_after is not None and len(self.texts) >= self._fails_after:
            raise NotCounted("this account may not use models")
        request = json.loads(line)["request"]
        text = request["contents"][0]["parts"][0]["text"]
        self.texts.append(text)
        return 600 + sum(1 + len(word) // 5 for word in text.split())


def counted(harness: LocalHarness, counter: Counter, **request: Any) -> Preview:
    harness.backend.token_counter = counter  # type: ignore[method-assign, assignment] # as the backend of a deployment
    answer = operations.request(harness.backend, {"run_id": "next"} | request, dry_run=True)
    assert isinstance(answer, Preview)
    return answer


def words(number: int) -> str:
    """A transcript, of 40 to 3,000 words, some of them long."""
    count = SHORT + (number * 7919) % LONG
    return " ".join(f"{'indemnification' if at % (3 + number % 5) else 'a'}" for at in range(count))


def test_the_tokens_of_a_run_lie_in_a_narrow_range(harness: LocalHarness) -> None:
    """Counted in forty of its requests, it holds what all of them take."""
    rows = [calls(1, number, transcript=words(number))[0] for number in range(150)]
    harness.load(rows)
    counter, all_ = Counter(), Counter()

    shown = counted(harness, counter)

    harness.request("next")
    harness.play_until("jsonl-uploaded", "next")
    (file,) = (harness.home / "bucket").rglob("requests/*.jsonl")
    total = sum(all_.count_tokens(line) for line in file.read_bytes().splitlines())
    low, high = shown.input_tokens
    assert Basis(input="counted", output="assumed", samples=40) == shown.basis
    assert low < total < high
    assert high / low <= 1.5 + 1e-6
    assert 41 == len(counter.texts)
    assert "as Vertex AI counts them in 40 requests of the run" in "\n".join(preview_lines(shown))


def test_equal_requests_are_counted_almost_exactly(harness: LocalHarness) -> None:
    """One alone says less of the others."""
    harness.load(calls(30))

    low, high = counted(harness, Counter()).input_tokens
    assert high / low < 1.12
    low, high = counted(harness, Counter(), limit=1, mode="test").input_tokens
    assert pytest.approx(1.5, rel=0.01) == high / low


@pytest.mark.parametrize("after", [0, 5])
def test_where_the_service_does_not_count_a_look_at_the_texts_is_taken(
    harness: LocalHarness, after: int
) -> None:
    """One line says why."""
    harness.load(calls(12))
    usual = counted(harness, lambda _: None)  # type: ignore[arg-type] # no service
    shown = counted(harness, Counter(fails_after=after))

    assert shown.input_tokens == usual.input_tokens
    assert ("sampled", 12) == (shown.basis.input, shown.basis.samples)
    lines = preview_lines(shown)
    assert 1 == sum("not counted: this account may not use models" in each for each in lines)
    assert not any("not counted" in each for each in preview_lines(usual))


def test_answers_of_earlier_runs_say_how_long_answers_are(harness: LocalHarness) -> None:
    """The input is counted, because these requests may be longer."""
    harness.load(calls(60))
    harness.run("r1", mode="test", limit=30)
    usual = counted(harness, lambda _: None)  # type: ignore[arg-type] # no service
    shown = counted(harness, Counter())

    assert Basis(input="counted", output="measured", samples=30) == shown.basis
    assert usual.output_tokens == shown.output_tokens


def test_a_run_without_records_counts_nothing_of_texts(harness: LocalHarness) -> None:
    """There is no request to count."""
    shown = counted(harness, Counter())

    assert (0, "sampled") == (shown.records, shown.basis.input)


def test_a_reprocess_counts_in_its_preview_alone(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its request asks no service."""
    harness.begin_after(ran, 3)
    harness.load(calls(3, transcript="CUSTOMER: another text " * 20))
    counter = Counter()
    monkeypatch.setattr(harness.backend, "token_counter", counter)
    request = {"changed": True, "run_id": "again"}

    assert "counted" == reprocess(harness.backend, request, dry_run=True).basis.input
    before = len(counter.texts)
    assert before == 4
    assert "sampled" == reprocess(harness.backend, request).basis.input
    assert before == len(counter.texts)


def test_what_is_counted_is_redacted(harness: LocalHarness, tmp_path: Path) -> None:
    """The service sees what a run would send, and no more."""
    add_analysis(harness.backend, str(folder_of(tmp_path, rules("email"))))
    harness.load(calls(3, transcript="CUSTOMER: write to erika@example.com"))
    counter = Counter()

    counted(harness, counter, analysis=NAME)
    sent = [text for text in counter.texts if "CUSTOMER" in text]
    assert 3 == len(sent)
    assert all("write to [EMAIL]" in text and "erika" not in text for text in sent)
