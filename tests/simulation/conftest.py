"""The long tests run only with TROUPE_SIMULATION_SEEDS set."""

import os

collect_ignore = [] if "TROUPE_SIMULATION_SEEDS" in os.environ else ["test_many_seeds.py"]
