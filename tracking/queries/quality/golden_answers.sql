-- Which answers have the records of these golden sets, by analysis and prompt? Equal labels with equal
-- answers are counted together, so that a large set of few values is a short result.
SELECT
  p.golden,
  p.analysis,
  p.prompt_fingerprint,
  p.model,
  p.is_of_run,
  p.labels,
  p.answers,
  COUNT(*) AS records,
  MAX(p.analysed_at) AS analysed_at
FROM (
{golden_answers_of_tables}
) AS p
GROUP BY p.golden, p.analysis, p.prompt_fingerprint, p.model, p.is_of_run, p.labels, p.answers
