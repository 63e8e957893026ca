-- Which runs are planned and not completed?
SELECT r.run_id, r.planned_on
FROM run_plans AS r
WHERE r.planned_on >= @since
  AND NOT EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = r.run_id AND f.topic = 'run-completed' AND f.recorded_on >= @since
  )
ORDER BY r.planned_at, r.run_id
