-- Is anything left to do: an event that a handler has not finished, or a requested run without a report?
-- The event log alone tells: a command is recorded before its run is planned, an attempt begins in a
-- run without a report alone, and the event of a report is recorded after it. A command that was
-- refused opens no run, once no other delivery can still be planning it. A dead letter counts until it is replayed with success, or discarded.
SELECT
  COALESCE(LOGICAL_OR(w.is_unfinished OR (w.is_open AND NOT w.is_reported)), FALSE) AS has_work
FROM (
  SELECT
    c.run_id,
    LOGICAL_OR(c.is_unfinished) AS is_unfinished,
    LOGICAL_OR(c.is_planned OR (c.is_command AND NOT c.is_refused)) AS is_open,
    LOGICAL_OR(c.is_reported) AS is_reported
  FROM (
    SELECT
      f.run_id,
      LOGICAL_OR(s.handler IS NOT NULL AND d.event_id IS NULL) AS is_unfinished,
      LOGICAL_OR(f.topic IN ('run-planned', 'batch-planned')) AS is_planned,
      LOGICAL_OR(f.topic IN ('run-requested', 'reprocess-requested', 'reread-requested')) AS is_command,
      LOGICAL_OR(f.topic = 'run-refused' AND f.recorded_at < @settled_before) AS is_refused,
      LOGICAL_OR(f.topic = 'report-written') AS is_reported
    FROM events AS f
    LEFT JOIN UNNEST(@subscriptions) AS s ON s.topic = f.topic
    LEFT JOIN (
      SELECT DISTINCT event_id, handler
      FROM deliveries
      WHERE recorded_on >= @since AND outcome IN ('done', 'discarded')
    ) AS d ON d.event_id = f.event_id AND d.handler = s.handler
    WHERE f.recorded_on >= @since
    -- A refusal belongs to the command that it refuses: another one may have the same run id.
    GROUP BY f.run_id, IF(f.topic = 'run-refused', f.causation_id, f.event_id)
  ) AS c
  GROUP BY c.run_id
) AS w
