-- How many rows of the source got which verdict? Needs `judged`.
SELECT
  COUNT(*) AS source_rows,
  COUNTIF(verdict = 'outside_filter') AS outside_filter,
  COUNTIF(verdict = 'duplicate') AS duplicate,
  COUNTIF(verdict = 'processed') AS processed,
  COUNTIF(verdict = 'changed') AS changed,
  COUNTIF(verdict = 'failed_before') AS failed_before,
  COUNTIF(verdict = 'held') AS held,
  COUNTIF(verdict = 'empty_transcript') AS empty_transcript,
  COUNTIF(verdict = 'request_too_large') AS request_too_large,
  COUNTIF(verdict = 'below_floor') AS below_floor,
  COUNTIF(verdict = 'pending') AS pending,
  MAX(event_timestamp) AS newest_event_time
FROM judged
