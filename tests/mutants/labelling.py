"""Mutants of golden sets: what a label says of an answer, and which version counts."""

from .mutant import Mutant

_VALUES = "troupe/quality/label_values.py"
_SET_TESTS = "tests/operations/test_golden_sets.py"
_VALUE_TESTS = "tests/quality/test_label_values.py"

LABELLING = (
    Mutant(
        name="an answer that is not the rejected one counts as right",
        where=_VALUES,
        old="            return False if self._same(label[NOT], answer) else None",
        new="            return not self._same(label[NOT], answer)",
        tests=(f"{_VALUE_TESTS}::test_an_answer_is_right_wrong_or_not_told_by_its_label",),
    ),
    Mutant(
        name="another text than the accepted one counts as wrong",
        where=_VALUES,
        old="        return None if is_open and label and answer else False",
        new="        return False",
        tests=(f"{_VALUE_TESTS}::test_an_answer_is_right_wrong_or_not_told_by_its_label",),
    ),
    Mutant(
        name="labels of the person stay when there is no record of them",
        where="tracking/transactions/forget_person.sql",
        old="DELETE FROM golden_labels\nWHERE phone_number_token = @phone_number_token OR record_id IN",
        new="DELETE FROM golden_labels\nWHERE record_id IN",
        tests=(f"{_SET_TESTS}::test_labels_of_a_person_who_left_the_source_are_forgotten",),
    ),
    Mutant(
        name="an extension loses the other columns of a record",
        where="troupe/operations/quality/golden_add.py",
        old="before | {id_: before.get(id_, {}) | values for",
        new="before | {id_: values for",
        tests=(f"{_SET_TESTS}::test_an_extension_keeps_other_records_and_other_columns",),
    ),
    Mutant(
        name="an older version of a golden set measures a run",
        where="tracking/fragments/quality/newest_golden_versions.sql",
        old="ORDER BY version DESC",
        new="ORDER BY version",
        tests=(f"{_SET_TESTS}::test_the_newest_version_of_a_set_counts",),
    ),
)
