-- Assign each pending record to a batch. Needs `source_selection`.
-- Batches follow the order of the record ids. A bucket is about a million records, cut where the
-- first three hex digits (the prefix) change: no window over records spans more than one bucket,
-- and none carries a transcript. The canary records come first and never share a batch.
-- The weight of a record is its share of a batch, by rows or by bytes, whichever is larger. A batch
-- is full when the weights before a record fill it, so the last record may exceed the byte limit.
WITH
pending AS (
  SELECT record_id, fingerprint, bytes, SUBSTR(record_id, 1, 3) AS prefix
  FROM source_selection
  WHERE selection = 'pending'
),
prefixes AS (
  SELECT prefix, COUNT(*) AS records
  FROM pending
  GROUP BY prefix
),
prefix_offsets AS (
  SELECT prefix, SUM(records) OVER (ORDER BY prefix) - records AS before
  FROM prefixes
),
numbered AS (
  SELECT
    r.record_id, r.fingerprint, r.bytes, o.before,
    o.before + ROW_NUMBER() OVER (PARTITION BY r.prefix ORDER BY r.record_id) AS position
  FROM pending AS r
  JOIN prefix_offsets AS o ON o.prefix = r.prefix
),
limited AS (
  SELECT
    record_id, fingerprint, bytes,
    DIV(before, 1000000) AS bucket,
    IF(position <= @canary, 0, 1) AS after_canary,
    GREATEST(@bytes_per_batch, bytes * @rows_per_batch) AS weight
  FROM numbered
  WHERE position <= COALESCE(@limit, 9223372036854775807)
),
weighed AS (
  SELECT
    record_id, fingerprint, bytes, bucket, after_canary,
    COALESCE(SUM(weight) OVER (
      PARTITION BY bucket, after_canary ORDER BY record_id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS weight_before
  FROM limited
),
assigned AS (
  SELECT
    record_id, fingerprint, bytes, bucket, after_canary,
    DIV(weight_before, (@rows_per_batch * @bytes_per_batch)) AS part
  FROM weighed
),
parts AS (
  SELECT DISTINCT bucket, after_canary, part FROM assigned
),
batches AS (
  SELECT
    bucket, after_canary, part,
    ROW_NUMBER() OVER (ORDER BY bucket, after_canary, part) AS batch
  FROM parts
)
SELECT a.record_id, a.fingerprint, a.bytes, b.batch
FROM assigned AS a
JOIN batches AS b
  ON b.bucket = a.bucket AND b.after_canary = a.after_canary AND b.part = a.part
