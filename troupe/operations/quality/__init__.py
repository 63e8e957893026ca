"""The quality of answers: comparisons, drift, golden sets and reviews."""
