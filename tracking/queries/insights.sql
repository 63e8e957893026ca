-- How often does each answer occur in the rows of this run, by kind of answer?
SELECT kind, value, detail, COUNT(*) AS records
FROM (
  SELECT 'sentiment' AS kind, call_sentiment_incoming AS value, call_sentiment_outgoing AS detail
  FROM {output} WHERE run_id = @run_id
  UNION ALL
  SELECT 'tone', call_tone, NULL FROM {output} WHERE run_id = @run_id
  UNION ALL
  SELECT 'language', language_code, NULL FROM {output} WHERE run_id = @run_id
  UNION ALL
  SELECT 'intent', reason_for_call_intent, NULL FROM {output} WHERE run_id = @run_id
  UNION ALL
  SELECT 'resolved', CAST(agent_response_resolved AS STRING), NULL FROM {output} WHERE run_id = @run_id
  UNION ALL
  SELECT 'product', p.name, NULL FROM {output} AS t CROSS JOIN UNNEST(t.products) AS p WHERE t.run_id = @run_id
) AS counted
GROUP BY kind, value, detail
ORDER BY kind, records DESC, value, detail
