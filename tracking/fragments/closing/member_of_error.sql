-- Whether the planned record of an error fits a search; read only where the search asks for it.
EXISTS (
  SELECT 1 FROM batch_records AS m
  WHERE m.planned_on >= DATE_SUB(@since, INTERVAL 7 DAY)
    AND m.run_id = e.run_id AND m.record_id = e.record_id
    AND {conditions_on_member}
)
