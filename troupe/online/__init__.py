"""Transcripts that a model is asked about now, one at a time, and not in a batch job."""
