"""Mutants of the duties of a tick, and of discarded attempts."""

from .mutant import Mutant

WATCHING = (
    Mutant(
        name="the tick logs the age of the youngest open run",
        where="handlers/watch_jobs.py",
        old="max(ages, default=0)",
        new="min(ages, default=0)",
        tests=("tests/handlers/test_tick.py::test_a_tick_logs_the_age_of_the_oldest_open_run",),
    ),
    Mutant(
        name="released records count as analysed in the objective of batches",
        where="handlers/advance_run.py",
        old="records = event.analysed + event.failed + event.released",
        new="records = event.analysed + event.failed",
        tests=("tests/handlers/test_tick.py::test_the_end_of_a_batch_logs_its_analysed_share",),
    ),
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
        name="a job whose output is not read is paid for",
        where="handlers/watch_jobs.py",
        old="    if job.state is not JobState.CANCELLING:\n        job_service.cancel(job.name)\n    is_new",
        new="    is_new",
        tests=(
            "tests/handlers/test_tick.py::test_a_live_job_of_a_closed_attempt_is_cancelled_and_reported",
        ),
    ),
    Mutant(
        name="a job whose output is not read is not reported",
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
        name="a run without a report is no work",
        where="tracking/queries/runs/open_work.sql",
        old="w.is_unfinished OR (w.is_open AND NOT w.is_reported)",
        new="w.is_unfinished",
        tests=(
            "tests/handlers/test_idle_tick.py::test_a_run_whose_command_was_discarded_may_have_been_planned",
        ),
    ),
    Mutant(
        name="a refusal closes the other request of its run id",
        where="tracking/queries/runs/open_work.sql",
        old="IF(f.topic = 'run-refused', f.causation_id, f.event_id)",
        new="IF(f.topic LIKE 'run-re%', f.run_id, f.event_id)",
        tests=(
            "tests/handlers/test_idle_tick.py::test_a_run_whose_command_was_discarded_may_have_been_planned",
        ),
    ),
    Mutant(
        name="a dead letter is no work",
        where="tracking/queries/runs/open_work.sql",
        old="outcome IN ('done', 'discarded')",
        new="outcome IN ('done', 'discarded', 'dead_lettered')",
        tests=(
            "tests/handlers/test_idle_tick.py::test_a_dead_letter_is_work_until_it_is_discarded",
        ),
    ),
    Mutant(
        name="an idle tick does not look for jobs whose output is not read",
        where="handlers/watch_jobs.py",
        old="    listed = duty.gather(",
        new="    if not event_log.has_work(clock(), subscriptions):\n        return\n    listed = duty.gather(",
        tests=(
            "tests/handlers/test_idle_tick.py::test_a_live_job_of_a_closed_attempt_is_seen_when_nothing_else_is_left",
        ),
    ),
    Mutant(
        name="an idle tick reads the tables of all duties",
        where="handlers/watch_jobs.py",
        old="or [True]\n    ):",
        new="or [True]\n    ) or True:",
        tests=("tests/handlers/test_idle_tick.py::test_an_idle_tick_refers_to_two_tables",),
    ),
    Mutant(
        name="a request for a model that is not offered here is sent",
        where="troupe/operations/model_places.py",
        old="    if problem := model_problem(backend, request):\n",
        new="    if problem := None:\n",
        tests=(
            "tests/operations/test_model_places.py::test_a_request_for_a_model_that_is_not_offered_here_is_refused_with_what_to_use",
        ),
    ),
    Mutant(
        name="a tuned model is taken for the one that it is named after",
        where="analysis/places.py",
        old='return "" if "/" in name else name',
        new='return name.rsplit("/", 1)[-1]',
        tests=(
            "tests/analysis/test_places.py::test_what_is_not_listed_is_unknown_and_not_refused",
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
        name="a discard closes an unplanned attempt",
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
        where="tracking/queries/batches/waiting_attempts.sql",
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
