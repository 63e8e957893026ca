-- Count the rows of the run by the size of a number, in bins of 1, 2 or 5 times a power of ten, a
-- dozen bins at most. Numbers are clamped to 1e100, so that no difference of two overflows.
SELECT
  {at} AS chart, CAST(NULL AS STRING) AS value, s.median, s.step,
  FLOOR(n.number / s.step) AS bin, COUNT(*) AS records
FROM (
  SELECT LEAST(GREATEST(CAST({number} AS FLOAT64), -1e100), 1e100) AS number
  FROM {output} AS t
  WHERE t.run_id = @run_id
) AS n
CROSS JOIN (
  SELECT
    b.median,
    GREATEST({least_step}, b.base * CASE
      WHEN b.tenth <= b.base THEN 1
      WHEN b.tenth <= b.base * 2 THEN 2
      WHEN b.tenth <= b.base * 5 THEN 5
      ELSE 10
    END) AS step
  FROM (
    SELECT a.median, a.tenth, IF(a.tenth > 0, POW(10, FLOOR(LOG10(a.tenth))), 1) AS base
    FROM (
      SELECT
        CAST(APPROX_QUANTILES(m.number, 2)[OFFSET(1)] AS FLOAT64) AS median,
        (MAX(m.number) - MIN(m.number)) / 10 AS tenth
      FROM (
        SELECT LEAST(GREATEST(CAST({number} AS FLOAT64), -1e100), 1e100) AS number
        FROM {output} AS t
        WHERE t.run_id = @run_id
      ) AS m
    ) AS a
  ) AS b
) AS s
GROUP BY s.median, s.step, bin
