"""Invariants of the tables after a simulation, checked from rows."""

import hashlib
import json
from collections.abc import Iterator

import msgspec

from events import ReportWritten, RunCompleted, RunRefused, topic_of
from events.ids import dead_letter_error, notification_id
from handlers.choreography import event_subscriptions, name_of
from handlers.notify_run import notify_run
from tracking import Row
from tracking.statements import table_name

from .backend import DEPLOYMENT, SimulatedBackend
from .scenario import REMOVED_REFERENCE, id_of

OUTPUT = "transcription_analyzed_transcripts"
_ENDINGS = ("analysed", "failed", "released", "open", "cleared")


def idle_problems(backend: SimulatedBackend) -> Iterator[str]:
    """Idle, before operators act: an event or run that is stuck must be reported as such."""
    tracking, event_log = backend.observer.tracking, backend.observer.event_log
    since = event_log.lookback_start(backend.clock())
    for event in tracking.unhandled_events(since, event_subscriptions()):
        yield (
            f"stuck unreported: {event.handler} < {event.event_id}, generation {event.generation}, "
            f"republished {event.republished}"
        )
    for run_id, _day in tracking.open_runs(since):
        if not backend.letters:
            yield f"stuck unreported: run {run_id} is open, and no dead letter says why"


def final_problems(backend: SimulatedBackend) -> Iterator[str]:
    """After the operators and the last run: every invariant of the tables."""
    yield from backend.problems
    yield from backend.live_invariants.problems
    for plan in _plans(backend):
        yield from _run_problems(backend, plan)
    yield from _ending_problems(backend)
    yield from _event_log_problems(backend)
    yield from _dead_letter_problems(backend)
    yield from _unread_job_problems(backend)
    yield from _mixed_problems(backend)
    yield from _notification_problems(backend)


def _plans(backend: SimulatedBackend) -> list[Row]:
    found = backend.warehouse.rows("SELECT run_id, planned_on FROM run_plans ORDER BY run_id")
    return [{"run_id": run_id, "planned_on": day} for run_id, day in found]


def _run_problems(backend: SimulatedBackend, plan: Row) -> Iterator[str]:
    totals = backend.observer.tracking.query("verify_run", plan, output=table_name(OUTPUT))
    if len(totals) != 1:
        yield f"totals: run {plan['run_id']} has {len(totals)} plans"
    run = totals[0]
    for name in ("missing_members", "half_stored", "doubled", "paid_twice", "two_bodies",
                 "closed_twice"):  # fmt: skip
        if run[name]:
            yield f"totals: {name} {run[name]} in run {plan['run_id']}"
    if not run["completed"]:
        yield f"stuck: run {plan['run_id']} never ended"
    elif run["open"]:
        yield f"lost: {run['open']} records of run {plan['run_id']} are open after its end"
    if sum(run[name] for name in _ENDINGS) != run["planned"]:
        yield f"totals: run {plan['run_id']} does not balance"


def _ending_problems(backend: SimulatedBackend) -> Iterator[str]:
    """Every record has one row, or has failed when it cannot be answered; no other row exists."""
    rows = dict(
        backend.warehouse.rows(f"SELECT record_id, count(*) FROM {OUTPUT} GROUP BY record_id")  # noqa: S608
    )
    failed = _failed(backend)
    for record, texts in _texts(backend).items():
        count = rows.pop(record, 0)
        if count > 1:
            yield f"doubled: {record[:6]} has {count} rows"
        elif not texts:
            if count:
                yield f"invented: {record[:6]} has a row and no transcript"
        elif record in backend.scenario.unanswerable:
            if count or (record not in failed and not _may_be_removed(backend, record)):
                yield f"lost: {record[:6]} cannot be answered, and has not failed"
        elif not count and not _may_be_removed(backend, record):
            yield f"lost: {record[:6]} has no row"
    for record in rows:
        yield f"invented: {record[:6]} is not a record of the source"
    yield from _wrong_record_problems(backend)


