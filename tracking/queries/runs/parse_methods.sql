-- How were the stored answers of the run parsed and repaired?
SELECT
  parse_method, repair_grade, grade, COUNT(*) AS records,
  COUNTIF(prompt_tokens IS NULL) AS without_tokens,
  STRING_AGG(DISTINCT reader_fingerprint, ', ' ORDER BY reader_fingerprint) AS readers
FROM {output}
WHERE run_id = @run_id
GROUP BY parse_method, repair_grade, grade
ORDER BY records DESC, parse_method, grade
