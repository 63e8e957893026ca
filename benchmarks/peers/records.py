"""The records of the benchmark, and what every runner is given and leaves behind.

A runner is called as `python run_TOOL.py FOLDER URL CONCURRENCY`. It reads `records.jsonl` (id and
text) in the folder, has every record analysed that it has not stored yet, and writes the ids of all
stored results, one a line, to `stored.txt`. Standard library only: each tool has its own packages.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

PROMPT = "Review this call. Answer with a JSON object that has callSummary.\n\n"


class Task(NamedTuple):
    """The arguments of a runner."""

    folder: Path
    url: str
    concurrency: int


def task() -> Task:
    """Return the arguments of this runner."""
    folder, url, concurrency = sys.argv[1:]
    return Task(Path(folder), url, int(concurrency))


def write_records(folder: Path, count: int) -> None:
    """Write records of 1.4 KB each."""
    with (folder / "records.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            said = (
                f"CUSTOMER: This is record {number:06d}. My bill is wrong, I was charged twice.\n"
            )
            text = said + "AGENT: I see that, and I have corrected it for you now.\n" * 23
            file.write(json.dumps({"id": f"{number:06d}", "text": text}) + "\n")


def read_records(folder: Path) -> list[tuple[str, str]]:
    """Return id and text of every record."""
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    return [(row["id"], row["text"]) for row in map(json.loads, lines)]


def write_stored(folder: Path, ids: list[str]) -> None:
    """Write the ids of all records with a valid answer."""
    (folder / "stored.txt").write_text("".join(f"{each}\n" for each in ids), encoding="utf-8")


def is_valid(text: str | None) -> bool:
    """Whether an answer is a whole JSON object with a summary."""
    try:
        answer = json.loads(text or "")
    except ValueError:
        return False
    return isinstance(answer, dict) and bool(answer.get("callSummary"))
