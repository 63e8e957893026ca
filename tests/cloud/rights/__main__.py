"""Run a deployment with each service's own rights, and list what is granted and not used.

    python -m tests.cloud.rights
    python -m tests.cloud.rights --without 'submit-job: roles/aiplatform.user on project'

Ends with 1 when a service was refused something, or when the totals do not balance.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.cloud.deployment import CloudDeployment, servers

from .gate import Caller
from .grants import unused, written_only_by_right
from .scenarios import play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cloud.rights", description=__doc__)
    parser.add_argument("--without", action="append", default=[], metavar="'SERVICE: ROLE on WHAT'")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long each step may take")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="troupe-rights-") as folder:
        with (
            servers(Path(folder)) as running,
            CloudDeployment(running, Path(folder), without=options.without) as cloud,
        ):
            result = play(cloud, options.seconds)
        refused = cloud.gate.refused()
        lines = [
            *result.lines(),
            *(line for caller in cloud.gate.callers.values() for line in report(caller)),
            *(f"REFUSED {each}" for each in refused),
        ]
    print("\n".join(lines))  # noqa: T201
    return 0 if result.ok and not refused else 1


def report(caller: Caller) -> list[str]:
    """Return what a service was granted and did not use, one line each, below a line with counts."""
    idle = unused(caller.grants, caller.used)
    only_read = written_only_by_right(caller.grants, caller.used)
    head = f"{caller.name}: {len(caller.grants) - len(idle)} of {len(caller.grants)} grants used"
    return [
        head,
        *(f"  not used: {grant}" for grant in idle),
        *(f"  only read: {grant}" for grant in only_read),
    ]


if __name__ == "__main__":
    sys.exit(main())
