-- Give a claim back: the service refused its job for certain, or the claim may not be used any more.
INSERT INTO claims (run_id, planned_on, batch, attempt, claim, state, claimed_at)
SELECT @run_id, @planned_on, @batch, @attempt, @claim, 'returned', CURRENT_TIMESTAMP()
FROM (SELECT 1 AS one) AS o
WHERE NOT EXISTS (
  SELECT 1 FROM claims AS c
  WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.batch = @batch
    AND c.attempt = @attempt AND c.claim = @claim AND c.state = 'returned'
)
