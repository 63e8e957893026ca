-- What did the model write, and how often, in the changed columns of the run that have a closed set?
SELECT c.field, c.raw, c.records
FROM (
{raw_counts}
) AS c
WHERE c.records > 1
ORDER BY c.field, c.records DESC, c.raw
