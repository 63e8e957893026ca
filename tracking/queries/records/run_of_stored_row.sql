-- Which run stored the row of this record for this analysis version?
SELECT record_id, first_processed_execution_id AS run_id
FROM processed_records
WHERE record_id = @record_id AND analysis = @analysis
