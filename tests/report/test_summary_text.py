"""The summary and the preview in lines."""

import msgspec

from analysis import ERRORS
from handlers.summary.run_summary import SKIPPED, RunSummary
from tests.report.samples import (
    dry_run,
    empty_summary,
    error,
    lines_of,
    summary,
    totals,
    unknown_price,
)
from tests.report.states import failed_run, totals_of
from troupe.operations.run_requests import Preview
from troupe.report.text.preview import preview_lines


def test_the_lines_of_a_good_run_are_stable() -> None:
    """A pipe can rely on them."""
    expected = [
        "Run r1: call_review_v1 (prompt 0b5e71ad2c94f386), gemini-3.5-flash-lite, production",
        "Completed: all 1,878 records have a row.",
        "Nothing is stuck, and no record failed.",
        "Cost: $0.61 (expected $0.52 to $1.41 at the widest). The invoice decides.",
        (
            "The totals balance: 1,878 planned = 1,878 analysed + 0 failed + 0 released"
            " + 0 open. Nothing is doubled, half stored or paid twice."
        ),
        "source       2,000 rows",
        "    - 122 the transcript is empty",
        "planned      1,878 records in 2 batches",
        "stored       1,878 rows",
        "errors       122",
        "    122 empty_transcript: The transcript is empty. The next run takes it. Correct it at the source.",
        (
            "answers      1,870 read as it stands; 8 code fence removed, raw control"
            " characters accepted"
        ),
        "reader       9d40c1e6b7a85f32",
        "grounding    97 % occur in the transcript; 3 rows below half",
        "batch success rate   100 %: 2 of 2 batches that are over had no failed record",
        "batches per hour     2,675: from the plan to the end of the run",
        "error rate           0 %: 0 of 1,878 planned records failed",
        "deduplication rate   0 %: rows that were asked for and needed no new answer",
        "recovery time        none: no batch had to be repeated",
        "tokens       789,463 input (25,192 cached), 396,992 output, 0 thoughts",
        (
            "cost         $0.61 (expected $0.52 to $1.41 at the widest), wasted on failures $0.00,"
            " saved by deduplication none"
        ),
        "    The actual cost lies within the widest range, which the sizes of the transcripts give.",
        "    A request took 420 input tokens, where 859 to 1,520 were expected.",
        "    25,192 tokens from the cache cost $0.0033 less.",
        "    call_review_v1 so far: 2 runs, 3,756 rows, $1.22, $0.00032 each.",
        (
            "    For a million tokens in a batch job: input $0.15, from the cache $0.020, output"
            " and thoughts $1.25 (as of 2026-10-14, a price page). The invoice decides."
        ),
        "time         3 m 12 s, from 2026-11-21 12:00:00 UTC to 2026-11-21 12:03:12 UTC",
        "next         `troupe report r1 --html r1.html` shows the results as a page",
    ]

    assert expected == lines_of(summary(), totals())


def test_a_stored_summary_gives_the_same_lines() -> None:
    """Its times are text."""
    stored = msgspec.json.decode(msgspec.json.encode(summary()), type=RunSummary)

    assert lines_of(summary()) == lines_of(stored)


def test_each_error_comes_with_its_hint() -> None:
    """Of many types the most frequent are shown and the rest is counted."""
    for name, known in ERRORS.items():
        lines = lines_of(summary(errors=[error(name)]))
        assert f"    1 {name}: {known.hint}" in lines

    assert f"    and {len(ERRORS) - 8} more kinds of error" in lines_of(
        summary(errors=[error(name) for name in ERRORS])
    )


def test_an_unknown_price_is_the_word() -> None:
    """Before and after."""
    text = "\n".join(lines_of(unknown_price()))

    assert "unknown (expected unknown), wasted on failures unknown" in text
    assert "saved by deduplication unknown" in text
    assert "$" not in text


def test_a_dry_run_is_short() -> None:
    """What it would take, and what it leaves out."""
    expected = [
        "Run r1: call_review_v1 (prompt 0b5e71ad2c94f386), gemini-3.5-flash-lite, production",
        (
            "A dry run: no request was sent and nothing was paid. It would select 1,878 records"
            " in 2 batches."
        ),
        "source       2,000 rows",
        "    - 122 the transcript is empty",
    ]

    assert expected == lines_of(dry_run())


