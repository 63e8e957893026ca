-- How many records fit this search, by their state?
SELECT d.state, COUNT(*) AS records
FROM (
{states_of_found}
) AS d
GROUP BY d.state
ORDER BY d.state
