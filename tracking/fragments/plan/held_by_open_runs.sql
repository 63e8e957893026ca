-- Does a run that is planned and not completed hold a record? The caller adds conditions with AND.
SELECT 1
FROM batch_records AS m
JOIN run_plans AS r ON r.run_id = m.run_id AND r.planned_on = m.planned_on
WHERE m.planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  AND NOT EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = r.run_id AND f.topic = 'run-completed'
      AND f.recorded_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  )
