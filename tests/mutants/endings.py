"""Mutants of how a run is judged and shown: its word, its exit code, its marks and what follows."""

from .mutant import Mutant

_OUTCOME = "troupe/operations/outcome.py"
_JUDGED = ("tests/operations/test_outcome.py",)
_EMPTY = ("tests/operations/test_nothing_pending.py",)
_HEAD = ("tests/report/test_html_head.py",)
_COMMANDS = ("tests/cli/test_outcomes.py",)

ENDINGS = (
    Mutant(
        name="a run with failed records is a success",
        where=_OUTCOME,
        old="return Word.FAILURES if run.failed + run.released else Word.COMPLETED",
        new="return Word.COMPLETED",
        tests=_JUDGED,
    ),
    Mutant(
        name="released records are a success",
        where=_OUTCOME,
        old="return Word.FAILURES if run.failed + run.released else Word.COMPLETED",
        new="return Word.FAILURES if run.failed else Word.COMPLETED",
        tests=_JUDGED,
    ),
    Mutant(
        name="a stopped run ends with 0",
        where=_OUTCOME,
        old="            return ExitCode.RUN_STOPPED\n",
        new="            return ExitCode.OK\n",
        tests=_JUDGED,
    ),
    Mutant(
        name="the share that is allowed is a failure",
        where=_OUTCOME,
        old="100 * self.left > fail_over * self.records",
        new="100 * self.left >= fail_over * self.records",
        tests=_JUDGED,
    ),
    Mutant(
        name="a record that a later run analysed is a failure still",
        where=_OUTCOME,
        old="        return self.without_row - self.analysed_since\n",
        new="        return self.without_row\n",
        tests=_JUDGED,
    ),
    Mutant(
        name="a command is advised for what a later run analysed",
        where=_OUTCOME,
        old="list(_next(left, word, failures",
        new="list(_next(run, word, failures",
        tests=_JUDGED,
    ),
    Mutant(
        name="an error whose records have a row since is named in the command",
        where=_OUTCOME,
        old="[each for each in failures if each.left]",
        new="list(failures)",
        tests=_JUDGED,
    ),
    Mutant(
        name="only rows of the run itself are looked for",
        where="tracking/queries/runs/later_rows.sql",
        old="q.first_processed_execution_id <> @run_id",
        new="q.first_processed_execution_id = @run_id",
        tests=_COMMANDS,
    ),
    Mutant(
        name="a row from before the run counts as one that came after it",
        where="tracking/queries/runs/later_rows.sql",
        old="r.planned_at < q.processed_at",
        new="TRUE",
        tests=(
            "tests/handlers/test_replacing.py::test_a_record_without_a_new_answer_keeps_its_old_row",
        ),
    ),
    Mutant(
        name="failures hide a stop",
        where=_OUTCOME,
        old="_WORST_FIRST = (ExitCode.FAILED, ExitCode.RUN_STOPPED, ExitCode.RECORDS_FAILED, ExitCode.OK)",
        new="_WORST_FIRST = (ExitCode.FAILED, ExitCode.RECORDS_FAILED, ExitCode.RUN_STOPPED, ExitCode.OK)",
        tests=_JUDGED,
    ),
    Mutant(
        name="rows that the plan left out are failures of the run",
        where=_OUTCOME,
        old='"cleared", "empty_transcript", "request_too_large"',
        new='"cleared"',
        tests=_JUDGED,
    ),
    Mutant(
        name="an empty run is requested",
        where="troupe/operations/run_requests.py",
        old="if found and found.nothing and not allow_empty:",
        new="if found and found.nothing and allow_empty:",
        tests=_EMPTY,
    ),
    Mutant(
        name="an empty reprocessing is requested",
        where="troupe/operations/reprocess.py",
        old="(preview.nothing and not known and not allow_empty)",
        new="(preview.nothing and known and not allow_empty)",
        tests=_EMPTY,
    ),
    Mutant(
        name="simulated answers are not marked",
        where="analysis/models.py",
        old="return STAND_IN in names_of(answered_by)",
        new="return False",
        tests=_HEAD,
    ),
    Mutant(
        name="an endpoint of one's own is paid for as Gemini",
        where="handlers/attempts/close.py",
        old="prices = prices_of(plan.model) if policy.answers_are_paid else None",
        new="prices = prices_of(plan.model)",
        tests=_COMMANDS,
    ),
    Mutant(
        name="mended errors come first",
        where="troupe/report/reconciliation.py",
        old="            return 3\n        return 1",
        new="            return -1\n        return 1",
        tests=("tests/report/test_summary_text.py",),
    ),
    Mutant(
        name="a batch with failed records is a success",
        where="handlers/summary/run_summary.py",
        old="return self.batches_completed - self.batches_with_failures",
        new="return self.batches_completed",
        tests=("tests/handlers/test_run_outcomes.py",),
    ),
)
