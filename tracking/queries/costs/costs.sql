-- What did each run cost, of one analysis or of all?
WITH
costed AS (
{costed_runs}
)
{costs_of_costed}
ORDER BY analysis, planned_at, run_id
