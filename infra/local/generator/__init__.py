"""Believable calls for a first run; every word was written for it, nobody real speaks."""

from infra.local.generator.rows import generate

__all__ = ["generate"]
