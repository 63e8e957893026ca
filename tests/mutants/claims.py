"""Mutants of the claims on an attempt: who may create its job, and when the next caller may."""

from .mutant import Mutant

CLAIMS = (
    Mutant(
        name="a claim on an attempt whose end is recorded creates a job",
        where="tracking/transactions/claim_attempt.sql",
        old=" AND NOT s.ended AND",
        new=" AND",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_no_claim_is_taken_on_an_attempt_whose_end_is_recorded",
        ),
    ),
    Mutant(
        name="the end of another attempt prevents a claim",
        where="tracking/fragments/closing/attempt_state.sql",
        old="AND f.recorded_on >= @planned_on AND f.batch = @batch AND f.attempt = @attempt",
        new="AND f.recorded_on >= @planned_on AND f.batch = @batch",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_no_claim_is_taken_on_an_attempt_whose_end_is_recorded",
        ),
    ),
    Mutant(
        name="a cancelled job is no end of its attempt",
        where="tracking/fragments/closing/attempt_state.sql",
        old="('job-succeeded', 'job-failed', 'job-cancelled')",
        new="('job-succeeded', 'job-cancelled')",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_no_claim_is_taken_on_an_attempt_whose_end_is_recorded",
        ),
    ),
    Mutant(
        name="an attempt after the last of a batch is planned",
        where="tracking/fragments/closing/attempt_state.sql",
        old=" AND k.open > 0",
        new="",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_no_claim_is_taken_on_an_attempt_after_the_last",
        ),
    ),
    Mutant(
        name="an attempt whose forerunner is open is planned",
        where="tracking/fragments/closing/attempt_state.sql",
        old="AND k.attempt = @attempt - 1 AND",
        new="AND k.attempt < @attempt AND",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_no_claim_is_taken_on_a_closed_attempt",
        ),
    ),
    Mutant(
        name="an end that is recorded does not keep a job back",
        where="tracking/results.py",
        old="(self.stopped or self.ended or self.closed)",
        new="(self.stopped or self.closed)",
        tests=("tests/handlers/test_submitting.py",),
    ),
    Mutant(
        name="a closing does not keep a job back",
        where="tracking/results.py",
        old="(self.stopped or self.ended or self.closed)",
        new="(self.stopped or self.ended)",
        tests=("tests/handlers/test_submitting.py",),
    ),
    Mutant(
        name="a stop does not keep a job back",
        where="tracking/results.py",
        old="(self.stopped or self.ended or self.closed)",
        new="(self.ended or self.closed)",
        tests=("tests/handlers/test_submitting.py",),
    ),
    Mutant(
        name="a claim that may not be used any more is kept",
        where="handlers/submit_job.py",
        old="            tracking.return_claim(attempt_key, taken.claim.claim)\n            return\n        if",
        new="            return\n        if",
        tests=(
            "tests/handlers/test_submitting.py::test_a_stop_that_is_seen_behind_the_claim_gives_it_back",
        ),
    ),
    Mutant(
        name="a job that is refused for now keeps its claim",
        where="handlers/submit_job.py",
        old="            except Unavailable as refusal:\n                tracking.return_claim(attempt_key, taken.claim.claim)\n",
        new="            except Unavailable as refusal:\n",
        tests=(
            "tests/handlers/test_submitting.py::test_a_job_that_is_refused_for_now_gives_the_claim_back_and_waits",
        ),
    ),
    Mutant(
        name="a job that is refused again is tried again as soon",
        where="handlers/submit_job.py",
        old="policy.outage_gap(known.returned_in_a_row + 1)",
        new="policy.outage_gap(1)",
        tests=(
            "tests/handlers/test_submitting.py::test_a_job_that_is_refused_for_now_gives_the_claim_back_and_waits",
        ),
    ),
    Mutant(
        name="a claim that was given back is waited for like any other",
        where="handlers/attempts/claims.py",
        old='if newest.state == "returned":',
        new='if newest.state == "refused":',
        tests=(
            "tests/handlers/test_taking_claims.py::test_a_claim_that_was_given_back_is_followed_after_a_gap_that_grows",
        ),
    ),
    Mutant(
        name="the gap after a refusal does not grow",
        where="handlers/attempts/claims.py",
        old="policy.outage_gap(known.returned_in_a_row)",
        new="policy.outage_gap(1)",
        tests=(
            "tests/handlers/test_taking_claims.py::test_a_claim_that_was_given_back_is_followed_after_a_gap_that_grows",
        ),
    ),
    Mutant(
        name="a claim that was given back long ago counts as one in a row",
        where="tracking/results.py",
        old="return len(self.taken) - (kept[-1] if kept else 0)",
        new="return len(self.taken) - len(kept)",
        tests=(
            "tests/handlers/test_taking_claims.py::test_the_gap_after_a_refusal_doubles_up_to_two_hours",
        ),
    ),
    Mutant(
        name="the gap after a refusal grows without an end",
        where="handlers/ports.py",
        old="return min(self.longest_gap_seconds, doubled)",
        new="return doubled",
        tests=(
            "tests/handlers/test_taking_claims.py::test_the_gap_after_a_refusal_doubles_up_to_two_hours",
        ),
    ),
    Mutant(
        name="a claim that was given back counts as held",
        where="tracking/queries/batches/claims_of.sql",
        old="IF(LOGICAL_OR(state = 'returned'), 'returned', MIN(state))",
        new="MIN(state)",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_a_claim_that_is_given_back_counts_its_age_from_then",
        ),
    ),
    Mutant(
        name="a claim that was given back is as old as when it was taken",
        where="tracking/queries/batches/claims_of.sql",
        old="MIN(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), claimed_at, SECOND)) AS age_seconds",
        new="MAX(TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), claimed_at, SECOND)) AS age_seconds",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_a_claim_that_is_given_back_counts_its_age_from_then",
        ),
    ),
    Mutant(
        name="a claim that is given back twice has two returns",
        where="tracking/transactions/return_claim.sql",
        old="AND c.attempt = @attempt AND c.claim = @claim AND c.state = 'returned'",
        new="AND c.attempt = @attempt AND c.claim = @claim AND c.state = 'refunded'",
        tests=(
            "tests/tracking/test_claims_and_progress.py::test_a_claim_whose_transaction_runs_twice_is_one_row",
        ),
    ),
)
