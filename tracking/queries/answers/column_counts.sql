-- How often does each value occur in the counted columns of this run? One part per column.
SELECT c.chart, c.value, c.median, c.step, c.bin, c.records
FROM (
{counts}
) AS c
ORDER BY c.chart, c.bin, c.records DESC, c.value
