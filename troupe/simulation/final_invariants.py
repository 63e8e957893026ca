"""The checker: what must be true of the tables, whatever happened on the way."""

import hashlib
import json
from collections.abc import Iterator

from handlers.choreography import event_subscriptions
from tracking import Row
from tracking.statements import table_name

from .backend import World
from .scenario import LEAVES, id_of

OUTPUT = "transcription_analyzed_transcripts"
_ENDINGS = ("analysed", "failed", "released", "open", "cleared")


def waiting_problems(world: World) -> Iterator[str]:
    """At rest, before operators act: what stands still must say so."""
    tracking, event_log = world.outside.tracking, world.outside.event_log
    since = event_log.lookback_start(world.clock())
    unhandled = tracking.unhandled_events(since, event_subscriptions())
    told = {error_id for (error_id,) in world.warehouse.see("SELECT error_id FROM error_tracking")}
    stuck = [
        event for event in unhandled if f"stuck_event__{event.event_id}__{event.handler}" in told
    ]
    for event in unhandled:
        if event not in stuck:
            yield f"stuck in silence: {event.handler} < {event.event_id}, republished {event.republished}"
    for run_id, _day in tracking.open_runs(since):
        if not stuck and not world.letters.find():
            yield f"stuck in silence: run {run_id} is open, and nothing says why"


def final_problems(world: World) -> Iterator[str]:
    """After everything, operators and the last run included."""
    yield from world.problems
    yield from world.sentinel.problems
    for plan in _plans(world):
        yield from _run_problems(world, plan)
    yield from _ending_problems(world)
    yield from _event_log_problems(world)
    yield from _dead_letter_problems(world)
    yield from _harvest_problems(world)


def _plans(world: World) -> list[Row]:
    found = world.warehouse.see("SELECT run_id, planned_on FROM run_plans ORDER BY run_id")
    return [{"run_id": run_id, "planned_on": day} for run_id, day in found]


def _run_problems(world: World, plan: Row) -> Iterator[str]:
    books = world.outside.tracking.query("verify_run", plan, output=table_name(OUTPUT))
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


def _ending_problems(world: World) -> Iterator[str]:
    """Every healthy record has one row, every hopeless one has failed, and nothing is left."""
    rows = dict(
        world.warehouse.see(f"SELECT record_id, count(*) FROM {OUTPUT} GROUP BY record_id")  # noqa: S608
    )
    failed = _failed(world)
    for record, texts in _texts(world).items():
        count = rows.pop(record, 0)
        if count > 1:
            yield f"doubled: {record[:6]} has {count} rows"
        elif not texts:
            if count:
                yield f"invented: {record[:6]} has a row and no transcript"
        elif record in world.script.hopeless:
            if count or (record not in failed and not _may_be_gone(world, record)):
                yield f"lost: {record[:6]} cannot be answered, and is not among the failed"
        elif not count and not _may_be_gone(world, record):
            yield f"lost: {record[:6]} has no row"
    for record in rows:
        yield f"invented: {record[:6]} is no record of the source"
    yield from _mixed_up(world)


def left_over(world: World) -> bool:
    """Whether a further run would find anything to ask."""
    stored = {r for (r,) in world.warehouse.see("SELECT record_id FROM processed_records")}
    done = stored | _failed(world)
    return any(texts and record not in done for record, texts in _texts(world).items())


def _failed(world: World) -> set[str]:
    found = world.warehouse.see(
        "SELECT record_id FROM error_tracking WHERE scope = 'record' AND NOT retryable "
        "AND NOT replan"
    )
    return {record for (record,) in found}


def _texts(world: World) -> dict[str, list[str]]:
    """Every record that the source ever held, with the transcripts that it had."""
    told: dict[str, list[str]] = {}
    for row in [*world.script.rows, *(row for act in world.script.acts for row in act.rows)]:
        texts = told.setdefault(id_of(row), [])
        if row["transcript"]:
            texts.append(row["transcript"])
    return told


def _may_be_gone(world: World, record: str) -> bool:
    """The user took its row away, perhaps before any plan saw it."""
    return any(act.what == "leave" for act in world.script.acts) and any(
        row["referenceId"] == LEAVES and id_of(row) == record for row in world.script.rows
    )


def _mixed_up(world: World) -> Iterator[str]:
    """A row holds what was said in its own transcript, and in no other."""
    texts = _texts(world)
    for record, summary in world.warehouse.see(f"SELECT record_id, call_summary FROM {OUTPUT}"):  # noqa: S608
        said = [text.partition(" is ")[0] for text in texts[record] if " is broken" in text]
        words = [text.partition(": ")[2] for text in said]
        if words and not any(f"{own} is" in summary for own in words):
            yield f"mixed up: {record[:6]} has the answer of another record"


def _event_log_problems(world: World) -> Iterator[str]:
    see = world.warehouse.see
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
        if reports or not _gave_up_report(world, run_id):
            yield f"books: run {run_id} has {reports} reports"
    for error_id, times in see(
        "SELECT error_id, count(*) FROM error_tracking GROUP BY error_id HAVING count(*) > 1"
    ):
        yield f"doubled: error {error_id} is stored {times} times"


def _gave_up_report(world: World, run_id: str) -> bool:
    """An operator discarded the message that asked for it."""
    return any(
        letter.handler == "report-run"
        and letter.state == "discarded"
        and letter.event_id.endswith(f"__{run_id}")
        for letter in world.letters.kept
    )


def _dead_letter_problems(world: World) -> Iterator[str]:
    told = {error_id for (error_id,) in world.warehouse.see("SELECT error_id FROM error_tracking")}
    for letter in world.letters.kept:
        name = f"dead_lettered__{letter.event_id}__{letter.handler}__{letter.cause}"
        if name not in told:
            yield f"unexplained: {letter.handler} dead-lettered {letter.event_id}"
        if letter.state == "waiting":
            yield f"unexplained: {letter.handler} cannot handle {letter.event_id}"


def _harvest_problems(world: World) -> Iterator[str]:
    """What was paid for was read: the closing of an attempt names every job that it had."""
    closed = {
        label: json.loads(jobs)
        for label, jobs in world.warehouse.see(
            "SELECT concat_ws('__', 'chaos', run_id, batch, attempt), jobs FROM attempt_closings"
        )
    }
    for name, entry in world.service.entries.items():
        label = entry.job.labels["attempt"]
        if name not in closed.get(label, ()):
            yield f"paid in vain: {label} was closed without its job"


def digest(world: World) -> str:
    """What the first run leaves behind, without times: equal for equal outcomes."""
    see = world.warehouse.see
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
        "SELECT batch, attempt, verdict, cause, asked, lines, analysed, failed, released, open "
        "FROM attempt_closings WHERE run_id = 'r1' ORDER BY ALL"
    )
    text = json.dumps([rows, processed, errors, closings], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def fingerprint(world: World) -> str:
    """Of every table with every time: one seed has one."""
    told = [
        world.warehouse.see(f"SELECT * FROM {table} ORDER BY ALL")  # noqa: S608
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
