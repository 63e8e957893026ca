"""A try asks and reads as a run does."""

from pathlib import Path

import pytest

from analysis import load_analysis
from analysis.models import STAND_IN
from analysis.prices import price_of
from tests.harness import LocalHarness, calls
from tests.local.fakes import HeldClock
from tests.online.vertex import MODEL, FakeVertex, online_model
from troupe.online.answered import AnsweredModel
from troupe.online.price import expected_cost
from troupe.online.trial import Sample, Trial, totals, tried_records
from troupe.operations.sample_source import sample_source
from troupe.standin.prediction_lines import analyst

ANALYSIS = load_analysis("call_review_v1")


def test_a_try_sends_the_lines_of_a_run_and_gets_its_rows(tmp_path: Path) -> None:
    """Byte for byte the request file's lines, and the columns of the output table."""
    harness = LocalHarness(tmp_path / "home")
    harness.load(calls(3))
    harness.run()
    found = sample_source(harness.backend, 3)
    samples = [Sample(each.record_id, each.transcript) for each in found.records]
    trial = Trial(ANALYSIS, samples, AnsweredModel(analyst, HeldClock(), STAND_IN), None)

    (file,) = (tmp_path / "home").rglob("requests/*.jsonl")
    names = ", ".join(ANALYSIS.columns)
    rows = harness.sql(f"SELECT record_id, {names} FROM transcription_analyzed_transcripts")  # noqa: S608
    harness.close()
    assert sorted(line for _, line in trial.sent) == sorted(file.read_bytes().splitlines(True))
    tried = {each.record_id: each.answers[0].columns for each in tried_records([trial], 1)}
    assert {row[0]: dict(zip(ANALYSIS.columns, row[1:], strict=True)) for row in rows} == tried


def test_refused_answers_and_unknown_costs_are_counted_apart() -> None:
    """The sum of an unknown cost is unknown, not nothing."""
    model = online_model(FakeVertex("no JSON"))
    samples = [Sample(f"{number:032x}", "CUSTOMER: hello") for number in range(3)]
    trial = Trial(ANALYSIS, samples, model, None)

    answers = [each.answers[0] for each in tried_records([trial], 2)]
    total = totals(ANALYSIS.name, MODEL, answers)
    assert (0, 3, None) == (total.rows, total.refused, total.cost)
    assert (33, 24) == (total.input_tokens, total.output_tokens)
    assert {"json_parse_error"} == {each.error_type for each in answers}
    assert {"no JSON"} == {each.raw_answer for each in answers}


def test_the_expected_cost_is_that_of_the_online_price() -> None:
    """As that of the answers, whose thinking is paid for as output."""
    texts = ["CUSTOMER: my line is broken. AGENT: it is repaired."] * 2
    trial = Trial(
        ANALYSIS,
        [Sample(f"{number:032x}", text) for number, text in enumerate(texts)],
        online_model(FakeVertex()),
        MODEL,
    )
    cost = expected_cost(ANALYSIS, texts, sum(len(line) for _, line in trial.sent))

    assert cost is not None
    assert 0 < cost[0] < cost[1] < 0.02
    price = price_of(MODEL)
    assert price is not None
    for each in tried_records([trial], 1):
        exact = (11 * price.online.input + 8 * price.online.output) / 1e6
        assert pytest.approx(exact) == each.answers[0].cost
