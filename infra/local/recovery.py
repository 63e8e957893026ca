"""What operators do about dead letters and failed records. Every answer says what was done."""

import re
from collections import Counter
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec

from analysis import AnalysisError, load_analysis
from events import Envelope, ReprocessRequested, Unreadable, from_pubsub, read_fact, seal, seal_wish
from handlers.costs import estimate
from handlers.dead_letters import CAUSE, DETAIL
from handlers.discarding import discard_attempt
from handlers.requests import plan_params
from handlers.sightings import look
from tracking import Handling, Place, Row
from tracking.statements import table_name

from .bus import REPLAY_FOR
from .letters import KeptLetter
from .questions import Answer, BadQuestion, new_run_id
from .world import Laptop

REPLAY_COUNT = "replaycount"
_OF_DEAD_LETTERS = re.compile(rf"^(CloudPubSubDeadLetter.*|{CAUSE}|{DETAIL})$")
_BEFORE_CLOSING = ("write-jsonl", "submit-job", "process-results")


def dead_letters(
    world: Laptop, handler: str | None = None, cause: str | None = None, since: str | None = None
) -> Answer:
    """Grouped by handler and cause, with their number and age."""
    letters = world.letters.find(handler, cause, _time(since))
    now = world.clock()
    groups = Counter((letter.handler, letter.cause) for letter in letters)
    return {
        "groups": [
            {
                "handler": group[0],
                "cause": group[1],
                "count": count,
                "oldest_seconds": max(
                    (now - each.set_aside_at).total_seconds()
                    for each in letters
                    if (each.handler, each.cause) == group
                ),
            }
            for group, count in sorted(groups.items())
        ],
        "letters": [_short(letter) for letter in letters],
    }


def show_letter(world: Laptop, letter_id: str) -> Answer:
    """One dead letter in full; events carry ids and counts, never transcripts."""
    letters = world.letters.find(letter_id=letter_id)
    if not letters:
        raise BadQuestion(f"no dead letter {letter_id} waits; `troupe dead-letters` lists them")
    letter = letters[0]
    body = letter.body.decode(errors="replace")
    return _short(letter) | {"attributes": letter.attributes, "body": body}


