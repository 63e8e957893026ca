-- Load the first summary that was written for this run.
SELECT report, written_at FROM run_reports WHERE run_id = @run_id ORDER BY written_at LIMIT 1
