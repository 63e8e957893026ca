"""What runs have spent and committed, summed over attempts and batches."""

from typing import Any

import pytest

from events import BatchPlanned
from tests.tracking.harness import DAY, TrackingHarness, all_good, bad, calls, good, id_of
from tracking import AttemptKey

PRICES = (1.0, 0.1, 10.0)
A_ROW = (60 * 1.0 + 40 * 0.1 + 25 * 10.0) / 1e6
"""What one good answer costs at these prices."""
A_ROW_TOKENS = 100 + 20 + 5

Row = dict[str, Any]


def batch(number: int, attempt: int = 1) -> BatchPlanned:
    return BatchPlanned(run_id="r1", planned_on=DAY, batch=number, attempt=attempt, records=2)


def members(harness: TrackingHarness, number: int, count: int) -> list[Row]:
    """The source rows of this batch."""
    rows = {id_of(row): row for row in calls(count)}
    ids = harness.sql("SELECT record_id FROM batch_records WHERE batch = ? ORDER BY 1", number)
    return [rows[record] for (record,) in ids]


def two_of_three_begun(harness: TrackingHarness) -> None:
    """Three batches of four records; two have begun."""
    harness.source(calls(12))
    harness.plan(canary=4, rows_per_batch=4)
    harness.record(batch(1), batch(2))


def spending(harness: TrackingHarness) -> Row:
    (row,) = harness.tracking.query("spending", {"since": harness.clock().date()})
    return row


def bytes_of(harness: TrackingHarness, *batches: int) -> int:
    rows = harness.sql("SELECT batch, bytes FROM batch_plans")
    return sum(size for number, size in rows if number in batches)


def test_all_records_of_the_batches_that_have_begun_are_committed(
    harness: TrackingHarness,
) -> None:
    """Not those of a batch that the window holds back."""
    two_of_three_begun(harness)

    row = spending(harness)

    assert (8, 2, 2) == (row["waiting_records"], row["waiting_batches"], row["last_begun"])
    assert bytes_of(harness, 1, 2) == row["waiting_bytes"]
    assert (0, 0) == (row["cost"], row["tokens"])


def test_after_an_attempt_its_open_records_alone_are_committed(harness: TrackingHarness) -> None:
    """After the second attempt those that it left; a batch without any is not waited for."""
    two_of_three_begun(harness)
    one = members(harness, 1, 12)
    harness.close([good(one[0]), *(bad(row, "truncated", n) for n, row in enumerate(one[1:], 2))])
    harness.close(all_good(members(harness, 2, 12)), batch=2)

    row = spending(harness)
    assert (3, 1) == (row["waiting_records"], row["waiting_batches"])
    assert bytes_of(harness, 1) * 3 // 4 == row["waiting_bytes"]

    harness.close([good(one[1]), good(one[2], 2), bad(one[3], "truncated", 3)], attempt=2)
    row = spending(harness)
    assert (1, 1) == (row["waiting_records"], row["waiting_batches"])


def test_spent_are_all_attempts_with_thoughts_and_today_those_of_today(
    harness: TrackingHarness,
) -> None:
    """In dollars and in tokens."""
    two_of_three_begun(harness)
    harness.close(all_good(members(harness, 1, 12)), prices=PRICES)
    harness.clock.pass_(24 * 3600)
    harness.close(all_good(members(harness, 2, 12)[:3]), batch=2, prices=PRICES)

    (row,) = harness.tracking.query("spending", {"since": harness.clock().date().replace(day=1)})

    assert (pytest.approx(7 * A_ROW), 7 * A_ROW_TOKENS) == (row["cost"], row["tokens"])
    assert (pytest.approx(3 * A_ROW), 3 * A_ROW_TOKENS) == (
        row["cost_today"], row["tokens_today"],
    )  # fmt: skip


def test_a_record_that_an_earlier_attempt_stored_is_counted_once_in_the_costs(
    harness: TrackingHarness,
) -> None:
    """The totals of a closing are those of its whole batch."""
    harness.source(calls(3))
    harness.plan()
    rows = calls(3)
    harness.close([good(rows[0]), good(rows[1], 2), bad(rows[2], "truncated", 3)], prices=PRICES)
    harness.close([good(rows[2])], attempt=2, prices=PRICES)

    (costs,) = harness.tracking.query("costs", {"analysis": None})
    totals = run_totals(harness)

    assert (3, 4, 2) == (costs["analysed"], costs["asked"], costs["attempts"])
    assert pytest.approx(3 * A_ROW + 100 * 1.0 / 1e6) == costs["cost"]
    assert pytest.approx(A_ROW) == totals["repeated_cost"]
    assert pytest.approx(costs["cost"]) == totals["cost"]


def test_one_attempt_of_unknown_cost_makes_the_cost_of_its_run_unknown(
    harness: TrackingHarness,
) -> None:
    """In every sum, and never the cost of the rest."""
    harness.source(calls(2))
    harness.plan()
    rows = calls(2)
    harness.close([good(rows[0]), bad(rows[1], "truncated", 2)], prices=PRICES)
    harness.close([good(rows[1])], attempt=2, prices=None)

    (costs,) = harness.tracking.query("costs", {"analysis": None})
    totals = run_totals(harness)
    anything = dict.fromkeys(("run_id", "state", "text", "analysis", "before", "before_run"))
    params = {**anything, "since": harness.clock().date(), "limit": 2}
    (run,) = harness.tracking.query("runs", params)

    assert (None, None) == (costs["cost"], costs["wasted"])
    assert (None, None, None) == (totals["cost"], totals["wasted"], totals["repeated_cost"])
    assert run["cost"] is None


def run_totals(harness: TrackingHarness) -> Row:
    here = {"run_id": "r1", "planned_on": harness.clock().date()}
    (row,) = harness.tracking.query("run_totals", here)
    return row


def test_a_batch_waits_with_what_its_next_attempt_requests(harness: TrackingHarness) -> None:
    """The committed records are those that an attempt would send."""
    two_of_three_begun(harness)
    one = members(harness, 1, 12)
    harness.close([good(one[0]), bad(one[1], "blocked", 2), bad(one[2], "truncated", 3)])
    harness.close(all_good(members(harness, 2, 12)), batch=2)
    second = AttemptKey(run_id="r1", planned_on=DAY, batch=1, attempt=2)

    requested = list(harness.tracking.requests_of(second))

    assert len(requested) == spending(harness)["waiting_records"] == 2
