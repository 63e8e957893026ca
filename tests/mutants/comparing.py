"""Mutants of comparing: what is paired, what agrees, what is judged, and when a pipeline stops."""

from .mutant import Mutant

_SQL = "tracking/comparison.py"
_OPERATION = "tests/operations/test_compare.py"

COMPARING = (
    Mutant(
        name="a missing value agrees with every value",
        where=_SQL,
        old='same = f"COALESCE({a} = {b}, {a} IS NULL AND {b} IS NULL)"',
        new='same = f"COALESCE({a} = {b}, TRUE)"',
        tests=(f"{_OPERATION}::test_a_missing_value_agrees_with_a_missing_value_alone",),
    ),
    Mutant(
        name="a list agrees with a part of it",
        where=_SQL,
        old='same = f"s.size_a_{at} = s.shared_{at} AND s.size_b_{at} = s.shared_{at}"',
        new='same = f"s.size_a_{at} = s.shared_{at} OR s.size_b_{at} = s.shared_{at}"',
        tests=(f"{_OPERATION}::test_labels_of_texts_numbers_and_lists_are_read",),
    ),
    Mutant(
        name="a comparison counts an answer that is not the rejected one as right",
        where=_SQL,
        old="f\"WHEN {VALUE + NOT} THEN IF({same}, 'rejected', 'unjudged')",
        new="f\"WHEN {VALUE + NOT} THEN IF({same}, 'rejected', 'equal')",
        tests=(f"{_OPERATION}::test_a_rejected_value_disagrees_only_with_itself",),
    ),
    Mutant(
        name="a label of any value but one judges that one alone",
        where=_SQL,
        old="THEN 'unjudged' ELSE 'accepted' END",
        new="THEN 'unjudged' ELSE 'unjudged' END",
        tests=(f"{_OPERATION}::test_a_label_of_any_value_but_one_judges_every_answer",),
    ),
    Mutant(
        name="the first row of a record counts, not the newest",
        where="tracking/fragments/plan/newest_row.sql",
        old="ORDER BY t.analysed_at DESC",
        new="ORDER BY t.analysed_at",
        tests=(f"{_OPERATION}::test_of_a_record_with_two_rows_of_a_version_the_newest_counts",),
    ),
    Mutant(
        name="what cannot be measured passes its limit",
        where="troupe/quality/gates.py",
        old="passed=measured.value is not None and measured.value >= limit.threshold,",
        new="passed=measured.value is None or measured.value >= limit.threshold,",
        tests=(
            "tests/cli/test_compare.py::test_a_limit_of_what_cannot_be_measured_is_not_reached",
        ),
    ),
    Mutant(
        name="a text that may name a person is shown unasked",
        where="troupe/operations/quality/compare.py",
        old="is_shown = show or columns[row.column_name][1].is_shown",
        new="is_shown = True",
        tests=(f"{_OPERATION}::test_texts_of_differing_records_are_shown_on_request_alone",),
    ),
)
