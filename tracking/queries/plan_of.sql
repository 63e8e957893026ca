-- What was planned for this run?
SELECT * FROM run_plans WHERE run_id = @run_id
