"""Print how often the drift raises a false alarm, names a shift, and for how long.

    python -m tests.handlers.drift_figures [HISTORIES]

The histories are those of the tests, drawn at random from one seed.
"""

import random
import sys
from datetime import date
from typing import Any

from handlers.summary.weekly_shares import DriftRules, WeeklyCount, weekly_shares

from .histories import shifted, stable

KINDS: dict[str, dict[str, Any]] = {
    "chance alone": {},
    "uneven days": {"days": 0.2},
    "uneven weeks": {"weeks": 0.1},
    "loyal customers": {"loyal": 0.3},
}
SIZES = (60, 400)
"""Calls a day."""


def names_tone(rows: list[WeeklyCount]) -> bool:
    moved = weekly_shares(rows, "a", date(2026, 3, 1), DriftRules()).moved
    return any(share.column == "tone" for share in moved)


def alarms(rows: list[WeeklyCount]) -> bool:
    return bool(weekly_shares(rows, "a", date(2026, 3, 1), DriftRules()).moved)


def main(histories: int) -> None:
    dice = random.Random(7)
    for name, kind in KINDS.items():
        for size in SIZES:
            drawn = [stable(dice, a_day=size, **kind) for _ in range(histories)]
            false = sum(map(alarms, drawn))
            named = [
                sum(
                    names_tone(shifted(rows, "tone", "calm", "angry", 0.08, range(lasting)))
                    for rows in drawn
                )
                for lasting in (1, 2, 3, 4)
            ]
            sys.stdout.write(
                f"{name}, {size} a day: {false} of {histories} false alarms; a shift of 8 points named "
                f"in its first to fourth week: {', '.join(map(str, named))}\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
