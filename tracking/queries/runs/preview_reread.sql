-- Which records of this completed run would be read again? Changes nothing.
SELECT record_id, batch, selection
FROM (
{reread_records}
) AS s
