-- How many records had each closed value, mark, grade and error in each week from @since to @until? Week 0 is
-- the newest. Of an attribute the @most values with the most records are read; all records have no attribute.
SELECT c.attribute, c.attribute_value, c.kind, c.column_name, c.value, c.week, c.records
FROM (
  SELECT
    s.*, DENSE_RANK() OVER (PARTITION BY s.attribute ORDER BY s.size DESC, s.attribute_value) AS place
  FROM (
    SELECT
      g.*,
      SUM(IF(g.kind = 'error', g.records, 0)) OVER (PARTITION BY g.attribute, g.attribute_value) AS size
    FROM (
      SELECT
        v.attribute,
        v.value AS attribute_value,
        r.kind,
        r.column_name,
        r.value,
        DIV(DATE_DIFF(@until, r.day, DAY), 7) AS week,
        SUM(r.records) AS records
      FROM (
{answer_rows}
      ) AS r
      CROSS JOIN UNNEST([{attributes_of_r}]) AS v
      WHERE r.day BETWEEN @since AND @until
      GROUP BY v.attribute, v.value, r.kind, r.column_name, r.value, week
    ) AS g
  ) AS s
) AS c
WHERE c.place <= @most
ORDER BY c.attribute, c.attribute_value, c.kind, c.column_name, c.week, c.value
