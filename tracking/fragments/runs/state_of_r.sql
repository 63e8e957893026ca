-- Whether a run is in the state that is asked for: open, stopped, or any.
CASE @state
  WHEN 'open' THEN c.completed_at IS NULL AND NOT r.dry_run
  WHEN 'stopped' THEN s.reasons IS NOT NULL
  ELSE TRUE
END
