-- The newest version of each golden set, with the number of its records.
SELECT v.golden, v.version, v.records
FROM (
  SELECT
    golden,
    version,
    COUNT(DISTINCT record_id) AS records,
    ROW_NUMBER() OVER (PARTITION BY golden ORDER BY version DESC) AS place
  FROM golden_labels
  GROUP BY golden, version
) AS v
WHERE v.place = 1