def replay(
    world: Laptop,
    handler: str | None = None,
    cause: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> Answer:
    """Send dead letters to the failed handler only, under the same event id."""
    done = Counter[str]()
    for letter in world.letters.find(handler, cause, _time(since))[:limit]:
        envelope = _envelope(letter)
        fate = _fate(world, letter, envelope)
        done[fate] += 1
        if dry_run or envelope is None or fate == "unreadable":
            continue
        if fate == "handled":
            world.letters.settle(letter, "handled")
            continue
        # Lifted first: a publish that is lost is told again at the next start.
        _mark(world, letter, envelope, "replayed", None)
        world.bus.send(letter.topic, letter.body, _again(letter))
        world.letters.settle(letter, "replayed")
    return {
        "dry_run": dry_run,
        "replayed": done["replay"],
        "handled": done["handled"],
        "unreadable": done["unreadable"],
    }


def discard(world: Laptop, letter_id: str, reason: str) -> Answer:
    """Give a dead letter up; an attempt that it holds up is closed without answers."""
    letters = world.letters.find(letter_id=letter_id)
    if not letters:
        raise BadQuestion(f"no dead letter {letter_id} waits; `troupe dead-letters` lists them")
    closed = None
    for letter in letters:
        envelope = _envelope(letter)
        place = _place(envelope) if envelope and letter.handler in _BEFORE_CLOSING else None
        if envelope is not None and place is not None:
            _refuse_while_running(world, place)
            fact = discard_attempt(place, world.tools.tracking)
            told = seal(
                fact,
                deployment=world.deployment,
                source="process-results",
                time=world.clock(),
                cause=envelope,
            )
            world.publish(told)
            closed = f"run {place.run_id}, batch {place.batch}, attempt {place.attempt}"
        if envelope is not None:
            _mark(world, letter, envelope, "discarded", reason)
        world.letters.settle(letter, "discarded")
    return {"discarded": len(letters), "closed": closed}


def reprocess(world: Laptop, wish: Answer, dry_run: bool = False) -> Answer:
    """Ask failed or released records again, in a new run."""
    try:
        asked = read_fact(msgspec.json.encode(wish), ReprocessRequested)
        analysis = load_analysis(asked.analysis)
    except (Unreadable, AnalysisError) as error:
        raise BadQuestion(str(error)) from error
    _refuse_stored(world, asked)
    row = world.tools.tracking.preview_plan(plan_params(asked, "", analysis))
    expected = estimate(row["records"], row["bytes"], asked.model or analysis.model, analysis)
    preview = {
        "records": row["records"],
        "input_tokens": expected.input_tokens,
        "output_tokens": expected.output_tokens,
        "cost": (expected.low, expected.high),
    }
    if dry_run or asked.dry_run:
        return preview | {"run_id": None}
    named = asked if asked.run_id else msgspec.structs.replace(asked, run_id=new_run_id(world))
    id_ = f"cli-{uuid4().hex}"
    world.publish(seal_wish(named, deployment=world.deployment, id_=id_, time=world.clock()))
    return preview | {"run_id": named.run_id}


def _refuse_stored(world: Laptop, asked: ReprocessRequested) -> None:
    """A record that has its row is not asked again: its history would have to be cleared first."""
    if not asked.record_ids:
        return
    output = table_name(load_analysis(asked.analysis).table)
    stored = [
        record
        for record in asked.record_ids
        if world.tools.tracking.tell("journey_rows", {"record_id": record}, output=output)
    ]
    if stored:
        raise BadQuestion(
            f"{len(stored)} of these records have a row already, {stored[0]} first: "
            "only failed and released records can be asked again"
        )


def _refuse_while_running(world: Laptop, place: Place) -> None:
    """An attempt whose job lives is not over: its answers are still paid for."""
    since = world.tools.ledger.since(world.clock())
    tools = world.tools
    for seen in look(tools.tracking, tools.model, tools.deployment, since):
        here = seen.attempt
        if (here.run_id, here.batch, here.attempt) != (place.run_id, place.batch, place.attempt):
            continue
        for job in seen.jobs.values():
            if job is not None and not job.state.ended:
                tools.model.cancel(job.name)
                raise BadQuestion(
                    "a job of this attempt is still running; it was asked to end: "
                    "discard again when it has"
                )


def _fate(world: Laptop, letter: KeptLetter, envelope: Envelope | None) -> str:
    now = world.clock()
    if envelope is None or not world.tools.ledger.knows(envelope.id, now):
        return "unreadable"
    if world.tools.ledger.was_handled(envelope.id, letter.handler, now):
        return "handled"
    place = _place(envelope)
    if place and letter.handler in _BEFORE_CLOSING and world.tools.tracking.closing_of(place):
        return "handled"
    return "replay"


def _envelope(letter: KeptLetter) -> Envelope | None:
    try:
        return from_pubsub(letter.body, letter.attributes)
    except Unreadable:
        return None


class _Where(msgspec.Struct, frozen=True):
    run_id: str = ""
    planned_on: str = ""
    batch: int = 0
    attempt: int = 0


def _place(envelope: Envelope) -> Place | None:
    try:
        where = msgspec.json.decode(envelope.data, type=_Where)
    except msgspec.MsgspecError:
        return None
    if not (where.planned_on and where.batch and where.attempt):
        return None
    return Place(
        run_id=where.run_id,
        planned_on=where.planned_on,
        batch=where.batch,
        attempt=where.attempt,
    )


def _again(letter: KeptLetter) -> dict[str, str]:
    """The message's own attributes, for one handler alone, counted."""
    own = {k: v for k, v in letter.attributes.items() if not _OF_DEAD_LETTERS.match(k)}
    count = int(own.get(REPLAY_COUNT, "0")) + 1
    return own | {REPLAY_FOR: letter.handler, REPLAY_COUNT: str(count)}


def _mark(
    world: Laptop, letter: KeptLetter, envelope: Envelope, outcome: str, reason: str | None
) -> None:
    handling = Handling(envelope=envelope, handler=letter.handler, outcome=outcome, reason=reason)
    world.tools.ledger.mark([handling], world.clock())


def _short(letter: KeptLetter) -> Row:
    told: dict[str, Any] = {
        "letter_id": letter.letter_id,
        "event_id": letter.event_id,
        "topic": letter.topic,
        "handler": letter.handler,
        "cause": letter.cause,
        "detail": letter.attributes.get(DETAIL, ""),
        "set_aside_at": letter.set_aside_at,
    }
    return told


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadQuestion(f"since: {text!r} is no time; write 2026-01-31T00:00:00Z") from error
    if time.tzinfo is None:
        raise BadQuestion("since has no time zone: write 2026-01-31T00:00:00Z")
    return time
