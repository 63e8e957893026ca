-- Which transcripts does a try of a prompt send? Some records by chance, the same ones for the same seed.
-- Of the rows of one identity the one is taken that a plan would take.
WITH
ranked AS (
  SELECT
    s.record_id,
    s.transcript,
    s.attributes,
    ROW_NUMBER() OVER (
      PARTITION BY s.record_id
      ORDER BY s.event_timestamp IS NULL, s.event_timestamp DESC,
        COALESCE(BYTE_LENGTH(s.transcript), -1) DESC, TO_HEX(SHA256(s.transcript))
    ) AS occurrence
  FROM ({source_rows}) AS s
  WHERE REGEXP_CONTAINS(
    CONCAT(COALESCE(s.interaction_id, ''), COALESCE(s.reference_id, '')), r'[^\pZ\pC]'
  )
),
chosen AS (
  SELECT r.record_id, r.transcript, r.attributes, TO_HEX(SHA256(CONCAT(@seed, ' ', r.record_id))) AS place
  FROM ranked AS r
  WHERE r.occurrence = 1
    AND IF(
      COALESCE(ARRAY_LENGTH(@record_ids), 0) = 0,
      REGEXP_CONTAINS(r.transcript, r'\S'),
      r.record_id IN UNNEST(@record_ids)
    )
  ORDER BY place
  LIMIT @sample
)
SELECT s.record_id, COALESCE({sent_text}, '') AS transcript, s.attributes
FROM chosen AS s
ORDER BY s.place
