-- Freeze which transcripts belong to which batch of a run, all of them or none.
-- In a transaction CURRENT_DATE is the day of its start, so a plan that runs past midnight has one day.
BEGIN TRANSACTION;

-- A plan and a clearing of history both update this row first, so no two of them see the same records.
UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;

CREATE TEMP TABLE source_selection AS
{source_selection};

CREATE TEMP TABLE batch_cut AS
{batch_cut};

INSERT INTO batch_records (
  run_id, planned_on, batch, record_id, analysis, phone_number_token, interaction_id, reference_id,
  event_timestamp, transcript, attributes, line_bytes, text_fingerprint, original_fingerprint
)
SELECT
  @run_id, CURRENT_DATE(), t.batch, t.record_id, @analysis,
  MIN(t.phone_number_token), MIN(t.interaction_id), MIN(t.reference_id), MAX(t.event_timestamp),
  ANY_VALUE(t.text), ANY_VALUE(t.attributes), t.bytes, TO_HEX(SHA256(ANY_VALUE(t.text))), t.fingerprint
FROM (
  SELECT
    c.batch, c.record_id, c.bytes, c.fingerprint, j.attributes,
    s.phone_number_token, s.interaction_id, s.reference_id, s.event_timestamp, {sent_text} AS text
  FROM batch_cut AS c
  -- Of copies with one text, the attributes of the row that was chosen.
  LEFT JOIN (
    SELECT record_id, attributes
    FROM source_selection
    WHERE selection = 'pending' AND attributes IS NOT NULL
  ) AS j ON j.record_id = c.record_id
  JOIN ({source_rows}) AS s ON s.record_id = c.record_id AND TO_HEX(SHA256(s.transcript)) = c.fingerprint
) AS t
WHERE NOT @dry_run AND NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id)
GROUP BY t.batch, t.record_id, t.bytes, t.fingerprint;

INSERT INTO batch_plans (run_id, planned_on, batch, records, bytes, of_batch)
SELECT @run_id, CURRENT_DATE(), c.batch, COUNT(*), SUM(c.bytes), NULL
FROM batch_cut AS c
WHERE NOT @dry_run AND NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id)
GROUP BY c.batch;

-- error_id follows events/ids.py.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, retryable, replan,
  hint, detail, created_at
)
SELECT
  CONCAT(@analysis, '__', j.selection, '__', j.record_id), j.selection, NULL, 'record', @analysis,
  j.record_id, @run_id, NULL, NULL, t.retryable, t.replan, t.hint, NULL, CURRENT_TIMESTAMP()
FROM source_selection AS j
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = j.selection
WHERE NOT @dry_run
  AND j.selection IN ('empty_transcript', 'request_too_large')
  AND NOT EXISTS (
    SELECT 1 FROM error_tracking AS e
    WHERE e.error_id = CONCAT(@analysis, '__', j.selection, '__', j.record_id)
  );

INSERT INTO run_plans (
  run_id, planned_on, planned_at, request, request_hash, request_id, analysis, analysis_files,
  prompt_fingerprint, mode, model, dry_run,
  whole, batches, records, bytes, would_batches, would_records, would_bytes,
  source_rows, no_identity, duplicate, conflicting_copies, outside_filter, held, processed, changed,
  failed_before, empty_transcript, request_too_large, below_floor, beyond_limit, event_time_floor,
  newest_event_time, replaces_from, replaces_to, of_run, redactions
)
SELECT
  @run_id, CURRENT_DATE(), CURRENT_TIMESTAMP(), @request, @request_hash, @request_id, @analysis, @analysis_files, @prompt_fingerprint, @mode,
  @model, @dry_run, @whole AND j.pending = c.records, IF(@dry_run, 0, c.batches), IF(@dry_run, 0, c.records),
  IF(@dry_run, 0, c.bytes), c.batches, c.records, c.bytes,
  j.source_rows, j.no_identity, j.duplicate, j.conflicting_copies, j.outside_filter, j.held,
  j.processed, j.changed, j.failed_before, j.empty_transcript, j.request_too_large, j.below_floor, j.pending - c.records,
  @event_time_floor, j.newest_event_time, j.replaces_from, j.replaces_to, NULL,
  d.redactions
FROM (
{selection_counts}
) AS j
CROSS JOIN (
  SELECT
    COUNT(DISTINCT batch) AS batches, COUNT(*) AS records, COALESCE(SUM(bytes), 0) AS bytes
  FROM batch_cut
) AS c
CROSS JOIN (
{redaction_counts}
) AS d
WHERE NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id);

COMMIT TRANSACTION;
