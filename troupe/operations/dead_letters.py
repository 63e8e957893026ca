"""What operators do about dead letters. Every answer says what was done."""

from collections import Counter
from datetime import date, datetime
from typing import Any

from events import EVENT_OF_TYPE, Command, Envelope, Event, wrap
from handlers.attempts.close import discard_attempt
from handlers.attempts.observed_jobs import observe
from handlers.dispatch.dead_letters import DETAIL, StoredDeadLetter, replay_attributes
from tracking import AttemptKey, Delivery, Row

from .backend import Answer, Backend, InvalidOperation
from .dead_letter_subject import envelope_of, place_of, stand_in, where_of
from .stuck_events import STUCK, stuck_dead_letters

_BEFORE_JOB = ("write-jsonl", "submit-job")
_BEFORE_CLOSING = ("write-jsonl", "submit-job", "process-results")


def dead_letters(
    backend: Backend, handler: str | None = None, cause: str | None = None, since: str | None = None
) -> Answer:
    """Grouped by handler and cause, with their number and age."""
    letters = _find(backend, handler, cause, _time(since))
    now = backend.clock()
    groups = Counter((letter.handler, letter.cause) for letter in letters)
    return {
        "groups": [
            {
                "handler": group[0],
                "cause": group[1],
                "count": count,
                "oldest_seconds": max(
                    (now - each.dead_lettered_at).total_seconds()
                    for each in letters
                    if (each.handler, each.cause) == group
                ),
            }
            for group, count in sorted(groups.items())
        ],
        "letters": [_short(letter) for letter in letters],
    }


def show_letter(backend: Backend, letter_id: str) -> Answer:
    """One dead letter in full; events carry ids and counts, never transcripts."""
    letter = _named(backend, letter_id)[0]
    body = letter.body.decode(errors="replace")
    return _short(letter) | {"attributes": letter.attributes, "body": body}


def replay(
    backend: Backend,
    handler: str | None = None,
    cause: str | None = None,
    since: str | None = None,
    limit: int | None = None,
    dry_run: bool = False,
) -> Answer:
    """Send dead letters to the failed handler only, under the same event id."""
    done = Counter[str]()
    for letter in _find(backend, handler, cause, _time(since)):
        envelope = envelope_of(letter)
        fate = _fate(backend, letter, envelope)
        if limit is not None and fate != "unreadable" and done["replay"] + done["handled"] >= limit:
            break
        done[fate] += 1
        if dry_run or envelope is None or fate == "unreadable":
            continue
        if fate == "handled":
            # Also where another's transaction closed its attempt: nobody waits for this handler then.
            _mark(backend, letter, envelope, "discarded", "handled meanwhile")
            _settle(backend, letter, "handled")
            continue
        # Lifted first: a publish that is lost is republished by the tick, and at the next start.
        _mark(backend, letter, envelope, "replayed", None)
        backend.bus.send(letter.topic, letter.body, replay_attributes(letter))
        _settle(backend, letter, "replayed")
    return {
        "dry_run": dry_run,
        "replayed": done["replay"],
        "handled": done["handled"],
        "unreadable": done["unreadable"],
    }


def discard(backend: Backend, letter_id: str, reason: str) -> Answer:
    """Give a dead letter up; an attempt that it holds up is closed without answers."""
    letters = _named(backend, letter_id)
    closed = None
    for letter in letters:
        envelope = envelope_of(letter)
        attempt_key = place_of(envelope) if envelope and letter.handler in _BEFORE_CLOSING else None
        if envelope is not None and attempt_key is not None:
            _close(backend, attempt_key, envelope)
            closed = f"run {attempt_key.run_id}, batch {attempt_key.batch}, attempt {attempt_key.attempt}"
        _mark(backend, letter, envelope or stand_in(letter), "discarded", reason)
        _settle(backend, letter, "discarded")
    return {"discarded": len(letters), "closed": closed}


def held_up(backend: Backend, run_id: str) -> dict[int, Row]:
    """The batches of this run that wait for an operator: which handler gave up, and the letter."""
    found: dict[int, Row] = {}
    for letter in _find(backend, None, None, None):
        envelope = envelope_of(letter)
        where = where_of(envelope) if envelope else None
        if where is not None and where.run_id == run_id and where.batch:
            about = {"handler": letter.handler, "cause": letter.cause, "letter_id": letter.event_id}
            found.setdefault(where.batch, about)
    return found


