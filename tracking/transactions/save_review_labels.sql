-- Save what a reviewer says of one record of a sample, as the next version. Labels of a row that was
-- deleted meanwhile are not saved. Two callers that save the same version have the same job id.
INSERT INTO review_labels (
  sample_id, reviewer, record_id, version, phone_number_token, labels, saved_at
)
SELECT
  @sample_id, @reviewer, t.record_id, @version, t.phone_number_token, @labels, CURRENT_TIMESTAMP()
FROM {output} AS t
WHERE t.run_id = @run_id
  AND t.analysed_at >= TIMESTAMP(@planned_on)
  AND t.record_id = @record_id
  AND NOT EXISTS (
    SELECT 1 FROM review_labels AS r
    WHERE r.sample_id = @sample_id
      AND r.reviewer = @reviewer
      AND r.record_id = @record_id
      AND r.version = @version
  )
