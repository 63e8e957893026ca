"""Benchmarks: ratios of CPU times from one run, against baselines in this package."""
