"""Mutants of the plan: which records a run takes, and how they are cut into batches."""

from .mutant import Mutant

_HELD = "tracking/fragments/plan/held_records.sql"
_SELECTION = "tracking/fragments/plan/source_selection.sql"
_CUT = "tracking/fragments/plan/batch_cut.sql"
_PLAN = "tracking/transactions/plan_run.sql"

PLANNING = (
    Mutant(
        name="a run of another analysis holds a record",
        where=_HELD,
        old="WHERE m.analysis = @analysis\n  AND m.planned_on",
        new="WHERE m.planned_on",
        tests=(
            "tests/tracking/test_planning.py::test_records_of_another_analysis_are_independent",
        ),
    ),
    Mutant(
        name="a stopped run holds its records no more",
        where=_HELD,
        old="f.topic = 'run-completed'",
        new="f.topic IN ('run-completed', 'run-stopped')",
        tests=(
            "tests/tracking/test_planning.py::test_a_stopped_run_holds_its_records_until_it_is_completed",
        ),
    ),
    Mutant(
        name="an open run holds nothing",
        where=_SELECTION,
        old="WHEN r.is_held THEN 'held'",
        new="WHEN r.is_held AND FALSE THEN 'held'",
        tests=(
            "tests/tracking/test_planning.py::test_a_record_that_another_open_run_holds_is_left_out",
        ),
    ),
    Mutant(
        name="a failure under one analysis counts for all",
        where=_SELECTION,
        old="WHERE analysis = @analysis AND scope = 'record' AND NOT retryable AND NOT replan",
        new="WHERE scope = 'record' AND NOT retryable AND NOT replan",
        tests=(
            "tests/tracking/test_two_analyses.py::test_what_one_version_stored_and_failed_is_planned_by_the_other",
        ),
    ),
    Mutant(
        name="a released record counts as failed",
        where=_SELECTION,
        old="scope = 'record' AND NOT retryable AND NOT replan",
        new="scope = 'record' AND NOT retryable",
        tests=(
            "tests/tracking/test_planning.py::test_records_that_a_cancelled_run_released_are_taken_at_any_age",
        ),
    ),
    Mutant(
        name="a record that once had to be asked again counts as failed",
        where=_SELECTION,
        old="scope = 'record' AND NOT retryable AND NOT replan",
        new="scope = 'record' AND NOT replan",
        tests=(
            "tests/tracking/test_planning.py::test_a_released_record_is_taken_whatever_its_earlier_attempts_met",
        ),
    ),
    Mutant(
        name="what one analysis has stored counts for all",
        where=_SELECTION,
        old="FROM processed_records\n  WHERE analysis = @analysis",
        new="FROM processed_records",
        tests=(
            "tests/tracking/test_two_analyses.py::test_what_one_version_stored_and_failed_is_planned_by_the_other",
        ),
    ),
    Mutant(
        name="a stored record whose text was edited is paid for again",
        where=_SELECTION,
        old="WHEN r.analysed_fingerprint IS NOT NULL AND NOT @changed THEN 'changed'",
        new="WHEN r.analysed_fingerprint IS NOT NULL AND FALSE THEN 'changed'",
        tests=(
            "tests/tracking/test_planning.py::test_a_transcript_edited_under_its_ids_is_left_out_as_changed",
        ),
    ),
    Mutant(
        name="of the newest rows with the same ids the shortest is taken",
        where=_SELECTION,
        old="event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        new="event_timestamp DESC, text_bytes, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="rows with the same ids are planned twice",
        where=_SELECTION,
        old="WHEN r.occurrence > 1 THEN IF(",
        new="WHEN r.occurrence > 2 THEN IF(",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="the end of the requested time is included",
        where=_SELECTION,
        old="s.event_timestamp < @event_time_to",
        new="s.event_timestamp <= @event_time_to",
        tests=(
            "tests/tracking/test_planning.py::test_rows_that_a_filter_excludes_are_outside_filter",
        ),
    ),
    Mutant(
        name="the begin of the requested time is left out",
        where=_SELECTION,
        old="s.event_timestamp >= @event_time_from",
        new="s.event_timestamp > @event_time_from",
        tests=(
            "tests/tracking/test_planning.py::test_rows_that_a_filter_excludes_are_outside_filter",
        ),
    ),
    Mutant(
        name="a row at the begin of an incremental run is left out",
        where=_SELECTION,
        old="r.event_timestamp < @event_time_floor",
        new="r.event_timestamp <= @event_time_floor",
        tests=(
            "tests/tracking/test_planning.py::test_an_incremental_run_begins_at_the_newest_call_less_the_look_back",
        ),
    ),
    Mutant(
        name="a released record below the begin of an incremental run is lost",
        where=_SELECTION,
        old="      AND l.record_id IS NULL THEN 'below_floor'",
        new="      THEN 'below_floor'",
        tests=(
            "tests/tracking/test_planning.py::test_records_that_a_cancelled_run_released_are_taken_at_any_age",
        ),
    ),
    Mutant(
        name="a transcript of exactly the allowed size is left out",
        where=_SELECTION,
        old="WHEN r.bytes > @line_overhead",
        new="WHEN r.bytes >= @line_overhead",
        tests=(
            "tests/tracking/test_planning.py::test_rows_that_cannot_be_requested_are_stored_as_errors_once",
        ),
    ),
    Mutant(
        name="a filter by provider is ignored",
        where=_SELECTION,
        old="OR s.provider IN UNNEST(@providers)",
        new="OR s.provider IS NOT NULL",
        tests=(
            "tests/tracking/test_planning.py::test_rows_that_a_filter_excludes_are_outside_filter",
        ),
    ),
    Mutant(
        name="a reprocessing of one batch takes all batches",
        where=_SELECTION,
        old="OR batch IN UNNEST(@batches)",
        new="OR batch IS NOT NULL",
        tests=(
            "tests/tracking/test_planning.py::test_a_reprocess_request_takes_only_the_selected_records",
        ),
    ),
    Mutant(
        name="a reprocessing of one run takes all runs",
        where=_SELECTION,
        old="(@of_run IS NULL OR run_id = @of_run)",
        new="(@of_run IS NULL OR run_id IS NOT NULL)",
        tests=(
            "tests/tracking/test_planning.py::test_a_reprocess_request_takes_only_the_selected_records",
        ),
    ),
    Mutant(
        name="a reprocessing does not find an error by its cause",
        where=_SELECTION,
        old="OR error_type IN UNNEST(@error_types) OR cause IN UNNEST(@error_types)",
        new="OR error_type IN UNNEST(@error_types)",
        tests=(
            "tests/tracking/test_planning.py::test_a_reprocess_request_takes_only_the_selected_records",
        ),
    ),
    Mutant(
        name="the canary has one record less",
        where=_CUT,
        old="IF(position <= @canary, 0, 1)",
        new="IF(position < @canary, 0, 1)",
        tests=(
            "tests/tracking/test_planning.py::test_batch_plans_hold_records_and_bytes_of_each_batch",
        ),
    ),
    Mutant(
        name="a limited run has one record less",
        where=_CUT,
        old="WHERE position <= COALESCE(@limit",
        new="WHERE position < COALESCE(@limit",
        tests=(
            "tests/tracking/test_planning.py::test_a_record_that_another_open_run_holds_is_left_out",
        ),
    ),
    Mutant(
        name="batches are cut by rows alone",
        where=_CUT,
        old="GREATEST(@bytes_per_batch, bytes * @rows_per_batch)",
        new="@bytes_per_batch",
        tests=(
            "tests/tracking/test_planning.py::test_a_record_larger_than_the_byte_limit_is_alone_in_its_batch",
        ),
    ),
    Mutant(
        name="a record counts in the weight before itself",
        where=_CUT,
        old="ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
        new="ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        tests=("tests/tracking/test_planning.py::test_batch_numbers_are_exact_at_the_limits",),
    ),
    Mutant(
        name="two buckets share a batch",
        where=_CUT,
        old="ON b.bucket = a.bucket AND b.after_canary",
        new="ON b.after_canary",
        tests=("tests/tracking/test_planning.py::test_records_of_many_buckets_are_cut_as_well",),
    ),
    Mutant(
        name="records of two prefixes have one position",
        where=_CUT,
        old="o.before + ROW_NUMBER()",
        new="ROW_NUMBER()",
        tests=(
            "tests/tracking/test_planning.py::test_batch_plans_hold_records_and_bytes_of_each_batch",
        ),
    ),
    Mutant(
        name="a dry run freezes records",
        where=_PLAN,
        old=") AS t\nWHERE NOT @dry_run AND NOT EXISTS",
        new=") AS t\nWHERE NOT EXISTS",
        tests=("tests/tracking/test_planning.py::test_a_dry_run_counts_and_freezes_nothing",),
    ),
    Mutant(
        name="a plan that runs twice freezes its records twice",
        where=_PLAN,
        old=") AS t\nWHERE NOT @dry_run AND NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id)",
        new=") AS t\nWHERE NOT @dry_run",
        tests=(
            "tests/tracking/test_planning.py::test_a_plan_whose_transaction_runs_twice_is_stored_once",
        ),
    ),
    Mutant(
        name="a plan that runs twice counts its batches twice",
        where=_PLAN,
        old="FROM batch_cut AS c\nWHERE NOT @dry_run AND NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id)",
        new="FROM batch_cut AS c\nWHERE NOT @dry_run",
        tests=(
            "tests/tracking/test_planning.py::test_a_plan_whose_transaction_runs_twice_is_stored_once",
        ),
    ),
    Mutant(
        name="of rows with the same ids any text is frozen",
        where=_PLAN,
        old=" AND TO_HEX(SHA256(s.transcript)) = c.fingerprint",
        new="",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="what a limit leaves out is not counted",
        where=_PLAN,
        old="j.pending - c.records,",
        new="j.pending - j.pending,",
        tests=(
            "tests/handlers/test_run_requests.py::test_a_limit_bounds_a_test_and_the_rest_is_counted",
        ),
    ),
    Mutant(
        name="the last record of a batch may exceed the limit of the service",
        where="handlers/runs/plan_params.py",
        old="BYTES_LIMIT - largest",
        new="BYTES_LIMIT",
        tests=(
            "tests/tracking/test_planning.py::test_the_last_record_of_a_batch_does_not_exceed_the_limit_of_the_service",
        ),
    ),
    Mutant(
        name="the canary may be larger than a batch",
        where="handlers/runs/plan_params.py",
        old="min(request.canary, request.rows_per_batch)",
        new="request.canary",
        tests=("tests/tracking/test_planning.py::test_a_canary_larger_than_a_batch_is_one_batch",),
    ),
    Mutant(
        name="a run of named records counts as a run of the whole source",
        where="handlers/runs/plan_params.py",
        old="and not request.record_ids and",
        new="and",
        tests=("tests/tracking/test_planning.py::test_a_run_with_a_limit_or_filter_sets_no_start",),
    ),
    Mutant(
        name="a run whose limit left records out counts as a run of the whole source",
        where="tracking/transactions/plan_run.sql",
        old="@whole AND j.pending = c.records",
        new="@whole",
        tests=("tests/tracking/test_planning.py::test_a_run_with_a_limit_or_filter_sets_no_start",),
    ),
    Mutant(
        name="a run with a filter counts as a run of the whole source",
        where="handlers/runs/plan_params.py",
        old=" and not request.narrowed",
        new="",
        tests=("tests/tracking/test_planning.py::test_a_run_with_a_limit_or_filter_sets_no_start",),
    ),
    Mutant(
        name="an incremental run begins where a dry run looked last",
        where="tracking/queries/events/event_time_floor.sql",
        old="whole AND NOT dry_run AND",
        new="whole AND",
        tests=("tests/tracking/test_planning.py::test_a_run_with_a_limit_or_filter_sets_no_start",),
    ),
    Mutant(
        name="a call with a time in the future hides the next ones",
        where="tracking/queries/events/event_time_floor.sql",
        old="LEAST(newest_event_time, planned_at)",
        new="newest_event_time",
        tests=(
            "tests/tracking/test_planning.py::test_a_call_with_a_time_in_the_future_hides_no_row",
        ),
    ),
    Mutant(
        name="an incremental run begins where another analysis looked last",
        where="tracking/queries/events/event_time_floor.sql",
        old="WHERE analysis = @analysis AND whole",
        new="WHERE whole",
        tests=(
            "tests/tracking/test_two_analyses.py::test_an_incremental_run_begins_where_its_own_version_looked_last",
        ),
    ),
    Mutant(
        name="a run id is reused with another request",
        where="handlers/runs/window.py",
        old="if planned_hash(plan) != content_hash(request):",
        new="if plan is None:",
        tests=(
            "tests/handlers/test_run_requests.py::test_the_same_run_id_with_other_content_is_refused",
        ),
    ),
    Mutant(
        name="a run without records never completes",
        where="handlers/runs/window.py",
        old="if plan.batches == 0:",
        new="if plan.batches < 0:",
        tests=(
            "tests/handlers/test_whole_runs.py::test_a_run_without_records_is_completed_by_its_plan",
        ),
    ),
    # Copies and identity
    Mutant(
        name="of rows with the same ids the oldest is taken",
        where="tracking/fragments/plan/source_selection.sql",
        old="ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        new="ORDER BY event_timestamp IS NULL, event_timestamp, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="a row without a time is the newest",
        where="tracking/fragments/plan/source_selection.sql",
        old="ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        new="ORDER BY event_timestamp IS NOT NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="a filter decides which copy is taken",
        where="tracking/fragments/plan/source_selection.sql",
        old="ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        new="ORDER BY is_requested IS NOT TRUE, event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS occurrence",
        tests=(
            "tests/tracking/test_planning.py::test_a_filter_never_takes_a_copy_that_was_not_chosen",
        ),
    ),
    Mutant(
        name="of equal copies any one is taken",
        where="tracking/fragments/plan/source_selection.sql",
        old="fingerprint, provider, direction, attributes\n    ) AS occurrence,\n    FIRST_VALUE(fingerprint) OVER (\n      PARTITION BY record_id, IF(has_identity, NULL, fingerprint)\n      ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes\n    ) AS chosen_fingerprint",
        new="fingerprint\n    ) AS occurrence,\n    FIRST_VALUE(fingerprint) OVER (\n      PARTITION BY record_id, IF(has_identity, NULL, fingerprint)\n      ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint\n    ) AS chosen_fingerprint",
        tests=(
            "tests/tracking/test_planning.py::test_copies_that_differ_in_their_provider_alone_are_judged_alike_in_any_order",
        ),
    ),
    Mutant(
        name="a copy with another text is a duplicate",
        where="tracking/fragments/plan/source_selection.sql",
        old="COALESCE(r.fingerprint, '') = COALESCE(r.chosen_fingerprint, ''), 'duplicate'",
        new="TRUE, 'duplicate'",
        tests=("tests/tracking/test_planning.py::test_of_rows_with_the_same_ids_one_is_chosen",),
    ),
    Mutant(
        name="a row needs both ids",
        where="tracking/fragments/plan/source_selection.sql",
        old="    REGEXP_CONTAINS(\n      CONCAT(COALESCE(s.interaction_id, ''), COALESCE(s.reference_id, '')), r'[^\\pZ\\pC]'\n    ) AS has_identity",
        new="    REGEXP_CONTAINS(COALESCE(s.interaction_id, ''), r'[^\\pZ\\pC]')\n      AND REGEXP_CONTAINS(COALESCE(s.reference_id, ''), r'[^\\pZ\\pC]') AS has_identity",
        tests=(
            "tests/tracking/test_ids_in_sql.py::test_a_row_has_an_identity_in_sql_as_in_python",
        ),
    ),
    Mutant(
        name="a blank id is an identity",
        where="tracking/fragments/plan/source_selection.sql",
        old="r'[^\\pZ\\pC]'",
        new="r'.'",
        tests=(
            "tests/tracking/test_ids_in_sql.py::test_a_row_has_an_identity_in_sql_as_in_python",
        ),
    ),
    Mutant(
        name="rows without an identity are one record",
        where="tracking/fragments/plan/source_selection.sql",
        old="    WHEN NOT r.has_identity THEN 'no_identity'\n",
        new="",
        tests=(
            "tests/tracking/test_planning.py::test_rows_without_interaction_and_reference_id_are_no_identity",
        ),
    ),
    Mutant(
        name="a loaded row needs both ids",
        where="events/ids.py",
        old="    return any(unicodedata.category(sign) not in _BLANK for part in parts for sign in part)",
        new="    return all(any(unicodedata.category(sign) not in _BLANK for sign in part) for part in parts)",
        tests=(
            "tests/tracking/test_ids_in_sql.py::test_a_row_has_an_identity_in_sql_as_in_python",
        ),
    ),
)
