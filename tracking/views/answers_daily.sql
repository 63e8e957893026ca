-- Shares of the answers by day of the call, over the last 90 days: closed values, marks, grades, errors, and sums.
-- Written by `troupe analysis view`. A share is records / of_records; a mean is amount / records of the known ones.
SELECT
  'call_review_v1' AS analysis,
  r.day,
  v.attribute,
  v.value AS attribute_value,
  r.kind,
  r.column_name,
  r.value,
  SUM(r.records) AS records,
  SUM(SUM(r.records)) OVER (
    PARTITION BY r.day, v.attribute, v.value, r.kind, r.column_name
  ) AS of_records,
  SUM(r.amount * r.records) AS amount
FROM (
-- Every record that was answered or failed for good, once for each thing that is counted of it. Its day is
-- that of the call; of a call without a time, or with one after its analysis, that of the analysis.
-- Rows that are equal in all of it are counted first, because each is repeated for every counted thing.
SELECT t.day, t.shown_attributes AS attributes, a.kind, a.column_name, a.value, a.amount, t.records
FROM (
  SELECT
    DATE(IF(s.event_timestamp <= s.analysed_at, s.event_timestamp, s.analysed_at)) AS day,
    CAST(NULL AS STRING) AS shown_attributes,
    CONCAT(',', ARRAY_TO_STRING(s.normalised_fields, ','), ',') AS normalised,
    CONCAT(',', ARRAY_TO_STRING(s.nulled_fields, ','), ',') AS nulled,
    s.`grade`, s.`call_sentiment_incoming`, s.`call_sentiment_outgoing`, s.`call_tone`, s.`language_code`, s.`reason_for_call_intent`, s.`agent_response_resolved`, s.`grounding`, s.`cost`, s.`prompt_tokens`, s.`thoughts_tokens`, s.`output_tokens`,
    COUNT(*) AS records
  FROM {dataset}`transcription_analyzed_transcripts` AS s
  WHERE s.analysed_at >= TIMESTAMP(DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)) AND s.analysis = 'call_review_v1'
  GROUP BY day, shown_attributes, normalised, nulled, s.`grade`, s.`call_sentiment_incoming`, s.`call_sentiment_outgoing`, s.`call_tone`, s.`language_code`, s.`reason_for_call_intent`, s.`agent_response_resolved`, s.`grounding`, s.`cost`, s.`prompt_tokens`, s.`thoughts_tokens`, s.`output_tokens`
) AS t
CROSS JOIN UNNEST([
  STRUCT('error' AS kind, 'error_type' AS column_name, CAST(NULL AS STRING) AS value, CAST(NULL AS FLOAT64) AS amount),
  STRUCT('grade', 'grade', t.grade, NULL),
  STRUCT('answer', 'call_sentiment_incoming', CAST(t.`call_sentiment_incoming` AS STRING), NULL),
  STRUCT('answer', 'call_sentiment_outgoing', CAST(t.`call_sentiment_outgoing` AS STRING), NULL),
  STRUCT('answer', 'call_tone', CAST(t.`call_tone` AS STRING), NULL),
  STRUCT('answer', 'language_code', CAST(t.`language_code` AS STRING), NULL),
  STRUCT('answer', 'reason_for_call_intent', CAST(t.`reason_for_call_intent` AS STRING), NULL),
  STRUCT('answer', 'agent_response_resolved', CAST(t.`agent_response_resolved` AS STRING), NULL),
  STRUCT('mark', 'call_summary', CASE WHEN STRPOS(t.normalised, ',call_summary,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',call_summary,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'call_sentiment_incoming', CASE WHEN STRPOS(t.normalised, ',call_sentiment_incoming,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',call_sentiment_incoming,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'call_sentiment_outgoing', CASE WHEN STRPOS(t.normalised, ',call_sentiment_outgoing,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',call_sentiment_outgoing,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'call_sentiment_summary', CASE WHEN STRPOS(t.normalised, ',call_sentiment_summary,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',call_sentiment_summary,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'call_tone', CASE WHEN STRPOS(t.normalised, ',call_tone,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',call_tone,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'language_code', CASE WHEN STRPOS(t.normalised, ',language_code,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',language_code,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'reason_for_call_summary', CASE WHEN STRPOS(t.normalised, ',reason_for_call_summary,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',reason_for_call_summary,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'reason_for_call_intent', CASE WHEN STRPOS(t.normalised, ',reason_for_call_intent,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',reason_for_call_intent,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'reason_for_call_inquiry_question', CASE WHEN STRPOS(t.normalised, ',reason_for_call_inquiry_question,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',reason_for_call_inquiry_question,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'reason_for_call_product', CASE WHEN STRPOS(t.normalised, ',reason_for_call_product,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',reason_for_call_product,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'reason_for_call_product_category', CASE WHEN STRPOS(t.normalised, ',reason_for_call_product_category,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',reason_for_call_product_category,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'agent_response_resolved', CASE WHEN STRPOS(t.normalised, ',agent_response_resolved,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',agent_response_resolved,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'agent_response_summary', CASE WHEN STRPOS(t.normalised, ',agent_response_summary,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',agent_response_summary,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'agent_response_action', CASE WHEN STRPOS(t.normalised, ',agent_response_action,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',agent_response_action,') > 0 THEN 'nulled' END, NULL),
  STRUCT('mark', 'products', CASE WHEN STRPOS(t.normalised, ',products,') > 0 THEN 'normalised' WHEN STRPOS(t.nulled, ',products,') > 0 THEN 'nulled' END, NULL),
  STRUCT('sum', 'grounding', IF(t.grounding IS NULL, NULL, 'known'), CAST(t.grounding AS FLOAT64)),
  STRUCT('sum', 'cost', IF(t.cost IS NULL, NULL, 'known'), CAST(t.cost AS FLOAT64)),
  STRUCT('sum', 'prompt_tokens', IF(t.prompt_tokens IS NULL, NULL, 'known'), CAST(t.prompt_tokens AS FLOAT64)),
  STRUCT('sum', 'thoughts_tokens', IF(t.thoughts_tokens IS NULL, NULL, 'known'), CAST(t.thoughts_tokens AS FLOAT64)),
  STRUCT('sum', 'output_tokens', IF(t.output_tokens IS NULL, NULL, 'known'), CAST(t.output_tokens AS FLOAT64))
]) AS a
UNION ALL
SELECT
  DATE(IF(m.event_timestamp <= e.failed_at, m.event_timestamp, e.failed_at)) AS day,
  m.attributes,
  'error' AS kind,
  'error_type' AS column_name,
  e.error_type AS value,
  CAST(NULL AS FLOAT64) AS amount,
  1 AS records
FROM (
  SELECT x.run_id, x.record_id, MAX(x.error_type) AS error_type, MAX(x.created_at) AS failed_at
  FROM {dataset}error_tracking AS x
  WHERE x.created_at >= TIMESTAMP(DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)) AND x.analysis = 'call_review_v1'
    AND x.record_id IS NOT NULL AND x.batch IS NOT NULL AND NOT x.retryable
  GROUP BY x.run_id, x.record_id
  HAVING LOGICAL_AND(NOT x.replan) AND COUNTIF(x.error_type = 'cleared') = 0
) AS e
JOIN {dataset}batch_records AS m ON m.run_id = e.run_id AND m.record_id = e.record_id
WHERE m.planned_on >= DATE_SUB(DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY), INTERVAL 7 DAY)
) AS r
CROSS JOIN UNNEST([STRUCT(CAST(NULL AS STRING) AS attribute, CAST(NULL AS STRING) AS value)]) AS v
WHERE r.day >= DATE_SUB(CURRENT_DATE(), INTERVAL 90 DAY)
GROUP BY r.day, v.attribute, v.value, r.kind, r.column_name, r.value
