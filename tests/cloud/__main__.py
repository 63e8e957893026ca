"""Run one scenario on the cloud backend with emulators: `python -m tests.cloud [--kills N]`."""

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from scripts.image import build
from tests.cloud.container import Containers, MemoryWatch
from tests.cloud.deployment import CloudDeployment, launch_process, servers
from tests.cloud.scenario import MAX_SECONDS, run_scenario
from troupe.demo_data import generate


def main() -> int:
    options = _arguments()
    rows = islice(_rows(options.transcripts), options.limit)
    with tempfile.TemporaryDirectory(prefix="troupe-cloud-") as folder:
        containers = Containers(build(), Path(folder), "soak") if options.image else None
        with (
            servers(Path(folder)) as running,
            CloudDeployment(
                running, Path(folder), options.seed, compact=options.compact,
                launch=containers or launch_process,
            ) as cloud,
        ):  # fmt: skip
            print(f"{len(cloud.processes)} services are ready", flush=True)  # noqa: T201
            watched = MemoryWatch(containers) if containers else None
            result = run_scenario(
                cloud, "whole", rows, kills=options.kills, canary=options.canary,
                rows_per_batch=options.rows_per_batch, max_seconds=options.max_seconds,
            )  # fmt: skip
            if watched:
                print("\n".join(watched.ended()))  # noqa: T201
        print("\n".join(result.lines()))  # noqa: T201
    return 0 if result.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cloud", description=__doc__)
    parser.add_argument("--transcripts", type=Path, help="JSON Lines, gzip or not")
    parser.add_argument("--limit", type=int, help="use only the first so many")
    parser.add_argument(
        "--kills", type=int, default=0, help="services to kill with SIGKILL during the run"
    )
    parser.add_argument(
        "--image", action="store_true", help="build the image, and start the services from it"
    )
    parser.add_argument("--max-seconds", type=float, default=MAX_SECONDS)
    parser.add_argument("--compact", action="store_true", help="one service for all handlers")
    parser.add_argument("--seed", type=int, default=0, help="chooses the services to kill")
    parser.add_argument("--canary", type=int, default=40)
    parser.add_argument("--rows-per-batch", type=int, default=150)
    return parser.parse_args()


def _rows(file: Path | None) -> Iterator[dict[str, Any]]:
    """The transcripts of this file, or generated ones."""
    if file is None:
        yield from generate()
        return
    text = file.read_bytes()
    for line in (gzip.decompress(text) if file.suffix == ".gz" else text).splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
