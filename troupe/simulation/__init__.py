"""Deterministic simulation of whole runs in virtual time: one seed, one schedule of faults.

The handlers, the delivery loop and the SQL are the real ones. Pub/Sub, Cloud Storage, Vertex AI and
the warehouse are in memory; the tables have no unique keys, so a duplicate row stays visible. After
each seed the tables are compared with the invariants: no record lost or stored twice, nothing paid
twice, every run ended, all totals balanced.
"""

from .report import Report, run_simulations
from .simulate import SimulationResult, simulate

__all__ = ["Report", "SimulationResult", "run_simulations", "simulate"]
