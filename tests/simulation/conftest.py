"""The long part of the simulation is for `make chaos`."""

import os

collect_ignore = [] if "TROUPE_CHAOS_SEEDS" in os.environ else ["test_many_seeds.py"]
