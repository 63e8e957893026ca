-- How many stored rows had each closed value and grade in each step of @step days up to @until? Step 0 is the
-- newest. Rows that are equal in all of it are counted first, because each is repeated for every column.
SELECT a.column_name, a.answer AS value, r.step, SUM(r.records) AS records
FROM (
  SELECT s.step, {s_counted_columns}, COUNT(*) AS records
  FROM (
    SELECT
      DIV(DATE_DIFF(
        @until, DATE(IF(t.event_timestamp <= t.analysed_at, t.event_timestamp, t.analysed_at)), DAY
      ), @step) AS step,
      {t_counted_columns}
    FROM {output} AS t
    WHERE {of_days}
  ) AS s
  GROUP BY s.step, {s_counted_columns}
) AS r
CROSS JOIN UNNEST([{answers_of_r}]) AS a
GROUP BY a.column_name, a.answer, r.step
ORDER BY a.column_name, a.answer, r.step
