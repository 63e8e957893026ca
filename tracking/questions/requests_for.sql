-- Was this run ever asked for?
SELECT fact_id, topic, recorded_at
FROM facts
WHERE run_id = @run_id AND topic IN ('run-requested', 'reprocess-requested') AND recorded_on >= @since
ORDER BY recorded_at
