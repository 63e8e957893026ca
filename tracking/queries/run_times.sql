-- When did the run begin and end, and how many batches, jobs and events did it have?
SELECT
  MIN(IF(topic IN ('run-requested', 'reprocess-requested'), recorded_at, NULL)) AS requested_at,
  MIN(IF(topic = 'run-planned', recorded_at, NULL)) AS planned_at,
  MIN(IF(topic = 'run-completed', recorded_at, NULL)) AS completed_at,
  COUNT(DISTINCT IF(topic = 'batch-completed', batch, NULL)) AS batches_completed,
  COUNT(DISTINCT IF(topic = 'batch-abandoned', batch, NULL)) AS batches_abandoned,
  COUNT(DISTINCT IF(topic = 'job-submitted', JSON_VALUE(data, '$.job'), NULL)) AS jobs,
  COUNT(DISTINCT event_id) AS events
FROM events
WHERE run_id = @run_id AND recorded_on >= DATE_SUB(@planned_on, INTERVAL 1 DAY)
