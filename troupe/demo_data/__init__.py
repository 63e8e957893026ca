"""Believable calls for a first run; every word was written for it, nobody real speaks."""

from troupe.demo_data.rows import generate

__all__ = ["generate"]
