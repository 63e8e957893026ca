-- How many source rows have this record id, and how long is the longest transcript?
SELECT COUNT(*) AS rows_in_source, COALESCE(MAX(LENGTH(transcript)), 0) AS characters
FROM ({source_rows}) AS s
WHERE record_id = @record_id
