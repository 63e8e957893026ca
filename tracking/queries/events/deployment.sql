-- Which deployment does this dataset belong to?
SELECT deployment FROM planning_lock ORDER BY deployment LIMIT 1
