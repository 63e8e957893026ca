-- The stratum of a row by the value of a closed column.
COALESCE(CONCAT({field}, '=', CAST(t.{column} AS STRING)), CONCAT({field}, ' is null'))
