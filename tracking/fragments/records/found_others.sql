-- The records without a row of one page of a search.
SELECT
  g.record_id, g.run_id, g.batch, g.attempt, g.state, g.happened_at, g.event_timestamp, g.error_type,
  g.cause, g.grade, g.grounding, g.model, g.cost, CAST(NULL AS STRING) AS answers
FROM (
  SELECT f.*
  FROM (
{fitting_others}
  ) AS f
  WHERE {found_after}
  ORDER BY f.happened_at DESC, f.record_id, f.run_id
  LIMIT @most
) AS g
