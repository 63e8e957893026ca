-- Which deployment is this dataset of?
SELECT deployment FROM planning_gate ORDER BY deployment LIMIT 1
