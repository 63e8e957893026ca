-- Count what the model wrote for one column of the run where its value was changed.
SELECT {field} AS field, JSON_VALUE(t.raw_values, {path}) AS raw, COUNT(*) AS records
FROM {output} AS t
WHERE t.run_id = @run_id AND JSON_VALUE(t.raw_values, {path}) IS NOT NULL
GROUP BY raw
