-- Store the id of this deployment, once.
INSERT INTO planning_lock (deployment, plans, last_run_id)
SELECT @deployment, 0, NULL
FROM (SELECT 1 AS one) AS o
WHERE NOT EXISTS (SELECT 1 FROM planning_lock)
