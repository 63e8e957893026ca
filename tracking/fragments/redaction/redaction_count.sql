-- What one rule replaced, and in how many records.
STRUCT(
  @rule_{number} AS rule,
  COALESCE(SUM(d.replaced_{number}), 0) AS replacements,
  COUNTIF(d.replaced_{number} > 0) AS records
)
