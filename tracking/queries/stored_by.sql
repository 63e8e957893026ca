-- Which run stored a row of this record in this version of the analysis?
SELECT record_id, first_processed_execution_id AS run_id
FROM processed_records
WHERE record_id = @record_id AND analysis = @analysis
