"""Mutants of the drift: scatter, correction, what is counted."""

from .mutant import Mutant

_SHARES = "handlers/summary/weekly_shares.py"
_ROWS = "tracking/fragments/closing/answer_rows.sql"

DRIFTING = (
    Mutant(
        name="a column scatters as little as it seems",
        where=_SHARES,
        old="scatter = Scatter(max(own.factor, usual.factor), own.freedom)",
        new="scatter = Scatter(1.0, own.freedom)",
        tests=("tests/handlers/test_weekly_shares.py::test_a_stable_history_raises_no_alarm",),
    ),
    Mutant(
        name="many shares are compared without correction",
        where=_SHARES,
        old="corrected = holm([each.p_value for each in compared])",
        new="corrected = [each.p_value for each in compared]",
        tests=("tests/handlers/test_weekly_shares.py::test_a_stable_history_raises_no_alarm",),
    ),
    Mutant(
        name="a failed record that is released counts as failed",
        where=_ROWS,
        old="HAVING LOGICAL_AND(NOT x.replan) AND",
        new="HAVING",
        tests=(
            "tests/tracking/test_answers_daily.py::test_records_that_failed_are_counted_by_their_error",
        ),
    ),
    Mutant(
        name="the value of a call attribute is logged",
        where="handlers/summary/drift.py",
        old="        if share.attribute is None:\n",
        new="        if share:\n",
        tests=(
            "tests/operations/test_drift.py::test_each_share_of_all_records_is_logged_under_one_name",
        ),
    ),
    Mutant(
        name="a report forgets what had moved",
        where="handlers/report_run.py",
        old="summarise(tracking, plan), moved=moved)",
        new="summarise(tracking, plan), moved=[])",
        tests=(
            "tests/operations/test_drift.py::test_the_report_of_a_run_keeps_and_logs_what_had_moved",
        ),
    ),
)