def test_a_run_that_is_not_over_says_so() -> None:
    """No time is made up."""
    lines = lines_of(summary(times={"completed_at": None}))

    assert "time         not over, planned 2026-11-21 12:00:00 UTC" in lines


def test_an_empty_run_has_lines_and_names_cannot_break_one() -> None:
    """Control characters become blanks."""
    assert "errors       none" in lines_of(empty_summary())
    assert lines_of(summary(run_id="a\nb\x1b[31m"))[0].startswith("Run a b [31m: call_review")


def preview(**changes: object) -> Preview:
    fields = {
        "run_id": "r9",
        "model": "gemini-3.5-flash-lite",
        "source_rows": 2000,
        "skipped": dict.fromkeys(SKIPPED, 0)
        | {"empty_transcript": 122, "duplicate": 8, "beyond_limit": 870},
        "records": 1000,
        "batches": 1,
        "bytes": 5_000_000,
        "newest_event_time": None,
        "input_tokens": (1_086_957, 1_923_077),
        "output_tokens": (120_000, 420_000),
        "cost": (0.31, 0.82),
        "price": msgspec.to_builtins(summary().money.price),
        "basis": {"input": "sampled", "output": "assumed", "samples": 200},
    }
    return msgspec.convert({"kind": "preview"} | fields | changes, Preview)


def test_a_preview_lists_what_is_left_out_and_the_expected_cost() -> None:
    """The price is that of a batch job."""
    expected = [
        "Dry run r9 - nothing is changed, requested or paid.",
        "model        gemini-3.5-flash-lite",
        "source       2,000 rows",
        "    -   8 a further copy of a record, with the same text",
        "    - 122 the transcript is empty",
        "    - 870 beyond the limit of this run",
        "would select 1,000 records in 1 batch, 5.0 MB of requests",
        "input        1,086,957 to 1,923,077 tokens",
        "output       120,000 to 420,000 tokens",
        "    tokens by the words and scripts of 200 transcripts; answers by the fields of the schema",
        "cost         $0.31 to $0.82",
    ]

    *lines, price = preview_lines(preview())
    unknown = preview_lines(preview(model="gemma", cost=(None, None), price=None))

    assert expected == lines
    assert price.startswith("    For a million tokens in a batch job: input $0.15,")
    assert ["cost         unknown", "    No price of gemma is known, so no cost is."] == unknown[
        -2:
    ]


def test_a_preview_names_the_answers_that_its_estimate_rests_on() -> None:
    """Those of earlier runs with the same prompt and model."""
    basis = {"input": "measured", "output": "measured", "samples": 1_234}

    (shown,) = [line for line in preview_lines(preview(basis=basis)) if "measured" in line]

    assert "    tokens as measured on 1,234 answers to the same prompt" == shown


def test_a_preview_of_no_record_has_no_estimate() -> None:
    """A run id is derived later where none is given."""
    nothing = preview(run_id="", source_rows=0, skipped={}, records=0, batches=0, bytes=0)
    expected = [
        "Dry run - nothing is changed, requested or paid.",
        "model        gemini-3.5-flash-lite",
        "source       no rows",
        "would select 0 records in 0 batches",
    ]

    assert expected == preview_lines(nothing)


def test_errors_that_ended_a_record_stand_first() -> None:
    """Though those that were asked again are more frequent."""
    lines = lines_of(failed_run(), totals_of(failed_run()))
    at = next(number for number, line in enumerate(lines) if line.startswith("errors"))
    errors = [line.split()[1] for line in lines[at + 1 : at + 4]]

    assert ["attempts_exhausted", "blocked:", "schema_mismatch:"] == errors


def test_a_limited_run_measures_no_deduplication() -> None:
    """It looked at no record beyond its limit."""
    limited = summary(skipped={"processed": 4, "beyond_limit": 20})

    assert "deduplication rate   none: the run had a limit, so it was not measured" in lines_of(
        limited
    )
