-- How much of the summaries of this run was said in their transcripts?
SELECT
  COUNT(grounding) AS measured,
  AVG(grounding) AS mean,
  MIN(grounding) AS least,
  COUNTIF(grounding < 0.5) AS below_half
FROM {output}
WHERE run_id = @run_id
