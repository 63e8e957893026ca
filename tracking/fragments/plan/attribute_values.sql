-- The call attributes of a source row as a JSON object: none, unless the analysis names some.
CAST(NULL AS STRING)
