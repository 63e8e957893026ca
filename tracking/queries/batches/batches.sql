-- What is the state of each batch of the run, and how long has the batch been in it?
SELECT
  m.batch,
  m.records,
  GREATEST(COALESCE(f.attempt, 0), COALESCE(k.attempt, 0)) AS attempt,
  COALESCE(k.analysed, 0) AS analysed,
  COALESCE(k.failed, 0) AS failed,
  COALESCE(k.released, 0) AS released,
  CASE
    WHEN k.open = 0 AND (k.released > 0 OR k.is_refused) THEN 'abandoned'
    WHEN k.open = 0 THEN 'completed'
    WHEN f.stage IS NULL THEN 'waiting'
    WHEN f.stage = 1 THEN 'planned'
    WHEN f.stage = 2 THEN 'uploaded'
    WHEN f.stage = 3 THEN 'submitted'
    WHEN f.stage = 4 THEN 'ended'
    ELSE 'processed'
  END AS state,
  TIMESTAMP_DIFF(
    CURRENT_TIMESTAMP(), GREATEST(COALESCE(f.since, k.since), COALESCE(k.since, f.since)), SECOND
  ) AS seconds_in_state
FROM (
  SELECT batch, COUNT(*) AS records
  FROM batch_records
  WHERE run_id = @run_id AND planned_on = @planned_on
  GROUP BY batch
) AS m
LEFT JOIN (
  SELECT
    batch,
    MAX(attempt) AS attempt,
    MOD(MAX(COALESCE(attempt, 0) * 10 + CASE topic
      WHEN 'batch-planned' THEN 1
      WHEN 'reread-planned' THEN 1
      WHEN 'jsonl-uploaded' THEN 2
      WHEN 'job-submitted' THEN 3
      WHEN 'results-processed' THEN 5
      ELSE 4
    END), 10) AS stage,
    MAX(recorded_at) AS since
  FROM events
  WHERE run_id = @run_id AND recorded_on >= @planned_on AND batch IS NOT NULL
    AND topic IN (
      'batch-planned', 'reread-planned', 'jsonl-uploaded', 'job-submitted', 'job-succeeded', 'job-failed',
      'job-cancelled', 'results-processed'
    )
  GROUP BY batch
) AS f ON f.batch = m.batch
LEFT JOIN (
  SELECT
    batch, MAX(attempt) AS attempt, MAX(analysed) AS analysed, MAX(failed) AS failed,
    MAX(released) AS released, MIN(open) AS open, LOGICAL_OR(outcome = 'refused') AS is_refused,
    MAX(closed_at) AS since
  FROM attempt_closings
  WHERE run_id = @run_id AND planned_on = @planned_on
  GROUP BY batch
) AS k ON k.batch = m.batch
ORDER BY m.batch
