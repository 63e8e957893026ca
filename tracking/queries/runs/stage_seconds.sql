-- How long did each stage of an attempt take, on average and at most?
WITH
stage_times AS (
  SELECT
    batch,
    attempt,
    CASE
      WHEN topic IN ('job-succeeded', 'job-failed', 'job-cancelled') THEN 'job-ended'
      ELSE topic
    END AS stage,
    MIN(recorded_at) AS reached_at
  FROM events
  WHERE run_id = @run_id AND recorded_on >= @planned_on AND attempt IS NOT NULL
    AND topic IN (
      'batch-planned', 'reread-planned', 'jsonl-uploaded', 'job-submitted', 'job-succeeded', 'job-failed',
      'job-cancelled', 'results-processed'
    )
  GROUP BY batch, attempt, stage
),
steps AS (
  SELECT
    stage,
    TIMESTAMP_DIFF(
      reached_at,
      LAG(reached_at) OVER (PARTITION BY batch, attempt ORDER BY reached_at, stage),
      MILLISECOND
    ) / 1000 AS seconds
  FROM stage_times
)
SELECT stage, COUNT(*) AS times, AVG(seconds) AS mean_seconds, MAX(seconds) AS most_seconds
FROM steps
WHERE seconds IS NOT NULL
GROUP BY stage
ORDER BY stage
