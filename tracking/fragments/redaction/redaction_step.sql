-- Apply one rule, and count what it replaces: a sign is put before each match, and the text is longer by so much.
SELECT
  r.* EXCEPT (text),
  REGEXP_REPLACE(r.text, @pattern_{number}, @replacement_{number}) AS text,
  BYTE_LENGTH(REGEXP_REPLACE(r.text, @pattern_{number}, r'!\0')) - BYTE_LENGTH(r.text) AS replaced_{number}
FROM (
{earlier}
) AS r
