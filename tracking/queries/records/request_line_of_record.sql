-- On which line of the attempt's request file is the record? NULL when the attempt does not request it.
SELECT
  IF(COUNTIF(a.record_id = @record_id) > 0, COUNTIF(a.record_id <= @record_id), NULL) AS line,
  COUNT(*) AS lines
FROM (
{requested_records}
) AS a