def _close(backend: Backend, attempt_key: AttemptKey, envelope: Envelope) -> None:
    _refuse_while_running(backend, attempt_key)
    told = wrap(
        discard_attempt(attempt_key, backend.dependencies.tracking, backend.dependencies.analyses),
        deployment=backend.deployment,
        source="process-results",
        time=backend.clock(),
        cause=envelope,
    )
    backend.publish(told)


def _refuse_while_running(backend: Backend, attempt_key: AttemptKey) -> None:
    """An attempt whose job lives, or may still appear, is not over: its answers are paid for."""
    dependencies, day = backend.dependencies, date.fromisoformat(attempt_key.planned_on)
    for seen in observe(
        dependencies.tracking, dependencies.job_service, dependencies.deployment, day
    ):
        here = seen.attempt
        if (here.run_id, here.batch, here.attempt) != (
            attempt_key.run_id,
            attempt_key.batch,
            attempt_key.attempt,
        ):
            continue
        if (
            len(seen.jobs) < here.claims
            and here.newest_claim_age < dependencies.policy.reclaim_seconds
        ):
            raise InvalidOperation(
                "a claim of this attempt may still bring its job: discard again in "
                f"{dependencies.policy.reclaim_seconds - here.newest_claim_age} s"
            )
        for job in seen.jobs.values():
            if job is not None and not job.state.ended:
                dependencies.job_service.cancel(job.name)
                raise InvalidOperation(
                    "a job of this attempt is still running; it was asked to end: "
                    "discard again when it has"
                )


def _fate(backend: Backend, letter: StoredDeadLetter, envelope: Envelope | None) -> str:
    """`replay`, or why not: `unreadable`, or `handled` meanwhile."""
    event_log = backend.dependencies.event_log
    if envelope is None:
        return "unreadable"
    # A request may have been dead-lettered before it was remembered: the loop does that on arrival.
    is_command = issubclass(EVENT_OF_TYPE.get(envelope.type, Event), Command)
    if not is_command and not event_log.has(envelope.id, backend.clock()):
        return "unreadable"
    if event_log.was_handled(envelope.id, letter.handler, backend.clock()):
        return "handled"
    attempt_key = place_of(envelope)
    if (
        attempt_key
        and letter.handler in _BEFORE_JOB
        and backend.dependencies.tracking.closing_of(attempt_key)
    ):
        # Who closed may have failed before telling it: a void claim leads to where it is told.
        told = backend.deployment.event(
            "results-processed", attempt_key.run_id, attempt_key.batch, attempt_key.attempt
        )
        return "handled" if event_log.has(told, backend.clock()) else "replay"
    return "replay"


def _find(
    backend: Backend, handler: str | None, cause: str | None, since: datetime | None
) -> list[StoredDeadLetter]:
    """What was dead-lettered, and what the tick has given up: the same is done about both."""
    stuck = [
        letter
        for letter in stuck_dead_letters(backend)
        if handler in (None, letter.handler)
        and cause in (None, letter.cause)
        and (since is None or letter.dead_lettered_at >= since)
    ]
    return [*backend.letters.find(handler, cause, since), *stuck]


def _named(backend: Backend, letter_id: str) -> list[StoredDeadLetter]:
    """Every letter of this id, or of this event."""
    letters = backend.letters.find(letter_id=letter_id) or [
        each for each in stuck_dead_letters(backend) if each.letter_id == letter_id
    ]
    if not letters:
        raise InvalidOperation(
            f"no dead letter {letter_id} waits; `troupe dead-letters list` has all"
        )
    return letters


def _settle(backend: Backend, letter: StoredDeadLetter, state: str) -> None:
    """An event that the tick gave up lies nowhere; its delivery says what became of it."""
    if letter.cause != STUCK:
        backend.letters.settle(letter, state)


def _mark(
    backend: Backend, letter: StoredDeadLetter, envelope: Envelope, outcome: str, reason: str | None
) -> None:
    delivery = Delivery(envelope=envelope, handler=letter.handler, outcome=outcome, reason=reason)
    backend.dependencies.event_log.record_deliveries([delivery], backend.clock())


def _short(letter: StoredDeadLetter) -> Row:
    told: dict[str, Any] = {
        "letter_id": letter.letter_id,
        "event_id": letter.event_id,
        "topic": letter.topic,
        "handler": letter.handler,
        "cause": letter.cause,
        "detail": letter.attributes.get(DETAIL, ""),
        "dead_lettered_at": letter.dead_lettered_at,
    }
    return told


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidOperation(f"since: {text!r} is no time; write 2026-01-31T00:00:00Z") from error
    if time.tzinfo is None:
        raise InvalidOperation("since has no time zone: write 2026-01-31T00:00:00Z")
    return time
