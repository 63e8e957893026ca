-- How many records and bytes of request lines do the batches after @after up to @last hold?
SELECT batch, records, bytes
FROM batch_plans
WHERE run_id = @run_id AND planned_on = @planned_on AND batch > @after AND batch <= @last
ORDER BY batch
