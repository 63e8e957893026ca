-- The entries of a list in lower case.
ARRAY(SELECT LOWER(entry) FROM UNNEST({entries}) AS entry)
