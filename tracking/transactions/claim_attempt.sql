-- Take one numbered claim: the right to create the Vertex job of an attempt. The claim is void on a
-- stopped run and for a closed attempt; a void claim proves that no job will be created.
INSERT INTO claims (run_id, planned_on, batch, attempt, claim, state, claimed_at)
SELECT
  @run_id, @planned_on, @batch, @attempt, @claim,
  IF(EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-stopped' AND f.recorded_on >= @planned_on
  ) OR EXISTS (
    SELECT 1 FROM attempt_closings AS k
    WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch = @batch
      AND k.attempt = @attempt
  ), 'void', 'create'),
  CURRENT_TIMESTAMP()
FROM (SELECT 1 AS one) AS o
WHERE NOT EXISTS (
  SELECT 1 FROM claims AS c
  WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.batch = @batch
    AND c.attempt = @attempt AND c.claim = @claim
)
