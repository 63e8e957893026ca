-- Select or leave out each row of the source for this run. One row each, without its transcript.
-- `pending` rows may be planned; every other value of `selection` is a reason to leave the row out.
-- Of the rows of one identity one is chosen before any filter: a filter that saw the copies would take
-- an older text, and the next run would find it changed. Text, provider, direction and attributes only break ties.
-- `has_identity` follows `events.ids.has_identity`.
-- A text has changed when the original has; whether it is empty or too large is judged on what is sent.
-- An empty array parameter may reach BigQuery as NULL (python-bigquery #2325), which has no length.
WITH
held AS (
{held_records}
),
failed AS (
  SELECT DISTINCT record_id
  FROM error_tracking
  WHERE analysis = @analysis AND scope = 'record' AND NOT retryable AND NOT replan
),
reprocessed AS (
  SELECT DISTINCT record_id
  FROM error_tracking
  WHERE @reprocess AND NOT @changed AND analysis = @analysis AND scope = 'record' AND NOT retryable
    AND (@of_run IS NULL OR run_id = @of_run)
    AND (COALESCE(ARRAY_LENGTH(@batches), 0) = 0 OR batch IN UNNEST(@batches))
    AND (
      COALESCE(ARRAY_LENGTH(@error_types), 0) = 0
      OR error_type IN UNNEST(@error_types) OR cause IN UNNEST(@error_types)
    )
    AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR record_id IN UNNEST(@record_ids))
  UNION DISTINCT
  SELECT record_id
  FROM processed_records
  WHERE @changed AND analysis = @analysis
    AND (@of_run IS NULL OR first_processed_execution_id = @of_run)
    AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR record_id IN UNNEST(@record_ids))
),
released AS (
  SELECT DISTINCT record_id
  FROM error_tracking
  WHERE analysis = @analysis AND scope = 'record' AND batch IS NOT NULL AND NOT retryable AND replan
),
-- Until a run over changed records is over, its new rows stand beside those that they replace.
analysed AS (
  SELECT
    record_id,
    ANY_VALUE(original_fingerprint HAVING MAX processed_at) AS fingerprint,
    MIN(processed_at) AS first_processed_at,
    MAX(processed_at) AS last_processed_at
  FROM processed_records
  WHERE analysis = @analysis
  GROUP BY record_id
),
requested AS (
  SELECT
    s.*,
    n.record_id IS NOT NULL AS is_reprocessed,
    IF(
      @reprocess,
      n.record_id IS NOT NULL,
      (@event_time_from IS NULL OR s.event_timestamp >= @event_time_from)
      AND (@event_time_to IS NULL OR s.event_timestamp < @event_time_to)
      AND (COALESCE(ARRAY_LENGTH(@providers), 0) = 0 OR s.provider IN UNNEST(@providers))
      AND (COALESCE(ARRAY_LENGTH(@directions), 0) = 0 OR s.direction IN UNNEST(@directions))
      AND (COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0 OR s.record_id IN UNNEST(@record_ids))
      AND s.fits_attributes
    ) AS is_requested
  FROM ({source_rows}) AS s
  LEFT JOIN reprocessed AS n ON n.record_id = s.record_id
),
-- Rules cost time: a text that is not sent, whatever it is, is not redacted.
sent AS (
  SELECT
    s.*,
    h.record_id IS NOT NULL AS is_held,
    p.fingerprint AS analysed_fingerprint,
    p.first_processed_at,
    p.last_processed_at,
    IF(
      s.is_requested AND h.record_id IS NULL AND (p.record_id IS NULL OR @changed), {sent_text}, NULL
    ) AS text
  FROM requested AS s
  LEFT JOIN analysed AS p ON p.record_id = s.record_id
  LEFT JOIN held AS h ON h.record_id = s.record_id
),
sized AS (
  SELECT
    s.record_id,
    s.event_timestamp,
    s.provider,
    s.direction,
    s.attributes,
    REGEXP_CONTAINS(
      CONCAT(COALESCE(s.interaction_id, ''), COALESCE(s.reference_id, '')), r'[^\pZ\pC]'
    ) AS has_identity,
    TO_HEX(SHA256(s.transcript)) AS fingerprint,
    COALESCE(BYTE_LENGTH(s.transcript), -1) AS text_bytes,
    @line_overhead + BYTE_LENGTH(TO_JSON_STRING(s.text)) - 2
    + @attribute_copies * BYTE_LENGTH(COALESCE(s.attributes, '')) AS bytes,
    s.text IS NULL OR NOT REGEXP_CONTAINS(s.text, r'\S') AS is_empty,
    s.is_reprocessed,
    s.is_requested,
    s.is_held,
    s.analysed_fingerprint,
    s.first_processed_at,
    s.last_processed_at
  FROM sent AS s
),
ranked AS (
  SELECT
    w.*,
    -- Rows without an identity share few record ids; one partition of all of them would not fit.
    ROW_NUMBER() OVER (
      PARTITION BY record_id, IF(has_identity, NULL, fingerprint)
      ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes
    ) AS occurrence,
    FIRST_VALUE(fingerprint) OVER (
      PARTITION BY record_id, IF(has_identity, NULL, fingerprint)
      ORDER BY event_timestamp IS NULL, event_timestamp DESC, text_bytes DESC, fingerprint, provider, direction, attributes
    ) AS chosen_fingerprint
  FROM sized AS w
)
SELECT
  r.record_id,
  r.event_timestamp,
  r.fingerprint,
  r.bytes,
  r.attributes,
  r.first_processed_at,
  r.last_processed_at,
  CASE
    WHEN NOT r.has_identity THEN 'no_identity'
    WHEN r.occurrence > 1 THEN IF(
      COALESCE(r.fingerprint, '') = COALESCE(r.chosen_fingerprint, ''), 'duplicate', 'conflicting_copies'
    )
    WHEN r.is_requested IS NOT TRUE THEN 'outside_filter'
    WHEN r.is_held THEN 'held'
    WHEN r.analysed_fingerprint = r.fingerprint THEN 'processed'
    WHEN r.analysed_fingerprint IS NOT NULL AND NOT @changed THEN 'changed'
    WHEN e.record_id IS NOT NULL AND NOT r.is_reprocessed THEN 'failed_before'
    WHEN r.is_empty THEN 'empty_transcript'
    WHEN r.bytes > @line_overhead + @max_transcript_bytes THEN 'request_too_large'
    WHEN @event_time_floor IS NOT NULL AND r.event_timestamp < @event_time_floor
      AND l.record_id IS NULL THEN 'below_floor'
    ELSE 'pending'
  END AS selection
FROM ranked AS r
LEFT JOIN failed AS e ON e.record_id = r.record_id
LEFT JOIN released AS l ON l.record_id = r.record_id
