"""Files of transcripts, as people have them, read into rows of the source table."""
