-- How many stored rows had each closed value and grade, by the value of one call attribute, from @since to
-- @until? Of the attribute the @most values with the most rows are named; the rest has no value of its own.
SELECT
  IF(p.place > @most, NULL, p.attribute_value) AS named_value,
  p.place > @most AS is_other,
  p.column_name,
  p.value,
  SUM(p.records) AS records
FROM (
  SELECT
    c.*, DENSE_RANK() OVER (PARTITION BY c.column_name ORDER BY c.size DESC, c.attribute_value) AS place
  FROM (
    SELECT
      r.attribute_value,
      a.column_name,
      a.answer AS value,
      SUM(r.records) AS records,
      SUM(SUM(r.records)) OVER (PARTITION BY r.attribute_value, a.column_name) AS size
    FROM (
      SELECT s.attribute_value, {s_counted_columns}, COUNT(*) AS records
      FROM (
        SELECT JSON_VALUE(t.attributes, {path}) AS attribute_value, {t_counted_columns}
        FROM {output} AS t
        WHERE {of_days}
      ) AS s
      GROUP BY s.attribute_value, {s_counted_columns}
    ) AS r
    CROSS JOIN UNNEST([{answers_of_r}]) AS a
    GROUP BY r.attribute_value, a.column_name, a.answer
  ) AS c
) AS p
GROUP BY named_value, is_other, p.column_name, p.value
ORDER BY is_other, named_value, p.column_name, p.value
