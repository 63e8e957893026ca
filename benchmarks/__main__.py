"""`python -m benchmarks [--quick] [--only NAME …] [--out DIR]`: measure and write the results."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.batches import batches
from benchmarks.hops import hops
from benchmarks.machine import machine
from benchmarks.memory import memory
from benchmarks.planning import planning
from benchmarks.reading import reading
from benchmarks.report import page
from benchmarks.writing import writing

BENCHMARKS: dict[str, Callable[..., dict[str, Any]]] = {
    "reading": reading,
    "writing": writing,
    "memory": memory,
    "planning": planning,
    "hops": hops,
    "batches": batches,
}
FULL: dict[str, dict[str, Any]] = {
    "reading": {"lines": 20_000, "repeats": 15},
    "writing": {"lines": 20_000, "repeats": 15},
    "memory": {"megabytes": (20, 2_000)},
    "planning": {"sizes": (100_000, 1_000_000, 10_000_000)},
    "batches": {"counts": (10, 100, 1_000)},
    "hops": {"count": 1_000},
}
QUICK: dict[str, dict[str, Any]] = {
    "reading": {"lines": 2_000, "repeats": 3},
    "writing": {"lines": 2_000, "repeats": 3},
    "memory": {"megabytes": (5, 50)},
    "planning": {"sizes": (1_000, 10_000)},
    "batches": {"counts": (2, 10)},
    "hops": {"count": 100},
}


def measure(names: list[str], sizes: dict[str, dict[str, Any]], out: Path | None) -> dict[str, Any]:
    """Run these benchmarks and return their figures; results are written after each.

    Results of other benchmarks that the folder already contains are kept.
    """
    earlier = out / "results.json" if out else None
    results: dict[str, Any] = (
        json.loads(earlier.read_text(encoding="utf-8")) if earlier and earlier.exists() else {}
    )
    results = {name: figures for name, figures in results.items() if name not in names}
    results["machine"] = about = machine()
    measured = f"{about.pop('measured_on')}, load before {about.pop('load_before')}"
    for name in names:
        results[name] = BENCHMARKS[name](**sizes[name]) | {"measured": measured}
        sys.stderr.write(f"{name}: done\n")
        if out:
            out.mkdir(parents=True, exist_ok=True)
            text = json.dumps(results, indent=2) + "\n"
            (out / "results.json").write_text(text, encoding="utf-8")
            (out / "RESULTS.md").write_text(page(results), encoding="utf-8")
    return results


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a first impression")
    parser.add_argument(
        "--only",
        action="append",
        choices=list(BENCHMARKS),
        default=[],
        help="run this benchmark alone; may be repeated",
    )
    parser.add_argument("--out", type=Path, help="folder for results.json and RESULTS.md")
    options = parser.parse_args(arguments)
    # A quick or partial run must not replace the results of a whole run.
    out = options.out or (None if options.quick or options.only else Path(__file__).parent)
    results = measure(options.only or list(BENCHMARKS), QUICK if options.quick else FULL, out)
    sys.stdout.write(page(results))


if __name__ == "__main__":
    main()
