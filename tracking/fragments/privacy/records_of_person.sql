-- The ids of this person's records in the source and in every tracking table.
SELECT record_id FROM processed_records WHERE phone_number_token = @phone_number_token
UNION DISTINCT
SELECT record_id
FROM batch_records
WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  AND phone_number_token = @phone_number_token
UNION DISTINCT
SELECT record_id FROM ({source_rows}) AS s WHERE s.phone_number_token = @phone_number_token
