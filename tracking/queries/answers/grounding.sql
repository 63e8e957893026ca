-- What share of the summaries' words occurs in their transcripts, over the rows of this run?
SELECT
  COUNT(grounding) AS measured,
  AVG(grounding) AS mean,
  MIN(grounding) AS least,
  COUNTIF(grounding < 0.5) AS below_half
FROM {output}
WHERE run_id = @run_id
