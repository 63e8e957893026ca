"""The checker: what must be true of the tables, whatever happened on the way."""

import hashlib
import json
from collections.abc import Iterator

from events import RunCompleted, topic_of
from events.ids import dead_letter_error, stuck_event_error
from handlers.choreography import event_subscriptions
from tracking import Row
from tracking.statements import table_name

from .backend import DEPLOYMENT, SimulatedBackend
from .scenario import LEAVES, id_of

OUTPUT = "transcription_analyzed_transcripts"
_ENDINGS = ("analysed", "failed", "released", "open", "cleared")


def waiting_problems(backend: SimulatedBackend) -> Iterator[str]:
    """At rest, before operators act: what stands still must say so."""
    tracking, event_log = backend.outside.tracking, backend.outside.event_log
    since = event_log.lookback_start(backend.clock())
    unhandled = tracking.unhandled_events(since, event_subscriptions())
    told = {
        error_id for (error_id,) in backend.warehouse.see("SELECT error_id FROM error_tracking")
    }
    stuck = [
        event for event in unhandled if stuck_event_error(event.event_id, event.handler) in told
    ]
    for event in unhandled:
        if event not in stuck:
            yield f"stuck in silence: {event.handler} < {event.event_id}, republished {event.republished}"
    for run_id, _day in tracking.open_runs(since):
        if not stuck and not backend.letters.find():
            yield f"stuck in silence: run {run_id} is open, and nothing says why"


def final_problems(backend: SimulatedBackend) -> Iterator[str]:
    """After everything, operators and the last run included."""
    yield from backend.problems
    yield from backend.sentinel.problems
    for plan in _plans(backend):
        yield from _run_problems(backend, plan)
    yield from _ending_problems(backend)
    yield from _event_log_problems(backend)
    yield from _dead_letter_problems(backend)
    yield from _harvest_problems(backend)


def _plans(backend: SimulatedBackend) -> list[Row]:
    found = backend.warehouse.see("SELECT run_id, planned_on FROM run_plans ORDER BY run_id")
    return [{"run_id": run_id, "planned_on": day} for run_id, day in found]


def _run_problems(backend: SimulatedBackend, plan: Row) -> Iterator[str]:
    books = backend.outside.tracking.query("verify_run", plan, output=table_name(OUTPUT))
    if len(books) != 1:
        yield f"books: run {plan['run_id']} has {len(books)} plans"
    run = books[0]
    for name in ("missing_members", "half_stored", "doubled", "paid_twice", "two_bodies",
                 "closed_twice"):  # fmt: skip
        if run[name]:
            yield f"books: {name} {run[name]} in run {plan['run_id']}"
    if not run["completed"]:
        yield f"stuck: run {plan['run_id']} never ended"
    elif run["open"]:
        yield f"lost: {run['open']} records of run {plan['run_id']} are open after its end"
    if sum(run[name] for name in _ENDINGS) != run["planned"]:
        yield f"books: run {plan['run_id']} does not balance"


def _ending_problems(backend: SimulatedBackend) -> Iterator[str]:
    """Every healthy record has one row, every hopeless one has failed, and nothing is left."""
    rows = dict(
        backend.warehouse.see(f"SELECT record_id, count(*) FROM {OUTPUT} GROUP BY record_id")  # noqa: S608
    )
    failed = _failed(backend)
    for record, texts in _texts(backend).items():
        count = rows.pop(record, 0)
        if count > 1:
            yield f"doubled: {record[:6]} has {count} rows"
        elif not texts:
            if count:
                yield f"invented: {record[:6]} has a row and no transcript"
        elif record in backend.script.hopeless:
            if count or (record not in failed and not _may_be_gone(backend, record)):
                yield f"lost: {record[:6]} cannot be answered, and is not among the failed"
        elif not count and not _may_be_gone(backend, record):
            yield f"lost: {record[:6]} has no row"
    for record in rows:
        yield f"invented: {record[:6]} is no record of the source"
    yield from _mixed_up(backend)


def left_over(backend: SimulatedBackend) -> bool:
    """Whether a further run would find anything to ask."""
    stored = {r for (r,) in backend.warehouse.see("SELECT record_id FROM processed_records")}
    done = stored | _failed(backend)
    return any(texts and record not in done for record, texts in _texts(backend).items())


def _failed(backend: SimulatedBackend) -> set[str]:
    found = backend.warehouse.see(
        "SELECT record_id FROM error_tracking WHERE scope = 'record' AND NOT retryable "
        "AND NOT replan"
    )
    return {record for (record,) in found}


def _texts(backend: SimulatedBackend) -> dict[str, list[str]]:
    """Every record that the source ever held, with the transcripts that it had."""
    told: dict[str, list[str]] = {}
    for row in [*backend.script.rows, *(row for act in backend.script.acts for row in act.rows)]:
        texts = told.setdefault(id_of(row), [])
        if row["transcript"]:
            texts.append(row["transcript"])
    return told


