-- Which records are of this person, as far as any table or the source tells?
SELECT record_id FROM processed_records WHERE phone_number_token = @phone_number_token
UNION DISTINCT
SELECT record_id
FROM batch_records
WHERE planned_on >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
  AND phone_number_token = @phone_number_token
UNION DISTINCT
SELECT record_id FROM ({source_rows}) AS s WHERE s.phone_number_token = @phone_number_token
