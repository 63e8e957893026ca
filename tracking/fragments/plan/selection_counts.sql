-- Count the source rows by their selection. Needs `source_selection`.
SELECT
  COUNT(*) AS source_rows,
  COUNTIF(selection = 'no_identity') AS no_identity,
  COUNTIF(selection = 'duplicate') AS duplicate,
  COUNTIF(selection = 'conflicting_copies') AS conflicting_copies,
  COUNTIF(selection = 'outside_filter') AS outside_filter,
  COUNTIF(selection = 'processed') AS processed,
  COUNTIF(selection = 'changed') AS changed,
  COUNTIF(selection = 'failed_before') AS failed_before,
  COUNTIF(selection = 'held') AS held,
  COUNTIF(selection = 'empty_transcript') AS empty_transcript,
  COUNTIF(selection = 'request_too_large') AS request_too_large,
  COUNTIF(selection = 'below_floor') AS below_floor,
  COUNTIF(selection = 'pending') AS pending,
  MAX(event_timestamp) AS newest_event_time,
  -- When the rows were stored that this run replaces; only `changed` plans records that have one.
  MIN(IF(selection = 'pending', first_processed_at, NULL)) AS replaces_from,
  MAX(IF(selection = 'pending', last_processed_at, NULL)) AS replaces_to
FROM source_selection
