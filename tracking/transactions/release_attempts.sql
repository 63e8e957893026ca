-- Release a stopped run: close every open attempt on which no claim is held, all in one transaction.
-- A claim that is committed later sees the stop, and creates no job. The INSERTs are guarded: a job
-- that failed after its commit is run again.
BEGIN TRANSACTION;

CREATE TEMP TABLE unclaimed AS
SELECT u.*, s.cause
FROM (
{unclaimed_attempts}
) AS u
CROSS JOIN (
{stop_cause}
) AS s
WHERE s.cause IS NOT NULL;

-- error_id follows events/ids.py.
INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, retryable, replan,
  hint, detail, created_at
)
SELECT
  CONCAT(
    @deployment, '__', @run_id, '__', CAST(u.batch AS STRING), '__', CAST(u.attempt AS STRING), '__',
    m.record_id, '____', u.cause
  ),
  u.cause, NULL, 'record', m.analysis, m.record_id, @run_id, u.batch, u.attempt, t.retryable, t.replan,
  t.hint, NULL, CURRENT_TIMESTAMP()
FROM unclaimed AS u
JOIN batch_records AS m ON m.batch = u.batch
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = u.cause
WHERE m.run_id = @run_id AND m.planned_on = @planned_on
  AND NOT EXISTS (
    SELECT 1 FROM processed_records AS p
    WHERE p.record_id = m.record_id AND p.analysis = m.analysis
      AND p.first_processed_execution_id = @run_id AND p.batch = m.batch
      AND p.processed_at >= TIMESTAMP(@planned_on)
  )
  AND NOT EXISTS (
    SELECT 1 FROM error_tracking AS e
    WHERE e.record_id = m.record_id AND e.run_id = @run_id AND e.batch = m.batch
      AND NOT e.retryable AND e.created_at >= TIMESTAMP(@planned_on)
  );

INSERT INTO attempt_closings (
  run_id, planned_on, batch, attempt, closed_at, outcome, cause, jobs, outputs, asked, lines,
  answered, analysed, failed, released, open, prompt_tokens, cached_tokens, thoughts_tokens,
  output_tokens, cost, wasted, seconds, peak_megabytes, not_before, normalised, partial, field_counts,
  answered_by
)
SELECT
  @run_id, @planned_on, u.batch, u.attempt, CURRENT_TIMESTAMP(), 'released', u.cause, '[]', '[]',
  u.open, 0, 0, u.analysed, u.failed, u.released + u.open, 0, 0, 0, 0, 0,
  IF(@input_price IS NULL, NULL, 0), IF(@input_price IS NULL, NULL, 0), 0, NULL, NULL,
  0, 0, '[]', NULL
FROM unclaimed AS u
WHERE NOT EXISTS (
  SELECT 1 FROM attempt_closings AS k
  WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = u.batch AND k.attempt = u.attempt
);

COMMIT TRANSACTION;
