-- On which day was the oldest run without a report planned?
SELECT MIN(r.planned_on) AS planned_on
FROM run_plans AS r
WHERE r.planned_on >= @since
  AND NOT EXISTS (
    SELECT 1 FROM run_reports AS p WHERE p.planned_on >= @since AND p.run_id = r.run_id
  )