def has_unprocessed_records(backend: SimulatedBackend) -> bool:
    """Whether a further run would find records to send."""
    stored = {r for (r,) in backend.warehouse.rows("SELECT record_id FROM processed_records")}
    done = stored | _failed(backend)
    return any(texts and record not in done for record, texts in _texts(backend).items())


def _failed(backend: SimulatedBackend) -> set[str]:
    found = backend.warehouse.rows(
        "SELECT record_id FROM error_tracking WHERE scope = 'record' AND NOT retryable "
        "AND NOT replan"
    )
    return {record for (record,) in found}


def _texts(backend: SimulatedBackend) -> dict[str, list[str]]:
    """The transcripts by record id, of every row that the source has ever held."""
    added = [row for action in backend.scenario.actions for row in action.rows]
    texts: dict[str, list[str]] = {}
    for row in [*backend.scenario.rows, *added]:
        of_record = texts.setdefault(id_of(row), [])
        if row["transcript"]:
            of_record.append(row["transcript"])
    return texts


def _may_be_removed(backend: SimulatedBackend, record: str) -> bool:
    """Its owner removed its row, perhaps before any plan read it."""
    return any(action.what == "remove" for action in backend.scenario.actions) and any(
        row["referenceId"] == REMOVED_REFERENCE and id_of(row) == record
        for row in backend.scenario.rows
    )


def _wrong_record_problems(backend: SimulatedBackend) -> Iterator[str]:
    """A row's summary quotes the transcript of its own record."""
    texts = _texts(backend)
    for record, summary in backend.warehouse.rows(f"SELECT record_id, call_summary FROM {OUTPUT}"):  # noqa: S608
        lines = [text.partition(" is ")[0] for text in texts[record] if " is broken" in text]
        subjects = [line.partition(": ")[2] for line in lines]
        if subjects and not any(f"{subject} is" in summary for subject in subjects):
            yield f"wrong record: {record[:6]} has the answer of another record"


def _event_log_problems(backend: SimulatedBackend) -> Iterator[str]:
    rows_of = backend.warehouse.rows
    for event_id, bodies in rows_of(
        "SELECT event_id, count(DISTINCT data) FROM events GROUP BY event_id "
        "HAVING count(DISTINCT data) > 1"
    ):
        yield f"two bodies: {event_id} has {bodies}"
    for run_id, reports in rows_of(
        "SELECT p.run_id, count(r.run_id) FROM run_plans AS p "
        "LEFT JOIN run_reports AS r ON r.run_id = p.run_id GROUP BY p.run_id "
        "HAVING count(r.run_id) <> 1"
    ):
        if reports or not _report_was_discarded(backend, run_id):
            yield f"totals: run {run_id} has {reports} reports"
    for error_id, times in rows_of(
        "SELECT error_id, count(*) FROM error_tracking GROUP BY error_id HAVING count(*) > 1"
    ):
        yield f"doubled: error {error_id} is stored {times} times"


def _mixed_problems(backend: SimulatedBackend) -> Iterator[str]:
    """All rows of a run were asked as planned, and read by the same rules."""
    for (run_id,) in backend.warehouse.rows(
        "SELECT o.run_id "  # noqa: S608
        f"FROM {OUTPUT} AS o JOIN run_plans AS p ON p.run_id = o.run_id GROUP BY o.run_id "
        "HAVING count(DISTINCT o.reader_fingerprint) > 1 "
        "OR count_if(o.prompt_fingerprint <> p.prompt_fingerprint) > 0"
    ):
        yield f"mixed: rows of run {run_id} were not asked and read in one way"


def _report_was_discarded(backend: SimulatedBackend, run_id: str) -> bool:
    """An operator discarded the event that requests the report."""
    discarded = "SELECT 1 FROM deliveries WHERE event_id = $1 AND outcome = 'discarded' LIMIT 1"
    return bool(backend.warehouse.rows(discarded, DEPLOYMENT.event(topic_of(RunCompleted), run_id)))


