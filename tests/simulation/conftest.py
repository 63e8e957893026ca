"""The long part of the simulation is for `make simulate`."""

import os

collect_ignore = [] if "TROUPE_SIMULATION_SEEDS" in os.environ else ["test_many_seeds.py"]
