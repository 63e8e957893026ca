"""The whole run through the cloud form: `python -m tests.cloud [--kills N]`."""

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tests.cloud.deployment import Cloud, servers
from tests.cloud.scenario import play
from troupe.demo_data import generate


def main() -> int:
    asked = _arguments()
    rows = islice(_rows(asked.transcripts), asked.limit)
    with tempfile.TemporaryDirectory(prefix="troupe-cloud-") as folder:
        with (
            servers(Path(folder)) as running,
            Cloud(running, Path(folder), asked.seed, compact=asked.compact) as cloud,
        ):
            print(f"{len(cloud.processes)} services are ready", flush=True)  # noqa: T201
            figures = play(
                cloud, "whole", rows, kills=asked.kills, canary=asked.canary,
                rows_per_batch=asked.rows_per_batch,
            )  # fmt: skip
        print("\n".join(figures.lines()))  # noqa: T201
    return 0 if figures.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.cloud", description=__doc__)
    parser.add_argument("--transcripts", type=Path, help="JSON Lines, gzip or not")
    parser.add_argument("--limit", type=int, help="the first so many")
    parser.add_argument("--kills", type=int, default=0, help="services killed (-9) meanwhile")
    parser.add_argument("--compact", action="store_true", help="one service for all handlers")
    parser.add_argument("--seed", type=int, default=0, help="chooses who is killed")
    parser.add_argument("--canary", type=int, default=40)
    parser.add_argument("--rows-per-batch", type=int, default=150)
    return parser.parse_args()


def _rows(file: Path | None) -> Iterator[dict[str, Any]]:
    """The generated transcripts, when nobody brings any."""
    if file is None:
        yield from generate()
        return
    text = file.read_bytes()
    for line in (gzip.decompress(text) if file.suffix == ".gz" else text).splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main())
