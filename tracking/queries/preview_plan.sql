-- What would a run with this request take, leave out and send? Nothing is changed.
WITH
judged AS (
{judged}
),
cut AS (
{cut}
),
tally AS (
{tally}
)
SELECT
  t.*,
  (SELECT COUNT(DISTINCT batch) FROM cut) AS batches,
  (SELECT COUNT(*) FROM cut) AS records,
  (SELECT COALESCE(SUM(bytes), 0) FROM cut) AS bytes
FROM tally AS t