def _dead_letter_problems(backend: SimulatedBackend) -> Iterator[str]:
    errors = {
        error_id for (error_id,) in backend.warehouse.rows("SELECT error_id FROM error_tracking")
    }
    for letter, cause in backend.warehouse.rows("SELECT letter_id, cause FROM dead_letters"):
        if dead_letter_error(letter, cause) not in errors:
            yield f"unexplained: no error says why {letter} is a dead letter"
    for waiting in backend.letters:
        yield f"stuck: operators cannot end the dead letter {waiting.letter_id}"


def _unread_job_problems(backend: SimulatedBackend) -> Iterator[str]:
    """Every job that was paid for was read: the attempt's closing names it."""
    closed = {
        DEPLOYMENT.attempt(run_id, batch, attempt): json.loads(jobs)
        for run_id, batch, attempt, jobs in backend.warehouse.rows(
            "SELECT run_id, batch, attempt, jobs FROM attempt_closings"
        )
    }
    for name, entry in backend.vertex.jobs.items():
        label = entry.job.labels["attempt"]
        if name not in closed.get(label, ()):
            yield f"paid in vain: {label} was closed without its job"


def digest(backend: SimulatedBackend) -> str:
    """A hash of the first run's rows without times, equal for equal results."""
    rows_of = backend.warehouse.rows
    rows = rows_of(
        f"SELECT * EXCLUDE (analysed_at) FROM {OUTPUT} WHERE run_id = 'r1' ORDER BY ALL"  # noqa: S608
    )
    processed = rows_of(
        "SELECT * EXCLUDE (processed_at) FROM processed_records "
        "WHERE first_processed_execution_id = 'r1' ORDER BY ALL"
    )
    errors = rows_of(
        "SELECT error_id, error_type, cause, record_id, batch, attempt, detail "
        "FROM error_tracking WHERE scope = 'record' AND run_id = 'r1' ORDER BY ALL"
    )
    closings = rows_of(
        "SELECT batch, attempt, outcome, cause, asked, lines, analysed, failed, released, open "
        "FROM attempt_closings WHERE run_id = 'r1' ORDER BY ALL"
    )
    text = json.dumps([rows, processed, errors, closings], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(backend: SimulatedBackend) -> str:
    """A hash of the tables with all times: the same for the same seed."""
    tables = [
        backend.warehouse.rows(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608
        for table in (
            "events",
            "deliveries",
            "claims",
            "attempt_closings",
            "error_tracking",
            OUTPUT,
        )
    ]
    return hashlib.sha256(json.dumps(tables, default=str).encode()).hexdigest()[:16]


def _notification_problems(backend: SimulatedBackend) -> Iterator[str]:
    """Each end and each refusal is notified, under one id and in one text, whatever was repeated."""
    texts: dict[str, set[bytes]] = {}
    for run in backend.notifications:
        texts.setdefault(run.notification_id, set()).add(msgspec.json.encode(run))
    events = backend.warehouse.rows(
        "SELECT DISTINCT event_id FROM events WHERE topic IN ($1, $2) ORDER BY event_id",
        topic_of(ReportWritten), topic_of(RunRefused),
    )  # fmt: skip
    discarded = backend.warehouse.rows(
        "SELECT event_id FROM deliveries WHERE outcome = 'discarded' AND handler = $1",
        name_of(notify_run),
    )
    for (event_id,) in events:
        sent = texts.pop(notification_id(event_id), set())
        if not sent and (event_id,) not in discarded:
            yield f"missing: no notification of {event_id}"
        if len(sent) > 1:
            yield f"two bodies: the notification of {event_id} has {len(sent)}"
    for id_ in texts:
        yield f"invented: the notification {id_} belongs to no event"
