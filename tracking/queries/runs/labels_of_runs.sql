-- Which labels do the runs since @since have? Each set of them once, as a JSON object.
SELECT DISTINCT JSON_QUERY(r.request, '$.labels') AS labels
FROM run_plans AS r
WHERE r.planned_on >= @since AND NOT r.dry_run
ORDER BY labels
LIMIT 1000
