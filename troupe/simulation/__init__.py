"""Whole runs in virtual time: one seed is one schedule of everything that can go wrong.

    python -m troupe.simulation --seeds 200

The handlers, the delivery loop and the SQL are the real ones; the cloud around them is in memory,
without keys that would hide a doubling. After each seed the tables are compared with what must be
true: nothing lost, nothing doubled, nothing paid twice, every run ended, every book balanced.
"""

from .report import Report, run_simulations
from .simulate import Outcome, simulate

__all__ = ["Outcome", "Report", "run_simulations", "simulate"]
