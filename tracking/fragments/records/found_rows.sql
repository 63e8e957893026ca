-- The rows of one page of a search, with the closed values of their answers.
SELECT
  g.record_id, g.run_id, g.batch, g.attempt, g.state, g.happened_at, g.event_timestamp, g.error_type,
  g.cause, g.grade, g.grounding, g.model, g.cost, {answers_of_g} AS answers
FROM (
  SELECT f.*
  FROM (
{fitting_rows}
  ) AS f
  WHERE {found_after}
  ORDER BY f.happened_at DESC, f.record_id, f.run_id
  LIMIT @most
) AS g
