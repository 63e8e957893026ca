-- What was planned for this run?
-- A plan of an earlier version has no counts in columns that were added since.
SELECT
  * REPLACE (
    COALESCE(no_identity, 0) AS no_identity, COALESCE(conflicting_copies, 0) AS conflicting_copies
  )
FROM run_plans
WHERE run_id = @run_id
