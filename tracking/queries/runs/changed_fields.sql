-- In how many rows of the run was each column normalised or left null, and in which share of a batch?
SELECT
  f.field,
  SUM(f.normalised) AS normalised,
  SUM(f.nulled) AS nulled,
  MAX(SAFE_DIVIDE(f.normalised + f.nulled, b.records)) AS largest_share
FROM (
  SELECT
    n.batch, n.field, COUNTIF(n.is_normalised) AS normalised, COUNTIF(NOT n.is_normalised) AS nulled
  FROM (
    SELECT t.batch, changed_field AS field, TRUE AS is_normalised
    FROM {output} AS t CROSS JOIN UNNEST(t.normalised_fields) AS changed_field
    WHERE t.run_id = @run_id
    UNION ALL
    SELECT t.batch, changed_field, FALSE
    FROM {output} AS t CROSS JOIN UNNEST(t.nulled_fields) AS changed_field
    WHERE t.run_id = @run_id
  ) AS n
  GROUP BY n.batch, n.field
) AS f
JOIN (
  SELECT batch, COUNT(*) AS records
  FROM {output}
  WHERE run_id = @run_id
  GROUP BY batch
) AS b ON b.batch = f.batch
GROUP BY f.field
ORDER BY f.field
