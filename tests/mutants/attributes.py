"""Mutants of call attributes and labels: what is fenced, frozen, filtered, counted, shown and kept."""

from .mutant import Mutant

_TEMPLATE = "analysis/template.py"
_ATTRIBUTES = "tracking/attributes.py"
_ANALYSIS_TESTS = "tests/analysis/test_attributes.py"
_PLAN_TESTS = "tests/tracking/test_call_attributes.py"
_RUN_TESTS = "tests/handlers/test_call_attributes.py"
_LOAD_TESTS = "tests/local/test_further_columns.py"

ATTRIBUTES = (
    Mutant(
        name="an attribute may stand outside of every fence",
        where=_TEMPLATE,
        old="        if not any(start <= at and match.end() <= end for start, end in fenced):",
        new="        if not fenced:",
        tests=(f"{_ANALYSIS_TESTS}::test_an_attribute_outside_a_fence_is_refused",),
    ),
    Mutant(
        name="an attribute may stand beside the transcript in one fence",
        where=_TEMPLATE,
        old="        if RECORD not in between:",
        new="        if not between:",
        tests=(f"{_ANALYSIS_TESTS}::test_an_attribute_outside_a_fence_is_refused",),
    ),
    Mutant(
        name="the schema may contain an attribute",
        where=_TEMPLATE,
        old="    if _NAMED.search(json.dumps(schema, ensure_ascii=False)):",
        new="    if False:",
        tests=(f"{_ANALYSIS_TESTS}::test_a_placeholder_in_the_schema_is_refused",),
    ),
    Mutant(
        name="the texts between attributes are not compared with the echo",
        where=_TEMPLATE,
        old="            if end < 0:\n                return None",
        new="            if end < 0:\n                end = len(text)",
        tests=(f"{_ANALYSIS_TESTS}::test_an_echo_of_another_prompt_gives_no_fingerprint",),
    ),
    Mutant(
        name="the transcript of an echo begins at the first attribute",
        where=_TEMPLATE,
        old="            start = found + len(constant)",
        new="            found += 0",
        tests=(f"{_ANALYSIS_TESTS}::test_the_reader_finds_the_transcript_between_attributes",),
    ),
    Mutant(
        name="a missing value is an empty text",
        where="analysis/attributes.py",
        old="        return MISSING.encode()",
        new='        return b""',
        tests=(f"{_ANALYSIS_TESTS}::test_a_prompt_has_the_values_in_one_spelling",),
    ),
    Mutant(
        name="the type of an attribute is no part of the prompt's fingerprint",
        where="analysis/definition.py",
        old="            *([types] if types else ()),",
        new="            *([types] if False else ()),",
        tests=(
            f"{_ANALYSIS_TESTS}::test_the_type_of_an_attribute_in_the_prompt_is_part_of_what_is_asked",
        ),
    ),
    Mutant(
        name="the bytes of attributes are not counted",
        where="tracking/fragments/plan/source_selection.sql",
        old="    + @attribute_copies * BYTE_LENGTH(COALESCE(s.attributes, '')) AS bytes,",
        new="    + @attribute_copies * 0 AS bytes,",
        tests=(f"{_PLAN_TESTS}::test_the_planned_bytes_are_at_least_those_of_the_line",),
    ),
    Mutant(
        name="an attribute is counted once, however often it is filled in",
        where=_TEMPLATE,
        old="        return max(counts, default=0)",
        new="        return min(1, max(counts, default=0))",
        tests=(f"{_PLAN_TESTS}::test_the_planned_bytes_are_at_least_those_of_the_line",),
    ),
    Mutant(
        name="any copy of a record gives the attributes",
        where="tracking/transactions/plan_run.sql",
        old="c.fingerprint, j.attributes,",
        new="c.fingerprint, s.attributes,",
        tests=(f"{_PLAN_TESTS}::test_the_newest_copy_of_a_record_gives_its_attributes",),
    ),
    Mutant(
        name="attributes are not redacted",
        where=_ATTRIBUTES,
        old="        return redacted(value)",
        new="        return value",
        tests=(f"{_PLAN_TESTS}::test_text_among_the_attributes_is_redacted_before_it_is_frozen",),
    ),
    Mutant(
        name="conditions on attributes are ignored",
        where="tracking/fragments/plan/source_selection.sql",
        old="      AND s.fits_attributes\n",
        new="",
        tests=(f"{_PLAN_TESTS}::test_a_condition_takes_the_calls_whose_value_fits",),
    ),
    Mutant(
        name="one condition of several is enough",
        where=_ATTRIBUTES,
        old='names["attribute_filter"] = " AND ".join(checks)',
        new='names["attribute_filter"] = " OR ".join(checks)',
        tests=(f"{_PLAN_TESTS}::test_all_conditions_must_fit",),
    ),
    Mutant(
        name="a lower bound is exclusive",
        where=_ATTRIBUTES,
        old='((">=", condition.from_)',
        new='((">", condition.from_)',
        tests=(f"{_PLAN_TESTS}::test_a_condition_takes_the_calls_whose_value_fits",),
    ),
    Mutant(
        name="a number that JSON cannot write is frozen",
        where=_ATTRIBUTES,
        old='        return f"IF(IS_NAN({number}) OR IS_INF({number}), NULL, {number})"',
        new="        return number",
        tests=(f"{_PLAN_TESTS}::test_a_missing_value_is_null",),
    ),
    Mutant(
        name="a truth is a whole number",
        where=_ATTRIBUTES,
        old='"integer": isinstance(value, int) and not isinstance(value, bool),',
        new='"integer": isinstance(value, int),',
        tests=(f"{_PLAN_TESTS}::test_a_condition_that_does_not_fit_the_analysis_is_refused",),
    ),
    Mutant(
        name="an attribute may have any type in the source",
        where=_ATTRIBUTES,
        old="        elif actual not in _COLUMN_TYPES[kind]:",
        new="        elif not actual:",
        tests=(f"{_PLAN_TESTS}::test_an_attribute_is_read_from_columns_that_lose_nothing",),
    ),
    Mutant(
        name="a column that is missing is one of another type",
        where=_ATTRIBUTES,
        old='            yield "unknown_attribute", f"has no column {column}"',
        new='            yield "attribute_type", f"has no column {column}"',
        tests=(f"{_RUN_TESTS}::test_a_source_without_an_attribute_is_a_refusal_with_the_remedy",),
    ),
    Mutant(
        name="a filtered run counts as a whole one",
        where="events/commands.py",
        old="            or self.attributes\n",
        new="",
        tests=(
            f"{_RUN_TESTS}::test_an_incremental_run_does_not_start_from_a_filtered_one",
            f"{_PLAN_TESTS}::test_a_condition_takes_the_calls_whose_value_fits",
        ),
    ),
    Mutant(
        name="a reread run loses the attributes",
        where="tracking/transactions/plan_reread.sql",
        old="a.transcript, a.attributes,",
        new="a.transcript, CAST(NULL AS STRING),",
        tests=(f"{_RUN_TESTS}::test_a_reread_run_has_the_attributes_of_the_run_that_it_reads",),
    ),
    Mutant(
        name="rows lack the attributes",
        where="tracking/transactions/close_attempt.sql",
        old="m.event_timestamp, m.attributes, {c_answer_columns}",
        new="m.event_timestamp, CAST(NULL AS STRING), {c_answer_columns}",
        tests=(f"{_PLAN_TESTS}::test_rows_have_the_attributes_of_their_plan",),
    ),
    Mutant(
        name="a report groups by a text that the analysis does not show",
        where="handlers/summary/attribute_groups.py",
        old="and name in analysis.shown)",
        new="and name)",
        tests=(
            f"{_RUN_TESTS}::test_a_report_groups_records_by_the_attributes_that_the_analysis_shows",
        ),
    ),
    Mutant(
        name="the values beyond the first twelve are left out of the answers",
        where="tracking/queries/answers/answers_by_attribute.sql",
        old="  LEFT JOIN UNNEST(@groups) AS k",
        new="  JOIN UNNEST(@groups) AS k",
        tests=(f"{_RUN_TESTS}::test_the_values_beyond_the_first_twelve_are_one_group",),
    ),
    Mutant(
        name="calls without a value count for the rest",
        where="tracking/queries/answers/answers_by_attribute.sql",
        old="COALESCE(k.value = v.value, k.value IS NULL AND v.value IS NULL)",
        new="k.value = v.value",
        tests=(
            f"{_RUN_TESTS}::test_a_report_groups_records_by_the_attributes_that_the_analysis_shows",
        ),
    ),
    Mutant(
        name="labels of a run do not reach its jobs",
        where="handlers/submit_job.py",
        old="settings_of(plan).labels | labels",
        new="labels",
        tests=(f"{_RUN_TESTS}::test_labels_stand_on_every_job_beside_our_own",),
    ),
    Mutant(
        name="a label may have the key of one of ours",
        where="events/conditions.py",
        old="(?!(?:{'|'.join(OUR_LABELS)}){END}|goog)",
        new="(?!goog)",
        tests=("tests/events/test_conditions.py",),
    ),
    Mutant(
        name="a further column has the type of its first value",
        where="troupe/transcript_files/further_columns.py",
        old='    return "number" if found == {"integer", "number"} else "text"',
        new="    return sorted(found)[0]",
        tests=(f"{_LOAD_TESTS}::test_values_of_json_keep_the_types_that_they_have",),
    ),
    Mutant(
        name="a type that conflicts with the table is not refused",
        where="troupe/backends/local/load.py",
        old="            if not fits(column.type, kind):",
        new="            if False:",
        tests=(f"{_LOAD_TESTS}::test_a_type_that_conflicts_with_the_table_is_refused",),
    ),
    Mutant(
        name="a time of a further column loses its zone",
        where="troupe/backends/local/source_table.py",
        old='    is_time = column.type == "TIMESTAMP"',
        new="    is_time = False",
        tests=(
            f"{_LOAD_TESTS}::test_columns_of_a_csv_file_get_the_narrowest_type_of_their_values",
        ),
    ),
    Mutant(
        name="another name of a column of ours is kept as a further column",
        where="troupe/transcript_files/columns.py",
        old="            is_other = source not in used and plain(source) not in _RANKS",
        new="            is_other = source not in used",
        tests=(f"{_LOAD_TESTS}::test_another_name_of_a_column_of_ours_is_not_kept",),
    ),
)
