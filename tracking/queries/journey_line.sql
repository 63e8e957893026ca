-- In which line of the request file does this attempt ask for the record? Null when it does not ask.
SELECT
  IF(COUNTIF(a.record_id = @record_id) > 0, COUNTIF(a.record_id <= @record_id), NULL) AS line,
  COUNT(*) AS lines
FROM (
{asked}
) AS a
