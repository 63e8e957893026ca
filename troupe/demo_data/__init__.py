"""Generate call transcripts for demos and tests. All of them are invented."""

from troupe.demo_data.rows import generate

__all__ = ["generate"]
