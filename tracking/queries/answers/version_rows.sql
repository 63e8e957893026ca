-- How many rows does this analysis version have, and of how many records?
SELECT COUNT(*) AS stored, COUNT(DISTINCT record_id) AS records
FROM {output}
WHERE analysis = @analysis
