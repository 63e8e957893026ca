-- What is the newest day of a call that this analysis answered, and how many answers are there, among
-- those of the last 90 days?
SELECT
  COUNT(*) AS records,
  MAX(DATE(IF(t.event_timestamp <= t.analysed_at, t.event_timestamp, t.analysed_at))) AS day
FROM {output} AS t
WHERE t.analysis = @analysis
  AND t.analysed_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 90 DAY)
