-- The rows of another run or version, the newest of each record, to compare with.
JOIN (
  SELECT
    o.record_id, {o_columns},
    ROW_NUMBER() OVER (PARTITION BY o.record_id ORDER BY o.analysed_at DESC, o.run_id) AS nth
  FROM {other_output} AS o
  WHERE (o.run_id = @against OR o.analysis = @against) AND o.run_id <> @run_id
) AS o ON o.record_id = t.record_id AND o.nth = 1
