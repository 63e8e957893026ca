-- Leave a run without a plan: it has the job id of the plan, and only the first job of an id runs.
UPDATE planning_lock SET plans = plans + 1, last_run_id = @run_id WHERE TRUE
