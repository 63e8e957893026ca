"""Mutants of the release of a stopped run."""

from .mutant import Mutant

RELEASES = (
    Mutant(
        name="an attempt whose claim was given back is not released",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="AND r.attempt = c.attempt AND r.claim = c.claim AND r.state = 'returned'",
        new="AND r.attempt = c.attempt AND r.claim = c.claim AND r.state = 'refunded'",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_closes_the_attempts_on_which_no_claim_is_held",
        ),
    ),
    Mutant(
        name="an attempt whose first claim was given back is released",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="AND r.attempt = c.attempt AND r.claim = c.claim AND r.state",
        new="AND r.attempt = c.attempt AND r.state",
        tests=(
            "tests/tracking/test_releases.py::test_a_claim_that_was_taken_again_after_its_return_is_held",
        ),
    ),
    Mutant(
        name="an attempt with a void claim is released",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="AND c.state <> 'returned'",
        new="AND c.state = 'create'",
        tests=("tests/tracking/test_releases.py::test_a_void_claim_is_held",),
    ),
    Mutant(
        name="an attempt that holds a claim is released",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="COALESCE(k.open, b.records) > 0 AND c.batch IS NULL",
        new="COALESCE(k.open, b.records) > 0",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_closes_the_attempts_on_which_no_claim_is_held",
        ),
    ),
    Mutant(
        name="a batch that is over is released",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="  AND COALESCE(k.open, b.records) > 0 AND c.batch IS NULL",
        new="  AND c.batch IS NULL",
        tests=("tests/tracking/test_releases.py::test_a_batch_that_is_over_is_not_released",),
    ),
    Mutant(
        name="a claim on an earlier attempt keeps the next from its release",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old=") AS c ON c.batch = b.batch AND c.attempt = COALESCE(k.attempt, 0) + 1",
        new=") AS c ON c.batch = b.batch",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_closes_the_attempts_on_which_no_claim_is_held",
        ),
    ),
    Mutant(
        name="a release closes an attempt that is closed already",
        where="tracking/fragments/closing/unclaimed_attempts.sql",
        old="COALESCE(k.attempt, 0) + 1 AS attempt",
        new="COALESCE(k.attempt, 1) AS attempt",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_closes_the_attempts_on_which_no_claim_is_held",
        ),
    ),
    Mutant(
        name="a run that is not stopped is released",
        where="tracking/transactions/release_attempts.sql",
        old="WHERE s.cause IS NOT NULL;",
        new="WHERE TRUE;",
        tests=("tests/tracking/test_releases.py::test_a_run_that_is_not_stopped_is_not_released",),
    ),
    Mutant(
        name="a record that has a row is released",
        where="tracking/transactions/release_attempts.sql",
        old="AND p.first_processed_execution_id = @run_id AND p.batch = m.batch",
        new="AND p.first_processed_execution_id = @run_id AND p.batch > m.batch",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_leaves_what_is_stored_and_what_has_failed",
        ),
    ),
    Mutant(
        name="a record that has failed is released",
        where="tracking/transactions/release_attempts.sql",
        old="      AND NOT e.retryable AND e.created_at >= TIMESTAMP(@planned_on)",
        new="      AND NOT e.retryable AND e.created_at < TIMESTAMP(@planned_on)",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_leaves_what_is_stored_and_what_has_failed",
        ),
    ),
    Mutant(
        name="a record that once had to be asked again is not released",
        where="tracking/transactions/release_attempts.sql",
        old="      AND NOT e.retryable AND e.created_at >= TIMESTAMP(@planned_on)",
        new="      AND e.created_at >= TIMESTAMP(@planned_on)",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_leaves_what_is_stored_and_what_has_failed",
        ),
    ),
    Mutant(
        name="a release forgets the totals of the attempts before",
        where="tracking/transactions/release_attempts.sql",
        old="u.open, 0, 0, u.analysed, u.failed, u.released + u.open,",
        new="u.open, 0, 0, 0, 0, u.open,",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_leaves_what_is_stored_and_what_has_failed",
        ),
    ),
    Mutant(
        name="a release that runs twice is stored twice",
        where="tracking/transactions/release_attempts.sql",
        old="FROM unclaimed AS u\nWHERE NOT EXISTS (\n  SELECT 1 FROM attempt_closings AS k\n  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = u.batch AND k.attempt = u.attempt\n);",
        new="FROM unclaimed AS u;",
        equivalent="the second run finds nothing open, so it releases nothing; two at once have other numbers",
        tests=(
            "tests/tracking/test_releases.py::test_a_release_whose_transaction_runs_twice_is_one",
        ),
    ),
    Mutant(
        name="a second release has the id of the first",
        where="handlers/stop_run.py",
        old="        number += 1\n",
        new="        number = 1\n",
        tests=(
            "tests/handlers/test_watching.py::test_a_release_is_repeated_under_another_number_while_an_attempt_is_left",
        ),
    ),
)
