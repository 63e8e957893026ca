"""The command `troupe`."""

from .start import main

__all__ = ["main"]
