-- Take one numbered claim on an attempt: the right to create its Vertex job, or with the state `void`
-- the certainty that no job will be created. No claim is taken on a stopped run, nor on an attempt
-- that is closed or whose end is recorded.
INSERT INTO claims (run_id, planned_on, batch, attempt, claim, state, claimed_at)
SELECT @run_id, @planned_on, @batch, @attempt, @claim, @state, CURRENT_TIMESTAMP()
FROM (
{attempt_state}
) AS s
WHERE s.planned AND NOT s.stopped AND NOT s.ended AND NOT s.closed
  AND NOT EXISTS (
    SELECT 1 FROM claims AS c
    WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.batch = @batch
      AND c.attempt = @attempt AND c.claim = @claim
  )
