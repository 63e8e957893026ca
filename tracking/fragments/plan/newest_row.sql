-- Keep the newest row of each record: a run that asks changed transcripts again has two until it ends.
QUALIFY ROW_NUMBER() OVER (PARTITION BY t.record_id ORDER BY t.analysed_at DESC, t.run_id DESC) = 1
