-- Whether a found record comes after the last one of the page before; all do on the first page.
(
  @found_before IS NULL OR f.happened_at < @found_before
  OR (
    f.happened_at = @found_before
    AND (f.record_id > @after_record OR (f.record_id = @after_record AND f.run_id > @after_run))
  )
)
