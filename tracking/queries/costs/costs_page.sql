-- What did each of the newest runs cost, after the last run of the page before?
WITH
costed AS (
{costed_runs}
    AND (
      @found_before IS NULL OR r.planned_at < @found_before
      OR (r.planned_at = @found_before AND r.run_id < @after_run)
    )
    AND EXISTS (
      SELECT 1 FROM attempt_closings AS c
      WHERE c.run_id = r.run_id AND c.planned_on = r.planned_on
    )
  ORDER BY r.planned_at DESC, r.run_id DESC
  LIMIT @most
)
{costs_of_costed}
ORDER BY planned_at DESC, run_id DESC
