-- Whether a stored row is of the analysis, and its call of a day from @since to @until: no later than its
-- analysis. The condition on the time alone follows from the last one, and skips rows in the scan.
t.analysis = @analysis AND t.analysed_at >= TIMESTAMP(@since)
  AND (t.event_timestamp >= TIMESTAMP(@since) OR t.event_timestamp IS NULL)
  AND DATE(IF(t.event_timestamp <= t.analysed_at, t.event_timestamp, t.analysed_at))
    BETWEEN @since AND @until
