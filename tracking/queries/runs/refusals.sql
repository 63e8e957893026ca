-- Which requests were refused, and for which reason?
SELECT DISTINCT
  run_id, JSON_VALUE(data, '$.reason') AS reason, JSON_VALUE(data, '$.detail') AS detail
FROM events
WHERE topic = 'run-refused' AND recorded_on >= @since AND (@run_id IS NULL OR run_id = @run_id)
ORDER BY run_id, reason
