-- Delete the rows of `cleared` (run_id, record_id, batch, attempt), and book each record as cleared in
-- the run that stored it or saw it fail: the totals of these runs still balance, and a handler that
-- gets an old event again finds the same records closed. The rows were stored between @stored_from
-- and @stored_to; null: at any time. error_id and clearing_id follow events/ids.py.
DELETE FROM {output}
WHERE (@stored_from IS NULL OR analysed_at >= @stored_from)
  AND (@stored_to IS NULL OR analysed_at <= @stored_to)
  AND CONCAT(run_id, '/', record_id) IN (SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c);

INSERT INTO error_tracking (
  error_id, error_type, cause, scope, analysis, record_id, run_id, batch, attempt, retryable, replan,
  hint, detail, created_at
)
SELECT
  CONCAT(@clearing_id, '__', c.run_id, '__', c.record_id), 'cleared', NULL, 'record', @analysis,
  c.record_id, c.run_id, c.batch, c.attempt, t.retryable, t.replan, t.hint, NULL, CURRENT_TIMESTAMP()
FROM cleared AS c
JOIN UNNEST(@error_type_rows) AS t ON t.error_type = 'cleared'
WHERE NOT EXISTS (
  SELECT 1 FROM error_tracking AS e
  WHERE e.error_id = CONCAT(@clearing_id, '__', c.run_id, '__', c.record_id)
);

DELETE FROM processed_records
WHERE (@stored_from IS NULL OR processed_at >= @stored_from)
  AND (@stored_to IS NULL OR processed_at <= @stored_to)
  AND CONCAT(first_processed_execution_id, '/', record_id) IN (
    SELECT CONCAT(c.run_id, '/', c.record_id) FROM cleared AS c
  );

INSERT INTO history_clearings (clearing_id, run_id, records, reason, cleared_at)
SELECT CONCAT(@clearing_id, '__', c.run_id), c.run_id, COUNT(*), @reason, CURRENT_TIMESTAMP()
FROM cleared AS c
WHERE NOT EXISTS (
  SELECT 1 FROM history_clearings AS h WHERE h.clearing_id = CONCAT(@clearing_id, '__', c.run_id)
)
GROUP BY c.run_id;
