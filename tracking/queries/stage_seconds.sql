-- How long did each stage of an attempt take, on average and at most?
WITH
told AS (
  SELECT
    batch,
    attempt,
    CASE
      WHEN topic IN ('job-succeeded', 'job-failed', 'job-cancelled') THEN 'job-ended'
      ELSE topic
    END AS stage,
    MIN(recorded_at) AS told_at
  FROM events
  WHERE run_id = @run_id AND recorded_on >= @planned_on AND attempt IS NOT NULL
    AND topic IN (
      'batch-planned', 'jsonl-uploaded', 'job-submitted', 'job-succeeded', 'job-failed',
      'job-cancelled', 'results-processed'
    )
  GROUP BY batch, attempt, stage
),
steps AS (
  SELECT
    stage,
    TIMESTAMP_DIFF(
      told_at,
      LAG(told_at) OVER (PARTITION BY batch, attempt ORDER BY told_at, stage),
      MILLISECOND
    ) / 1000 AS seconds
  FROM told
)
SELECT stage, COUNT(*) AS times, AVG(seconds) AS mean_seconds, MAX(seconds) AS most_seconds
FROM steps
WHERE seconds IS NOT NULL
GROUP BY stage
ORDER BY stage
