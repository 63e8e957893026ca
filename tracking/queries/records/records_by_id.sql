-- Which records of the source have one of these ids?
SELECT DISTINCT s.record_id, s.phone_number_token, s.interaction_id, s.reference_id
FROM ({source_rows}) AS s
WHERE s.record_id IN (SELECT a FROM UNNEST(@record_ids) AS a)
  OR s.interaction_id IN (SELECT a FROM UNNEST(@interaction_ids) AS a)
  OR s.reference_id IN (SELECT a FROM UNNEST(@reference_ids) AS a)
  OR s.phone_number_token IN (SELECT a FROM UNNEST(@phone_number_tokens) AS a)
