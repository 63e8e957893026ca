-- What did each run planned since @since spend, in all and today, and how much is committed?
-- Committed are the open records of every batch that was begun and is not over: those of running
-- attempts, and those that a closed attempt left open for the next one.
SELECT
  r.run_id,
  r.model,
  r.analysis,
  IF(w.records > 0, r.analysis_files, NULL) AS analysis_files,
  COALESCE(s.cost, 0) AS cost,
  COALESCE(s.tokens, 0) AS tokens,
  COALESCE(s.cost_today, 0) AS cost_today,
  COALESCE(s.tokens_today, 0) AS tokens_today,
  COALESCE(w.records, 0) AS waiting_records,
  COALESCE(w.bytes, 0) AS waiting_bytes,
  COALESCE(w.batches, 0) AS waiting_batches,
  COALESCE(w.last_begun, 0) AS last_begun
FROM run_plans AS r
LEFT JOIN (
  SELECT
    run_id,
    SUM(cost) AS cost,
    SUM(prompt_tokens + output_tokens + thoughts_tokens) AS tokens,
    SUM(IF(closed_at >= TIMESTAMP(CURRENT_DATE()), cost, 0)) AS cost_today,
    SUM(IF(
      closed_at >= TIMESTAMP(CURRENT_DATE()), prompt_tokens + output_tokens + thoughts_tokens, 0
    )) AS tokens_today
  FROM attempt_closings
  WHERE planned_on >= @since
  GROUP BY run_id
) AS s ON s.run_id = r.run_id
LEFT JOIN (
  SELECT
    b.run_id,
    SUM(COALESCE(k.open, b.records)) AS records,
    SUM(DIV(b.bytes * COALESCE(k.open, b.records), b.records)) AS bytes,
    COUNTIF(COALESCE(k.open, b.records) > 0) AS batches,
    MAX(b.batch) AS last_begun
  FROM batch_plans AS b
  JOIN (
    SELECT DISTINCT run_id, batch
    FROM events
    WHERE topic = 'batch-planned'
      AND recorded_on >= @since
  ) AS p ON p.run_id = b.run_id AND p.batch = b.batch
  LEFT JOIN (
    SELECT run_id, batch, MIN(open) AS open
    FROM attempt_closings
    WHERE planned_on >= @since
    GROUP BY run_id, batch
  ) AS k ON k.run_id = b.run_id AND k.batch = b.batch
  WHERE b.planned_on >= @since
  GROUP BY b.run_id
) AS w ON w.run_id = r.run_id
WHERE r.planned_on >= @since
ORDER BY r.run_id
