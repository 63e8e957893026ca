-- Which records fit this search, the newest first? Each with its state in one run, after the last one of the
-- page before. Rows, errors and members of open runs stand in tables of their own, and are limited each.
SELECT
  d.record_id, d.run_id, d.batch, d.attempt, d.state, d.happened_at, d.event_timestamp, d.error_type,
  d.cause, d.grade, d.grounding, d.model, d.cost, d.answers
FROM (
{pages_of_found}
) AS d
ORDER BY d.happened_at DESC, d.record_id, d.run_id
LIMIT @most
