"""`python -m benchmarks.labelled_calls DIR`: accuracy of the stand-in on conversations that people labelled.

DIR holds `transcripts.jsonl.gz` and `labels.jsonl.gz`, by interactionId: task_done_says_customer,
customer_annoyed_says_agent, language and intents. The conversations are loaded and analysed,
`troupe compare` judges the run by the labels, and the same shares are computed again here, from both
files and the rows alone. It ends with 1 if they differ.
"""

import gzip
import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import duckdb

Label = dict[str, Any]
ROW = "interactionId"
Z = 1.959963984540054
INTENTS = {
    **dict.fromkeys(
        ("restaurant_search", "hotel_search", "plane_search", "apartment_search", "weather",
         "trip_directions", "ride_status", "doctor_followup", "storewide_query", "timing_4",
         "get branch hours"), "inquiry"),
    **dict.fromkeys(
        ("restaurant_book", "hotel_book", "plane_book", "ride_book", "apartment_schedule",
         "doctor_schedule", "meeting_schedule", "party_plan", "party_rsvp"), "booking"),
    **dict.fromkeys(
        ("bank_balance", "bank_fraud_report", "replace card", "reset password", "transfer money"),
        "account"),
    **dict.fromkeys(("spaceship_access_codes", "spaceship_life_support"), "technical_support"),
    **dict.fromkeys(("trivia", "hotel_service_request"), "other"),
    **dict.fromkeys(("ride_change", "return_size"), "change"),
    "coffee_order": "purchase", "product_defect": "complaint", "refund_status": "billing",
}  # fmt: skip
"""Task of the conversation to `reason_for_call_intent`. A conversation of several has no label."""


class Share(NamedTuple):
    """How often the answers of a column agree with their labels."""

    judged: int
    agreed: int
    low: float
    high: float


def label_of(raw: Label) -> Label:
    """Return what the annotations of a conversation say about columns of `call_review_v1`."""
    label: Label = {ROW: raw[ROW], "language_code": raw["language"].split()[0]}
    if raw.get("task_done_says_customer") is not None:
        label["agent_response_resolved"] = raw["task_done_says_customer"]
    annoyed = raw.get("customer_annoyed_says_agent")
    if annoyed is not None:
        label["call_sentiment_outgoing"] = "negative" if annoyed else {"other_than": "negative"}
    intents = {INTENTS[each] for each in raw["intents"] or () if each in INTENTS}
    if len(intents) == 1:
        label["reason_for_call_intent"] = intents.pop()
    return label


def recomputed(labels: dict[str, Label], rows: dict[str, Label]) -> dict[str, Share]:
    """Compute the share of each column from labels and rows, without the code that compares."""
    found: dict[str, list[bool]] = {}
    for id_, label in labels.items():
        for column, value in label.items():
            if column == ROW or id_ not in rows:
                continue
            answer = rows[id_][column]
            if not isinstance(value, dict):
                found.setdefault(column, []).append(answer == value)
            elif answer is not None:
                found.setdefault(column, []).append(answer != value["other_than"])
    return {
        column: Share(len(hits), sum(hits), *_bounds(sum(hits), len(hits)))
        for column, hits in found.items()
    }


def _bounds(k: int, n: int) -> tuple[float, float]:
    """Wilson's interval by bisection: the shares from which `k / n` is 1.96 deviations away."""
    share = k / n

    def far(p: float) -> bool:
        return abs(share - p) > Z * math.sqrt(p * (1 - p) / n)

    ends = []
    for near, end in ((share, 0.0), (share, 1.0)):
        for _ in range(200):
            middle = (near + end) / 2
            near, end = (near, middle) if far(middle) else (middle, end)
        ends.append(near)
    return ends[0], ends[1]


def compared(home: Path, folder: Path, labels: Path) -> Label:
    """Load and analyse the conversations, and compare the run with the labels."""
    _troupe(home, "load", str(folder / "transcripts.jsonl.gz"))
    _troupe(home, "request", "--run-id", "labelled")
    _troupe(home, "work", "--idle-timeout", "0")
    answer: Label = json.loads(_troupe(home, "compare", "labelled", str(labels), "--json"))
    return answer


def _troupe(home: Path, *words: str) -> str:
    code = "from troupe.cli import main; main()"
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own command
        [sys.executable, "-c", code, *words, "--home", str(home)],
        stdout=subprocess.PIPE,
        check=False,
    )
    if done.returncode not in (0, 3):
        raise SystemExit(f"troupe {words[0]} ended with {done.returncode}")
    return done.stdout.decode()


def rows_of(home: Path, columns: list[str]) -> dict[str, Label]:
    """Return the stored values of these columns by interaction id."""
    names = ", ".join([f'"{ROW}"', *columns])
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute(f"SELECT {names} FROM transcription_analyzed_transcripts")  # noqa: S608
        return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in found.fetchall()}


def read_lines(file: Path) -> Iterator[Label]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def judge(folder: Path, home: Path) -> int:
    """Print the accuracy of each column, as compared and as recomputed; 1 where they differ."""
    labels = {raw[ROW]: label_of(raw) for raw in read_lines(folder / "labels.jsonl.gz")}
    file = home.parent / "labels.jsonl"
    file.write_text("".join(json.dumps(each) + "\n" for each in labels.values()), encoding="utf-8")
    answer = compared(home, folder, file)
    columns = {each["column"]: each for each in answer["columns"]}
    again = recomputed(labels, rows_of(home, [*columns]))
    differs = columns.keys() != again.keys()
    sys.stdout.write(f"{answer['records']:,} of {len(labels):,} labelled conversations\n")
    for name, share in again.items():
        each = columns[name]
        theirs = Share(each["judged"], each["agreed"], each["low"], each["high"])
        same = theirs[:2] == share[:2] and all(
            math.isclose(a, b, abs_tol=1e-9) for a, b in zip(theirs[2:], share[2:], strict=True)
        )
        differs |= not same
        kappa = "" if each["kappa"] is None else f", kappa {each['kappa']['value']:.2f}"
        sys.stdout.write(
            f"{name:<25}{theirs.agreed:>6,} of {theirs.judged:>6,}  {theirs.agreed / theirs.judged:.3f} "
            f"({theirs.low:.3f} to {theirs.high:.3f}){kappa}{'' if same else f'  BUT {share}'}\n"
        )
    return int(differs)


def main(folder: str) -> int:
    """Judge the folder in a state folder of its own."""
    with TemporaryDirectory(prefix="troupe-labelled-") as work:
        return judge(Path(folder), Path(work) / "home")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
