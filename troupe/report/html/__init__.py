"""The report of a run, and of comparisons and drift, as HTML that needs no other file."""
