-- Which claims were taken on the attempts at this batch?
SELECT attempt, claim, state, claimed_at
FROM claims
WHERE run_id = @run_id AND planned_on = @planned_on AND batch = @batch
ORDER BY claimed_at, attempt, claim
