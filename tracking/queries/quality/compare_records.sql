-- Which values do both sides have for these few records, in the columns in which they differ?
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
compared_pairs AS (
  SELECT
    r.record_id,
    [
    {text_pairs}
    ] AS pairs
  FROM compared_relations AS r
  WHERE r.presence = 'both' AND r.record_id IN UNNEST(@record_ids)
)
SELECT u.record_id, p.column_name, p.a, p.b, p.relation
FROM compared_pairs AS u
CROSS JOIN UNNEST(u.pairs) AS p
WHERE p.relation IN ('differs', 'rejected')
ORDER BY u.record_id, p.column_name
