-- The texts of the records that are planned, before the first rule. Needs `batch_cut`.
SELECT c.record_id, ANY_VALUE({folded}) AS text
FROM batch_cut AS c
JOIN ({source_rows}) AS s ON s.record_id = c.record_id AND TO_HEX(SHA256(s.transcript)) = c.fingerprint
GROUP BY c.record_id
