-- Every batch of the last 90 days, its state, and the time since when it has had that state.
SELECT
  m.run_id,
  m.planned_on,
  m.batch,
  m.records,
  GREATEST(COALESCE(f.attempt, 0), COALESCE(k.attempt, 0)) AS attempt,
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
  GREATEST(COALESCE(f.since, k.since), COALESCE(k.since, f.since)) AS since
FROM (
  SELECT run_id, planned_on, batch, COUNT(*) AS records
  FROM {dataset}batch_records
  WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  GROUP BY run_id, planned_on, batch
) AS m
LEFT JOIN (
  SELECT
    run_id,
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
  FROM {dataset}events
  WHERE recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY) AND batch IS NOT NULL
    AND topic IN (
      'batch-planned', 'reread-planned', 'jsonl-uploaded', 'job-submitted', 'job-succeeded', 'job-failed',
      'job-cancelled', 'results-processed'
    )
  GROUP BY run_id, batch
) AS f ON f.run_id = m.run_id AND f.batch = m.batch
LEFT JOIN (
  SELECT
    run_id, batch, MAX(attempt) AS attempt, MIN(open) AS open, MAX(released) AS released,
    LOGICAL_OR(outcome = 'refused') AS is_refused, MAX(closed_at) AS since
  FROM {dataset}attempt_closings
  WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  GROUP BY run_id, batch
) AS k ON k.run_id = m.run_id AND k.batch = m.batch
