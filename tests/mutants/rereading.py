"""Mutants of a run that reads stored answers again."""

from .mutant import Mutant

_TESTS = "tests/handlers/test_rereading.py"
_PLAN = "handlers/plan_reread.py"
_RECORDS = "tracking/fragments/plan/reread_records.sql"
_CLOSE = "tracking/transactions/close_attempt.sql"
_PAID = (f"{_TESTS}::test_what_was_refused_becomes_rows_and_nothing_is_paid",)
_AGAIN = (f"{_TESTS}::test_answers_that_are_refused_again_change_nothing",)

REREADING = (
    Mutant(
        name="answers to another prompt are read again",
        where=_PLAN,
        old="    if analysis.prompt_fingerprint(plan.model) != plan.prompt_fingerprint:\n",
        new="    if False:\n",
        tests=(f"{_TESTS}::test_only_reading_rules_may_have_changed",),
    ),
    Mutant(
        name="an open run is read again",
        where=_PLAN,
        old="    if tracking.progress(plan.run_id, plan.day).finished < plan.batches:\n",
        new="    if False:\n",
        tests=(f"{_TESTS}::test_a_run_that_is_open_unknown_or_a_reread_itself_is_refused",),
    ),
    Mutant(
        name="a run without answers of its own is read again",
        where=_PLAN,
        old="    if plan.of_run:\n",
        new="    if False:\n",
        tests=(f"{_TESTS}::test_a_run_that_is_open_unknown_or_a_reread_itself_is_refused",),
    ),
    Mutant(
        name="records with a row are read again",
        where=_RECORDS,
        old="    WHEN p.record_id IS NOT NULL THEN 'processed'\n",
        new="",
        tests=_PAID,
    ),
    Mutant(
        name="answers that are read again are counted and paid again",
        where="handlers/process_results.py",
        old="reading if is_paid else without_tokens(reading)",
        new="reading",
        tests=_PAID,
    ),
    Mutant(
        name="answers to other records of the run are errors of the new one",
        where=_CLOSE,
        old="WHERE @ending <> 'reread' OR m.record_id IS NOT NULL",
        new="WHERE TRUE",
        tests=_PAID,
    ),
    Mutant(
        name="what is refused again has failed",
        where=_CLOSE,
        old="WHEN @ending IN ('discarded', 'reread') OR",
        new="WHEN @ending IN ('discarded') OR",
        tests=_AGAIN,
    ),
    Mutant(
        name="a stop closes what a reread run is reading",
        where="handlers/stop_run.py",
        old="    if plan.of_run:\n",
        new="    if False:\n",
        tests=(f"{_TESTS}::test_a_command_to_cancel_it_does_nothing",),
    ),
    Mutant(
        name="a reread run is stopped by a budget",
        where="handlers/advance_run.py",
        old="    if plan.of_run:  #",
        new="    if plan.of_run and progress.finished < 0:  #",
        tests=(f"{_TESTS}::test_no_budget_stops_a_reread_run",),
    ),
)
