-- Whether records of a run have no row from it; another state does not read the closings for this.
r.run_id IN (
  SELECT x.run_id FROM attempt_closings AS x
  WHERE x.planned_on >= @since AND x.failed + x.released > 0
)
