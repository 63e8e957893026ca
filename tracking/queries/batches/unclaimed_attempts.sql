-- How many open attempts of this run hold no claim, so that a stop releases them?
SELECT COUNT(*) AS attempts
FROM (
{unclaimed_attempts}
) AS u