def _may_be_gone(backend: SimulatedBackend, record: str) -> bool:
    """The user took its row away, perhaps before any plan saw it."""
    return any(act.what == "leave" for act in backend.script.acts) and any(
        row["referenceId"] == LEAVES and id_of(row) == record for row in backend.script.rows
    )


def _mixed_up(backend: SimulatedBackend) -> Iterator[str]:
    """A row holds what was said in its own transcript, and in no other."""
    texts = _texts(backend)
    for record, summary in backend.warehouse.see(f"SELECT record_id, call_summary FROM {OUTPUT}"):  # noqa: S608
        said = [text.partition(" is ")[0] for text in texts[record] if " is broken" in text]
        words = [text.partition(": ")[2] for text in said]
        if words and not any(f"{own} is" in summary for own in words):
            yield f"mixed up: {record[:6]} has the answer of another record"


def _event_log_problems(backend: SimulatedBackend) -> Iterator[str]:
    see = backend.warehouse.see
    for event_id, bodies in see(
        "SELECT event_id, count(DISTINCT data) FROM events GROUP BY event_id "
        "HAVING count(DISTINCT data) > 1"
    ):
        yield f"two bodies: {event_id} has {bodies}"
    for run_id, reports in see(
        "SELECT p.run_id, count(r.run_id) FROM run_plans AS p "
        "LEFT JOIN run_reports AS r ON r.run_id = p.run_id GROUP BY p.run_id "
        "HAVING count(r.run_id) <> 1"
    ):
        if reports or not _gave_up_report(backend, run_id):
            yield f"books: run {run_id} has {reports} reports"
    for error_id, times in see(
        "SELECT error_id, count(*) FROM error_tracking GROUP BY error_id HAVING count(*) > 1"
    ):
        yield f"doubled: error {error_id} is stored {times} times"


def _gave_up_report(backend: SimulatedBackend, run_id: str) -> bool:
    """An operator discarded the message that asked for it."""
    return any(
        letter.handler == "report-run"
        and letter.state == "discarded"
        and letter.event_id == DEPLOYMENT.event(topic_of(RunCompleted), run_id)
        for letter in backend.letters.kept
    )


def _dead_letter_problems(backend: SimulatedBackend) -> Iterator[str]:
    told = {
        error_id for (error_id,) in backend.warehouse.see("SELECT error_id FROM error_tracking")
    }
    for letter in backend.letters.kept:
        name = dead_letter_error(letter.event_id, letter.handler, letter.cause)
        if name not in told:
            yield f"unexplained: {letter.handler} dead-lettered {letter.event_id}"
        if letter.state == "waiting":
            yield f"unexplained: {letter.handler} cannot handle {letter.event_id}"


def _harvest_problems(backend: SimulatedBackend) -> Iterator[str]:
    """What was paid for was read: the closing of an attempt names every job that it had."""
    closed = {
        DEPLOYMENT.attempt(run_id, batch, attempt): json.loads(jobs)
        for run_id, batch, attempt, jobs in backend.warehouse.see(
            "SELECT run_id, batch, attempt, jobs FROM attempt_closings"
        )
    }
    for name, entry in backend.service.entries.items():
        label = entry.job.labels["attempt"]
        if name not in closed.get(label, ()):
            yield f"paid in vain: {label} was closed without its job"


def digest(backend: SimulatedBackend) -> str:
    """What the first run leaves behind, without times: equal for equal outcomes."""
    see = backend.warehouse.see
    rows = see(
        f"SELECT * EXCLUDE (analysed_at) FROM {OUTPUT} WHERE run_id = 'r1' ORDER BY ALL"  # noqa: S608
    )
    processed = see(
        "SELECT * EXCLUDE (processed_at) FROM processed_records "
        "WHERE first_processed_execution_id = 'r1' ORDER BY ALL"
    )
    errors = see(
        "SELECT error_id, error_type, cause, record_id, batch, attempt, detail "
        "FROM error_tracking WHERE scope = 'record' AND run_id = 'r1' ORDER BY ALL"
    )
    closings = see(
        "SELECT batch, attempt, outcome, cause, asked, lines, analysed, failed, released, open "
        "FROM attempt_closings WHERE run_id = 'r1' ORDER BY ALL"
    )
    text = json.dumps([rows, processed, errors, closings], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(backend: SimulatedBackend) -> str:
    """Of every table with every time: one seed has one."""
    told = [
        backend.warehouse.see(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608
        for table in (
            "events",
            "deliveries",
            "claims",
            "attempt_closings",
            "error_tracking",
            OUTPUT,
        )
    ]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:16]
