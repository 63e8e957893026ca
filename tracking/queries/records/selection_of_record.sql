-- How would this request select the record now? No row when the source does not hold it.
WITH
source_selection AS (
{source_selection}
)
SELECT selection
FROM source_selection
WHERE record_id = @record_id
ORDER BY selection IN ('duplicate', 'conflicting_copies')
LIMIT 1
