-- What do the answers of this run say, column by column? One part for each column that is counted.
SELECT c.chart, c.value, c.median, c.step, c.bin, c.records
FROM (
{counts}
) AS c
ORDER BY c.chart, c.bin, c.records DESC, c.value
