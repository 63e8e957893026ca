-- Which records of the source have this id of their source system? The record id is computed for these alone.
SELECT DISTINCT s.record_id
FROM ({source_rows}) AS s
WHERE s.interaction_id = @any_id OR s.reference_id = @any_id OR s.phone_number_token = @any_id
ORDER BY s.record_id
LIMIT 1000
