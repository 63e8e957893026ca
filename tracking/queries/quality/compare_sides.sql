-- How often does each pair of values occur, by column, on the records that two sides have in common?
-- Each pair of rows is unnested into one pair for the record, one for each figure, and one for each
-- column, so that each side is read once and no text is grouped. Where the pair is of no column, its
-- relation is the side that has the record: a, b or both.
WITH
compare_a AS (
{side_a}
),
compare_b AS (
{side_b}
),
compared_relations AS (
{compared_relations}
),
compared_records AS (
  SELECT q.*, {differing} AS differing
  FROM compared_relations AS q
),
compared_pairs AS (
  SELECT
    r.record_id,
    [
    {pairs}
    ] AS pairs
  FROM compared_records AS r
)
SELECT
  p.column_name, p.a, p.b, p.relation, COUNT(*) AS records,
  SUM(p.amount_a) AS amount_a, COUNT(p.amount_a) AS amounts_a,
  SUM(p.amount_b) AS amount_b, COUNT(p.amount_b) AS amounts_b,
  SUM(p.shared) AS shared, SUM(p.overlap) AS overlap, COUNT(p.overlap) AS overlapping,
  COUNTIF(p.mark_a = 'nulled') AS nulled_a, COUNTIF(p.mark_b = 'nulled') AS nulled_b,
  COUNTIF(p.mark_a = 'normalised') AS normalised_a, COUNTIF(p.mark_b = 'normalised') AS normalised_b,
  MIN(u.record_id) AS example,
  ARRAY_AGG(
    IF(p.column_name = 'record_id' AND p.relation = 'both' AND p.a <> '0', u.record_id, NULL)
    IGNORE NULLS
    ORDER BY IF(p.column_name = 'record_id' AND p.relation = 'both' AND p.a <> '0', u.record_id, NULL)
    LIMIT 100
  ) AS differing_records
FROM compared_pairs AS u
CROSS JOIN UNNEST(u.pairs) AS p
WHERE p.relation IS NOT NULL
GROUP BY p.column_name, p.a, p.b, p.relation
ORDER BY p.column_name, COUNT(*) DESC, p.a, p.b, p.relation
