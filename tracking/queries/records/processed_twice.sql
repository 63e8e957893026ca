-- How many transcripts are stored as processed more than once under one analysis version?
-- A changed transcript has two rows until the run that analysed it again is over.
SELECT COUNT(*) AS doubled
FROM (
  SELECT record_id
  FROM processed_records
  GROUP BY record_id, analysis, original_fingerprint
  HAVING COUNT(*) > 1
) AS d
