-- Which texts would a run with this request send? Some of them, to estimate their tokens.
WITH
source_selection AS (
{source_selection}
),
batch_cut AS (
{batch_cut}
)
SELECT ANY_VALUE({sent_text}) AS transcript
FROM (
  SELECT record_id, fingerprint FROM batch_cut ORDER BY record_id LIMIT @sample
) AS c
JOIN ({source_rows}) AS s ON s.record_id = c.record_id AND TO_HEX(SHA256(s.transcript)) = c.fingerprint
GROUP BY c.record_id
