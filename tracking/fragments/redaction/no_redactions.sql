-- No counts: the rules are off, or not counted.
SELECT ARRAY<STRUCT<rule STRING, replacements INT64, records INT64>>[] AS redactions
