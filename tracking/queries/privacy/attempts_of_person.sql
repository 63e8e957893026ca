-- Which attempts may have requested records of this person, and where did their jobs write?
SELECT m.run_id, m.planned_on, m.batch, k.attempt, k.outputs
FROM (
  SELECT DISTINCT run_id, planned_on, batch
  FROM batch_records
  WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
    AND phone_number_token = @phone_number_token
) AS m
JOIN attempt_closings AS k
  ON k.run_id = m.run_id AND k.planned_on = m.planned_on AND k.batch = m.batch
ORDER BY m.run_id, m.batch, k.attempt
