-- The states of all records that fit a search, of one table.
SELECT f.state
FROM (
{fitting}
) AS f
