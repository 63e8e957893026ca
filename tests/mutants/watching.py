"""Mutants of the duties of a tick, and of discarded attempts."""

from .mutant import Mutant

WATCHING = (
    Mutant(
        name="an attempt with a void claim alone never ends",
        where="handlers/watch_jobs.py",
        old="(observed.attempt.stopped or observed.attempt.is_void)",
        new="observed.attempt.stopped",
        tests=(
            "tests/handlers/test_watching.py::test_an_attempt_whose_claims_brought_no_job_ends_once_none_may_follow",
        ),
    ),
    Mutant(
        name="an attempt of a stopped run without a job never ends",
        where="handlers/watch_jobs.py",
        old="(observed.attempt.stopped or observed.attempt.is_void)",
        new="observed.attempt.is_void",
        tests=(
            "tests/handlers/test_watching.py::test_an_attempt_whose_claims_brought_no_job_ends_once_none_may_follow",
        ),
    ),
    Mutant(
        name="a job that nobody will read is paid for",
        where="handlers/watch_jobs.py",
        old="    if job.state is not JobState.CANCELLING:\n        job_service.cancel(job.name)\n    is_new",
        new="    is_new",
        tests=(
            "tests/handlers/test_tick.py::test_a_live_job_of_a_closed_attempt_is_cancelled_and_reported",
        ),
    ),
    Mutant(
        name="a job that nobody will read is not reported",
        where="handlers/watch_jobs.py",
        old='        "paid_in_vain",\n',
        new='        "stuck_event",\n',
        tests=(
            "tests/handlers/test_tick.py::test_a_live_job_of_a_closed_attempt_is_cancelled_and_reported",
        ),
    ),
    Mutant(
        name="a job of an open attempt without a claim in view is cancelled",
        where="handlers/watch_jobs.py",
        old="    if tracking.closing_of(attempt_key) is None:\n        return ()\n",
        new="",
        tests=(
            "tests/handlers/test_tick.py::test_a_live_job_of_an_attempt_that_is_not_closed_runs_on",
        ),
    ),
    Mutant(
        name="one duty may take the time of all four",
        where="handlers/watch_jobs.py",
        old="Duties(clock, policy.tick_seconds / DUTIES)",
        new="Duties(clock, policy.tick_seconds)",
        tests=(
            "tests/handlers/test_watching.py::test_each_duty_has_a_quarter_of_the_time_of_a_tick",
        ),
    ),
    Mutant(
        name="without a list of jobs an attempt has none",
        where="handlers/watch_jobs.py",
        old="    if listed is None:\n        return  #",
        new="    listed = listed or []\n    if listed is None:\n        return  #",
        tests=(
            "tests/handlers/test_tick.py::test_without_the_list_no_attempt_seems_to_have_no_job",
        ),
    ),
    Mutant(
        name="a discarded attempt is closed without a void claim",
        where="handlers/attempts/discard.py",
        old="    if not known.ended and not _is_void(known):\n",
        new="    if not known.ended and known.closed:\n",
        tests=(
            "tests/handlers/test_discarding.py::test_a_discarded_attempt_is_closed_behind_a_void_claim",
        ),
    ),
    Mutant(
        name="a discard takes a claim by which a job may be created",
        where="handlers/attempts/discard.py",
        old='patience, clock, "void")',
        new="patience, clock)",
        tests=(
            "tests/handlers/test_discarding.py::test_a_discarded_attempt_is_closed_behind_a_void_claim",
        ),
    ),
    Mutant(
        name="a discard takes a second void claim",
        where="handlers/attempts/discard.py",
        old="    if not known.ended and not _is_void(known):\n",
        new="    if not known.ended:\n",
        tests=(
            "tests/handlers/test_discarding.py::test_a_discarded_attempt_is_closed_behind_a_void_claim",
        ),
    ),
    Mutant(
        name="a discard takes a claim although an end is recorded",
        where="handlers/attempts/discard.py",
        old="    if not known.ended and not _is_void(known):\n",
        new="    if not _is_void(known):\n",
        tests=(
            "tests/handlers/test_discarding.py::test_a_discarded_attempt_is_closed_behind_a_void_claim",
        ),
    ),
    Mutant(
        name="a discard goes on although its run is stopped",
        where="handlers/attempts/discard.py",
        old="    if known.stopped:\n        return None\n    jobs",
        new="    jobs",
        tests=("tests/handlers/test_discarding.py::test_on_a_stopped_run_no_attempt_is_discarded",),
    ),
    Mutant(
        name="a discard does not see a stop behind its claim",
        where="handlers/attempts/discard.py",
        old="    if known.stopped or (jobs and not known.ended):",
        new="    if jobs and not known.ended:",
        tests=("tests/handlers/test_discarding.py::test_on_a_stopped_run_no_attempt_is_discarded",),
    ),
    Mutant(
        name="a discard leaves the job of its attempt running",
        where="handlers/attempts/discard.py",
        old="        job_service.cancel(job.name)\n",
        new="        job_service.get(job.name)\n",
        tests=(
            "tests/handlers/test_discarding.py::test_a_live_job_is_cancelled_and_its_end_closes_the_attempt",
        ),
    ),
    Mutant(
        name="a discard does not wait for the end of a job",
        where="handlers/attempts/discard.py",
        old="    if known.stopped or (jobs and not known.ended):",
        new="    if known.stopped:",
        tests=(
            "tests/handlers/test_discarding.py::test_a_live_job_is_cancelled_and_its_end_closes_the_attempt",
        ),
    ),
    Mutant(
        name="a discard overlooks a job that Vertex lists late",
        where="handlers/attempts/discard.py",
        old="    return listed | {name: job_service.get(name) for name in recorded}",
        new="    return listed",
        tests=(
            "tests/handlers/test_discarding.py::test_a_live_job_is_cancelled_and_its_end_closes_the_attempt",
        ),
    ),
    Mutant(
        name="a discarded closing leaves its open records open",
        where="handlers/attempts/discard.py",
        old="return following if event.open and not is_planned else None",
        new="return None",
        tests=(
            "tests/handlers/test_discarding.py::test_an_event_holds_up_its_attempt_and_a_closing_the_next_one",
        ),
    ),
    Mutant(
        name="a discard closes an attempt that nobody planned",
        where="handlers/attempts/discard.py",
        old="return following if event.open and not is_planned else None",
        new="return following if not is_planned else None",
        tests=(
            "tests/handlers/test_discarding.py::test_an_event_holds_up_its_attempt_and_a_closing_the_next_one",
        ),
    ),
    Mutant(
        name="a discard closes an attempt that goes on by itself",
        where="handlers/attempts/discard.py",
        old="return following if event.open and not is_planned else None",
        new="return following if event.open else None",
        tests=(
            "tests/handlers/test_discarding.py::test_an_event_holds_up_its_attempt_and_a_closing_the_next_one",
        ),
    ),
    Mutant(
        name="a discard waits for a claim whose job is known",
        where="handlers/attempts/discard.py",
        old="replace(policy, reclaim_seconds=0) if jobs else policy",
        new="policy",
        tests=(
            "tests/handlers/test_discarding.py::test_a_live_job_is_cancelled_and_its_end_closes_the_attempt",
        ),
    ),
    Mutant(
        name="a discard does not wait for a claim that may bring a job",
        where="handlers/attempts/discard.py",
        old="replace(policy, reclaim_seconds=0) if jobs else policy",
        new="replace(policy, reclaim_seconds=0)",
        tests=(
            "tests/handlers/test_discarding.py::test_a_claim_that_may_still_bring_its_job_is_waited_for",
        ),
    ),
    Mutant(
        name="a discarded attempt whose job ended has the cause of its job",
        where="tracking/transactions/close_attempt.sql",
        old="@ending = 'discarded' OR o.is_void THEN",
        new="@ending = 'discarded' THEN",
        tests=(
            "tests/tracking/test_outcomes.py::test_a_void_claim_makes_any_end_a_discard_that_keeps_its_answers",
        ),
    ),
    Mutant(
        name="a void claim may bring a job",
        where="tracking/queries/waiting_attempts.sql",
        old="MAX(IF(h.state = 'create', h.claim, 0)) AS newest_claim",
        new="MAX(h.claim) AS newest_claim",
        tests=(
            "tests/tracking/test_waiting_attempts.py::test_an_attempt_whose_claims_were_given_back_waits_for_nothing",
        ),
    ),
    Mutant(
        name="the closing of a discarded attempt names no job",
        where="handlers/attempts/discard.py",
        old='ending="discarded", jobs=sorted(jobs))',
        new='ending="discarded")',
        tests=(
            "tests/handlers/test_discarding.py::test_a_live_job_is_cancelled_and_its_end_closes_the_attempt",
        ),
    ),
)
