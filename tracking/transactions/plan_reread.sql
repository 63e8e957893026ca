-- Freeze which records of a completed run are read again: those without a row that no open run holds.
-- Their texts are those that were asked. Batches are numbered again from 1; of_batch says where they were asked.
BEGIN TRANSACTION;

UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE;

CREATE TEMP TABLE reread_records AS
{reread_records};

CREATE TEMP TABLE reread_batches AS
SELECT
  b.batch AS of_batch, ROW_NUMBER() OVER (ORDER BY b.batch) AS batch, b.records, b.bytes
FROM (
  SELECT batch, COUNT(*) AS records, SUM(line_bytes) AS bytes
  FROM reread_records
  WHERE selection = 'pending'
  GROUP BY batch
) AS b;

INSERT INTO batch_records (
  run_id, planned_on, batch, record_id, analysis, phone_number_token, interaction_id, reference_id,
  event_timestamp, transcript, attributes, line_bytes, text_fingerprint, original_fingerprint
)
SELECT
  @run_id, CURRENT_DATE(), b.batch, a.record_id, a.analysis, a.phone_number_token, a.interaction_id,
  a.reference_id, a.event_timestamp, a.transcript, a.attributes, a.line_bytes, a.text_fingerprint,
  a.original_fingerprint
FROM reread_records AS a
JOIN reread_batches AS b ON b.of_batch = a.batch
WHERE a.selection = 'pending'
  AND NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id);

INSERT INTO batch_plans (run_id, planned_on, batch, records, bytes, of_batch)
SELECT @run_id, CURRENT_DATE(), b.batch, b.records, b.bytes, b.of_batch
FROM reread_batches AS b
WHERE NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id);

-- Nothing is sent, so no bytes are counted and no cost is expected.
INSERT INTO run_plans (
  run_id, planned_on, planned_at, request, request_hash, request_id, analysis, analysis_files,
  prompt_fingerprint, mode, model, dry_run,
  whole, batches, records, bytes, would_batches, would_records, would_bytes,
  source_rows, no_identity, duplicate, conflicting_copies, outside_filter, held, processed, changed,
  failed_before, empty_transcript, request_too_large, below_floor, beyond_limit,
  event_time_floor, newest_event_time, replaces_from, replaces_to, of_run, redactions
)
SELECT
  @run_id, CURRENT_DATE(), CURRENT_TIMESTAMP(), @request, @request_hash, @request_id, @analysis,
  @analysis_files, @prompt_fingerprint, 'reread', @model, FALSE,
  FALSE, b.batches, b.records, 0, b.batches, b.records, 0,
  a.source_rows, 0, 0, 0, 0, a.held, a.processed, 0,
  0, 0, 0, 0, 0,
  NULL, NULL, NULL, NULL, @of_run, d.redactions
FROM (
  SELECT
    COUNT(*) AS source_rows,
    COUNTIF(selection = 'held') AS held,
    COUNTIF(selection = 'processed') AS processed
  FROM reread_records
) AS a
CROSS JOIN (
  SELECT COUNT(*) AS batches, COALESCE(SUM(records), 0) AS records FROM reread_batches
) AS b
CROSS JOIN (
{no_redactions}
) AS d
WHERE NOT EXISTS (SELECT 1 FROM run_plans AS r WHERE r.run_id = @run_id);

COMMIT TRANSACTION;
