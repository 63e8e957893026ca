"""Prepared state folders for the pages of the console; tests copy them."""

from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from tests.faults import fail_writes
from tests.harness import LocalHarness, calls, id_of
from troupe.backends.defaults import utc_now
from troupe.backends.local.backend import LocalSettings
from troupe.operations.quality.review_sample import record_review, review_sample
from troupe.operations.quality.reviews import list_reviews
from troupe.standin.corrupt import Corruption

SHIPPED = Path(__file__).parents[2] / "analysis" / "call_review_v1"
SCRIPT = "<script>document.title = 'broken'</script><img src=x onerror=alert(1)>"
ESCAPES = "\x1b[31m\x1b]0;title\x07\x00\u202e desrever \u2028 {{ csrf }} &lt;"
HOSTILE = f"{SCRIPT}'\"{ESCAPES}"
LONG = "n" * 10_000
RECORDS = 6
OUTPUT = "transcription_analyzed_transcripts"
TEXTS = (
    "CUSTOMER: I have a question about the bill, there is a wrong charge on my invoice.\nAGENT: Done.",
    "CUSTOMER: I want to book a table.\nAGENT: It is booked.",
)
_FOLDER = TemporaryDirectory(prefix="troupe-console-")


@cache
def compared() -> LocalHarness:
    """Runs `before` and `after` of two versions, and a recorded sample of `before`; closed."""
    home = _version_two(Path(_FOLDER.name) / "compared")
    harness = LocalHarness(home)
    harness.clock.now = utc_now()  # the console looks back from the time of the machine
    rows = calls(RECORDS, provider=HOSTILE)
    for at, row in enumerate(rows):
        row["transcript"] = f"{TEXTS[at % 2]} Call {at}. {HOSTILE}"
    harness.load(rows)
    harness.run("before")
    harness.run("after", analysis="call_review_v2")
    harness.sql(
        f"UPDATE {OUTPUT} SET call_summary = ?, reason_for_call_product = ?"  # noqa: S608
        " WHERE run_id = 'before' AND record_id = ?",
        f"bill {HOSTILE}", LONG, id_of(rows[0]),
    )  # fmt: skip
    draw(harness, "before")
    harness.close()
    return harness


@cache
def held_up() -> LocalHarness:
    """A run that a dead letter holds up, and a message that is no event; closed."""
    harness = LocalHarness(Path(_FOLDER.name) / "held_up")
    harness.clock.now = utc_now()
    harness.load(calls(3))
    fail_writes(harness.backend.bucket)
    harness.request("held")
    harness.play()
    harness.backend.bus.send("batch-planned", f"not json {HOSTILE} {LONG}".encode(), {})
    harness.play()
    harness.close()
    return harness


def draw(harness: LocalHarness, run_id: str) -> str:
    """Record a sample of all rows of a run; return its id."""
    found = review_sample(harness.backend, run_id)
    rows = [
        {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
        for each in found.records
    ]
    record_review(harness.backend, found.sample_id, run_id, "random", "0", rows)
    return list_reviews(harness.backend, run_id).reviews[0].sample_id


def _version_two(home: Path) -> Path:
    """Add a second version of the shipped analysis, which knows no billing."""
    own = copytree(SHIPPED, home / "analyses" / "call_review_v2")
    settings, schema = own / "analysis.json", own / "schema.json"
    settings.write_text(settings.read_text("utf-8").replace("_v1", "_v2"), encoding="utf-8")
    schema.write_text(schema.read_text("utf-8").replace('"billing",', ""), encoding="utf-8")
    return home


@cache
def loaded() -> LocalHarness:
    """Transcripts that no run took yet; closed."""
    harness = LocalHarness(Path(_FOLDER.name) / "loaded")
    harness.load(calls(RECORDS, provider=HOSTILE))
    harness.close()
    return harness


@cache
def broken() -> LocalHarness:
    """A run whose records failed for good, because each answer was cut off; closed."""
    poison = frozenset(id_of(row) for row in calls(RECORDS))
    settings = LocalSettings(corruption=Corruption(share=0, poison=poison))
    harness = LocalHarness(Path(_FOLDER.name) / "broken", settings)
    harness.clock.now = utc_now()
    harness.load(calls(RECORDS))
    harness.run("broken")
    harness.close()
    return harness
