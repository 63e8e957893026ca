-- Which deployment is this dataset of?
SELECT deployment FROM planning_lock ORDER BY deployment LIMIT 1
