"""Mutants of searches: what fits, where a page begins, and what no address and no page may hold."""

from .mutant import Mutant

_FOUND = "tests/operations/test_find_records.py"
_RECORDS = "tests/console/test_records.py"

SEARCHING = (
    Mutant(
        name="a page of records begins with the last one of the page before",
        where="tracking/fragments/records/found_after.sql",
        old="f.record_id > @after_record OR",
        new="f.record_id >= @after_record OR",
        tests=(f"{_FOUND}::test_pages_hold_every_record_once_in_one_order",),
    ),
    Mutant(
        name="a record that was cleared counts as failed",
        where="tracking/fragments/closing/fitting_errors.sql",
        old="THEN 'cleared'",
        new="THEN 'failed'",
        tests=(f"{_FOUND}::test_a_record_that_was_cleared_is_neither_analysed_nor_failed",),
    ),
    Mutant(
        name="every answer counts in the step on the other side of the period",
        where="troupe/operations/answers.py",
        old="steps[count - 1 - row.step]",
        new="steps[row.step]",
        tests=(
            "tests/operations/test_answers.py::test_values_are_counted_by_week_up_to_the_newest_call",
        ),
    ),
    Mutant(
        name="a phone number token stands in an address",
        where="troupe/console/search.py",
        old='"since", "until", "after")',
        new='"since", "until", "after", "id")',
        tests=(f"{_RECORDS}::test_an_address_that_names_a_personal_field_searches_nothing_by_it",),
    ),
    Mutant(
        name="the report of a console without texts counts free text",
        where="troupe/operations/run_report.py",
        old="charts=[each for each in counts.charts if each.column not in columns]",
        new="charts=counts.charts",
        tests=("tests/console/test_run.py::test_a_report_without_texts_counts_no_free_text",),
    ),
    Mutant(
        name="text in a closed field stands in an address",
        where="troupe/console/pages/records.py",
        old="    _check_conditions(found, fields)\n\n\ndef",
        new="\n\ndef",
        tests=(f"{_RECORDS}::test_a_text_in_a_closed_field_leads_to_no_address",),
    ),
    Mutant(
        name="a console without texts shows transcripts",
        where="troupe/operations/record_details.py",
        old="transcript=row.transcript if texts else None",
        new="transcript=row.transcript",
        tests=(f"{_RECORDS}::test_without_texts_no_page_holds_one",),
    ),
)
