-- How many source rows have this record id, and how long is the longest transcript?
-- Where an id of the call is known, only the rows with this id are hashed.
SELECT COUNT(*) AS rows_in_source, COALESCE(MAX(LENGTH(s.transcript)), 0) AS characters
FROM ({source_rows}) AS s
WHERE {of_this_call} AND s.record_id = @record_id
