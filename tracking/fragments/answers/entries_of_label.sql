-- The entries of a label that is a list, or of the list that it rejects.
ARRAY(
  SELECT JSON_VALUE(entry, {entry_path})
  FROM UNNEST(CASE {label_kind}
    WHEN 'array' THEN JSON_QUERY_ARRAY(g.labels, {path})
    WHEN 'object' THEN JSON_QUERY_ARRAY(g.labels, {rejected_path})
  END) AS entry
)
