-- How was this request refused first? A later delivery may find another amount of money left.
SELECT cause AS reason, detail
FROM error_tracking
WHERE error_id = @error_id
ORDER BY created_at
LIMIT 1
