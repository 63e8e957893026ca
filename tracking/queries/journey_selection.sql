-- How would this request judge the record now? Empty when the source does not hold it.
WITH
judged AS (
{judged}
)
SELECT selection
FROM judged
WHERE record_id = @record_id
ORDER BY selection = 'duplicate'
LIMIT 1
