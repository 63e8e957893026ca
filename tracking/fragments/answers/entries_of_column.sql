-- The entries of a stored list as texts.
ARRAY(SELECT CAST({entry} AS STRING) FROM UNNEST({column}) AS entry)
