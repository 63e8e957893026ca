"""Mutants of reviews: which rows are drawn, and what a judgement says."""

from .mutant import Mutant

_QUERY = "tracking/queries/quality/review_sample.sql"
_SAMPLE = "tests/quality/test_review_sample.py"

REVIEWING = (
    Mutant(
        name="a large stratum crowds out the small ones",
        where=_QUERY,
        old="ORDER BY t.turn, t.place, t.record_id",
        new="ORDER BY t.place, t.record_id",
        tests=(f"{_SAMPLE}::test_each_value_of_a_column_has_an_equal_share",),
    ),
    Mutant(
        name="low grounding is drawn by chance",
        where="tracking/review_samples.py",
        old='\'low-grounding\')", "t.grounding")',
        new='\'low-grounding\')", "0")',
        tests=(f"{_SAMPLE}::test_low_grounding_takes_the_lowest_and_stands_for_nothing",),
    ),
    Mutant(
        name="a row stands for as many rows as the sample has",
        where="troupe/operations/quality/review_sample.py",
        old="stratum.rows / stratum.sampled if is_random",
        new="stratum.rows / len(drawn) if is_random",
        tests=(f"{_SAMPLE}::test_weights_correct_what_the_strata_distort",),
    ),
    Mutant(
        name="a value and none are no disagreement",
        where="tracking/review_samples.py",
        old="t.{name} IS DISTINCT FROM o.{name}",
        new="t.{name} <> o.{name}",
        tests=(f"{_SAMPLE}::test_a_value_differs_from_none",),
    ),
    Mutant(
        name="a row that was deleted is recorded",
        where="tracking/transactions/record_review.sql",
        old="FROM UNNEST(@drawn_rows) AS d\nJOIN {output} AS t ON t.record_id = d.record_id",
        new="FROM UNNEST(@drawn_rows) AS d\nJOIN {output} AS t ON TRUE",
        tests=(f"{_SAMPLE}::test_rows_that_the_run_does_not_have_are_not_recorded",),
    ),
    Mutant(
        name="others can read the page",
        where="troupe/cli/output.py",
        old="os.fchmod(descriptor, 0o600)",
        new="os.fchmod(descriptor, 0o644)",
        tests=("tests/quality/test_review_page.py::test_only_the_owner_can_read_the_file",),
    ),
    Mutant(
        name="a transcript can end the script of the page",
        where="troupe/quality/review_page.py",
        old='for sign in ("<", ">", "&", "\\u2028", "\\u2029")',
        new='for sign in ("\\u2028", "\\u2029")',
        tests=("tests/quality/test_review_page.py::test_what_a_record_says_stays_text",),
    ),
    Mutant(
        name="a rejection agrees with the value that it rejects",
        where="troupe/quality/agreement.py",
        old="return None if names_wrong_value(other) else column.judge(one, other)",
        new="return None if names_wrong_value(other) else column.judge(other, one)",
        tests=("tests/quality/test_agreement.py",),
    ),
    Mutant(
        name="a page that is older overwrites what a newer one saved",
        where="troupe/operations/quality/review_record.py",
        old="elif not problems and version != row.version:",
        new="elif not problems and version > row.version:",
        tests=("tests/operations/test_reviews.py::test_a_newer_version_is_not_overwritten",),
    ),
    Mutant(
        name="the first save of a reviewer counts, not the newest",
        where="tracking/queries/quality/review_labels.sql",
        old="ORDER BY r.version DESC",
        new="ORDER BY r.version",
        tests=("tests/operations/test_reviews.py::test_a_judgement_can_be_taken_back",),
    ),
    Mutant(
        name="a forgotten person stays in what reviewers saved",
        where="tracking/transactions/forget_person.sql",
        old="DELETE FROM review_labels\nWHERE phone_number_token = @phone_number_token OR record_id IN "
        "(SELECT record_id FROM forgotten);",
        new="",
        tests=("tests/operations/test_reviews.py::test_a_forgotten_person_is_in_no_label",),
    ),
    Mutant(
        name="the console reads files as sides",
        where="troupe/console/pages/compare.py",
        old="if side.startswith(FILE):",
        new='if side == FILE + "x":',
        tests=("tests/console/test_attacks.py::test_no_file_is_read_through_a_comparison",),
    ),
    Mutant(
        name="a review shows transcripts in a console without texts",
        where="troupe/console/pages/review.py",
        old="if client_of(request).no_text:",
        new="if client_of(request).no_text is None:",
        tests=(
            "tests/console/test_quality_pages.py::test_a_console_without_texts_shows_no_review",
        ),
    ),
)
