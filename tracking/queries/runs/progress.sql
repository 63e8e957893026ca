-- How many batches and records after batch @after are over, and how long has nothing been answered
-- while no job was in flight?
-- The caller has counted those up to @after, and knows the newest answer in them.
SELECT
  r.batches,
  b.finished,
  b.over_to,
  b.canary_finished,
  b.records,
  b.failed,
  b.records_over_to,
  b.failed_over_to,
  b.refused,
  u.last_answered_at,
  IF(w.claims = 0, TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), u.failed_at, SECOND), NULL) AS unanswered_seconds,
  EXISTS (
    SELECT 1 FROM events AS f
    WHERE f.run_id = @run_id AND f.topic = 'run-stopped' AND f.recorded_on >= @planned_on
  ) AS stopped
FROM run_plans AS r
CROSS JOIN (
  SELECT
    @after + COUNTIF(k.is_over) AS finished,
    @after + COUNTIF(k.is_over_to) AS over_to,
    @after > 0 OR COUNTIF(k.is_over AND k.batch = 1) > 0 AS canary_finished,
    COALESCE(SUM(IF(k.is_over, k.records, 0)), 0) AS records,
    COALESCE(SUM(IF(k.is_over, k.failed, 0)), 0) AS failed,
    COALESCE(SUM(IF(k.is_over_to, k.records, 0)), 0) AS records_over_to,
    COALESCE(SUM(IF(k.is_over_to, k.failed, 0)), 0) AS failed_over_to,
    COALESCE(LOGICAL_OR(k.refused), FALSE) AS refused
  FROM (
    SELECT
      c.*,
      c.is_over
      AND ROW_NUMBER() OVER (PARTITION BY c.is_over ORDER BY c.batch) = c.batch - @after
      AS is_over_to
    FROM (
      SELECT
        batch,
        LOGICAL_OR(open = 0) AS is_over,
        LOGICAL_OR(outcome = 'refused') AS refused,
        SUM(IF(open = 0, analysed + failed + released, 0)) AS records,
        SUM(IF(open = 0, failed, 0)) AS failed
      FROM attempt_closings
      WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after
      GROUP BY batch
    ) AS c
  ) AS k
) AS b
CROSS JOIN (
  -- The first time that the service did not answer, after its newest answer. Jobs that broke off
  -- have a limit of their own: the third one in a row releases its batch.
  SELECT
    MAX(a.last_answered_at) AS last_answered_at,
    MIN(IF(x.failed_at > COALESCE(a.last_answered_at, TIMESTAMP(@planned_on)), x.failed_at, NULL)) AS failed_at
  FROM (
    SELECT
      GREATEST(
        COALESCE(MAX(closed_at), @last_answered_at), COALESCE(@last_answered_at, MAX(closed_at))
      ) AS last_answered_at
    FROM attempt_closings
    WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after AND answered > 0
  ) AS a
  LEFT JOIN (
    SELECT closed_at AS failed_at
    FROM attempt_closings
    WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after
      AND outcome = 'unanswered' AND cause = ''
    UNION ALL
    SELECT claimed_at
    FROM claims
    WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after AND state = 'returned'
  ) AS x ON TRUE
) AS u
CROSS JOIN (
  -- Claims that may still bring answers: while there is one, nothing is called an outage.
  SELECT COUNT(*) AS claims
  FROM claims AS c
  WHERE c.run_id = @run_id AND c.planned_on = @planned_on AND c.batch > @after AND c.state = 'create'
    AND NOT EXISTS (
      SELECT 1 FROM claims AS d
      WHERE d.run_id = @run_id AND d.planned_on = @planned_on AND d.batch > @after AND d.batch = c.batch
        AND d.attempt = c.attempt AND d.claim = c.claim AND d.state = 'returned'
    )
    AND NOT EXISTS (
      SELECT 1 FROM attempt_closings AS k
      WHERE k.run_id = @run_id AND k.planned_on = @planned_on AND k.batch > @after AND k.batch = c.batch
        AND k.attempt = c.attempt
    )
) AS w
WHERE r.run_id = @run_id
