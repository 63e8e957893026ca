-- How many records, batches and bytes would a run with this request have? Changes nothing.
WITH
source_selection AS (
{source_selection}
),
batch_cut AS (
{batch_cut}
),
selection_counts AS (
{selection_counts}
)
SELECT
  t.*,
  (SELECT COUNT(DISTINCT batch) FROM batch_cut) AS batches,
  (SELECT COUNT(*) FROM batch_cut) AS records,
  (SELECT COALESCE(SUM(bytes), 0) FROM batch_cut) AS bytes
FROM selection_counts AS t
