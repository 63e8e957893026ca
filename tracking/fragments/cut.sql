-- Which pending record goes into which batch? Needs `judged`.
-- Shelves are the first three digits of the record id; a bucket is about a million records on
-- neighbouring shelves. No window over records spans more than one bucket, and none carries text.
-- The weight of a record is the share of a batch that it fills, by rows or by bytes, whichever is
-- more; a batch is left when the records before this one have filled it.
WITH
shelved AS (
  SELECT record_id, fingerprint, bytes, SUBSTR(record_id, 1, 3) AS shelf
  FROM judged
  WHERE selection = 'pending'
),
shelves AS (
  SELECT shelf, COUNT(*) AS records
  FROM shelved
  GROUP BY shelf
),
placed_shelves AS (
  SELECT shelf, SUM(records) OVER (ORDER BY shelf) - records AS before
  FROM shelves
),
numbered AS (
  SELECT
    s.record_id, s.fingerprint, s.bytes, p.before,
    p.before + ROW_NUMBER() OVER (PARTITION BY s.shelf ORDER BY s.record_id) AS place
  FROM shelved AS s
  JOIN placed_shelves AS p ON p.shelf = s.shelf
),
taken AS (
  SELECT
    record_id, fingerprint, bytes,
    DIV(before, 1000000) AS bucket,
    IF(place <= @canary, 0, 1) AS crew,
    GREATEST(@bytes_per_batch, bytes * @rows_per_batch) AS weight
  FROM numbered
  WHERE place <= COALESCE(@limit, 9223372036854775807)
),
filled AS (
  SELECT
    record_id, fingerprint, bytes, bucket, crew,
    COALESCE(SUM(weight) OVER (
      PARTITION BY bucket, crew ORDER BY record_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ), 0) AS weight_before
  FROM taken
),
slotted AS (
  SELECT
    record_id, fingerprint, bytes, bucket, crew,
    DIV(weight_before, (@rows_per_batch * @bytes_per_batch)) AS slot
  FROM filled
),
cuts AS (
  SELECT DISTINCT bucket, crew, slot FROM slotted
),
sequence AS (
  SELECT bucket, crew, slot, ROW_NUMBER() OVER (ORDER BY bucket, crew, slot) AS batch
  FROM cuts
)
SELECT s.record_id, s.fingerprint, s.bytes, q.batch
FROM slotted AS s
JOIN sequence AS q ON q.bucket = s.bucket AND q.crew = s.crew AND q.slot = s.slot
