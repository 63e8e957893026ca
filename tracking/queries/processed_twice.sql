-- How many records are stored as processed more than once under one analysis version?
SELECT COUNT(*) AS doubled
FROM (
  SELECT record_id FROM processed_records GROUP BY record_id, analysis HAVING COUNT(*) > 1
) AS d
