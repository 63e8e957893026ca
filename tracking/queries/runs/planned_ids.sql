-- Which records of plans since @since have this id, of whichever kind?
SELECT DISTINCT m.record_id
FROM batch_records AS m
WHERE m.planned_on >= @since
  AND (
    m.record_id = @any_id OR m.interaction_id = @any_id OR m.reference_id = @any_id
    OR m.phone_number_token = @any_id
  )
ORDER BY m.record_id
LIMIT 1000
