"""A message that Troupe did not publish is refused by name: nothing is written, nothing is paid for."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from events import (
    EVENT_OF_TYPE,
    CancelRequested,
    Command,
    Envelope,
    RereadRequested,
    data_of,
    read_event,
    to_pubsub,
    topic_of,
)
from handlers.choreography import CHOREOGRAPHY
from handlers.dispatch.dead_letters import CAUSE, NOT_RECORDED
from handlers.ports import Job, JobState
from tests.harness import START, LocalHarness, calls, ran
from troupe.backends.local.backend import LocalSettings
from troupe.operations import dead_letters
from troupe.standin.corrupt import Corruption
from troupe.standin.settings import Behaviour, End

MakeHarness = Callable[..., LocalHarness]

TOPICS = [topic_of(kind) for kind in CHOREOGRAPHY if not issubclass(kind, Command)]
"""Of every event that has a handler; commands may come from anybody who may publish them."""
RESULTS = (
    "batch_plans", "batch_records", "claims", "attempt_closings", "processed_records",
    "transcription_analyzed_transcripts", "run_plans", "run_reports", "history_clearings",
)  # fmt: skip


def end_of(job: Job) -> End:
    """The first attempt of the first batch fails."""
    is_first = job.labels["attempt"].endswith("__r1__1__1")
    return End(state=JobState.FAILED, code=13, share=0) if is_first else End()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Runs that succeeded, failed, were stopped and refused: the log holds an event of every topic."""
    harness = LocalHarness(
        tmp_path_factory.mktemp("forged") / "home", LocalSettings(behaviour=Behaviour(end=end_of))
    )
    harness.load(calls(6))
    harness.complete("r1", rows_per_batch=3, canary=3)
    harness.load(calls(4, start=6))
    harness.request("r2", rows_per_batch=2, canary=2)
    harness.play_until("job-submitted", "r2")
    harness.publish(CancelRequested(run_id="r2"))
    harness.play()
    harness.publish(RereadRequested(run_id="r4", of_run="r2"))
    harness.publish(RereadRequested(run_id="r5", of_run="nosuch"))
    harness.play()
    yield harness
    harness.close()


def recorded(harness: LocalHarness, topic: str) -> Envelope:
    """The newest event of a topic, as the event log holds it."""
    ((event_id,),) = harness.sql(
        "SELECT event_id FROM events WHERE topic = ? ORDER BY recorded_at DESC LIMIT 1", topic
    )
    event_log = harness.backend.dependencies.event_log
    return event_log.load([event_id], START.date())[0]


def results(harness: LocalHarness) -> dict[str, Any]:
    return {table: harness.sql(f'SELECT * FROM "{table}" ORDER BY ALL') for table in RESULTS}  # noqa: S608


def rerun(envelope: Envelope, run_id: str) -> Envelope:
    """The same event of another run, under the id that it would have."""
    event = read_event(envelope.data, EVENT_OF_TYPE[envelope.type])
    other = msgspec.structs.replace(event, run_id=run_id)
    id_ = envelope.id.replace(f"__{event.run_id}", f"__{run_id}")
    return replace(envelope, id=id_, data=data_of(other), correlation=run_id)


def changed(envelope: Envelope) -> Envelope:
    """The id of a real event, with a number or a list in its data changed."""
    data = msgspec.json.decode(envelope.data)
    data |= {name: value + 1 for name, value in data.items() if type(value) is int}
    data |= {
        name: [*value, "gs://strange/x"] for name, value in data.items() if type(value) is list
    }
    data |= {"uri": "gs://strange/requests.jsonl"} if "uri" in data else {}
    data |= {"reason": "breaker"} if "reason" in data else {}
    data |= {"planned_on": "2026-03-01"} if "planned_on" in data else {}
    encoded = msgspec.json.Encoder(order="sorted").encode(data)
    assert encoded != envelope.data
    return replace(envelope, data=encoded)


FORGERIES: dict[str, Callable[[Envelope], Envelope]] = {
    "an invented id": lambda each: rerun(each, "nosuch"),
    "an id of a run that is over": lambda each: replace(each, id=f"{each.id}__9"),
    "a real id with other data": changed,
    "a real id at another time": lambda each: replace(each, time=each.time - timedelta(days=9)),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_message_is_refused_by_name(finished: LocalHarness, forgery: str) -> None:
    """On every topic: no table of results changes, no job is created, and no event follows."""
    harness = finished
    before, jobs = results(harness), harness.jobs()
    events = harness.one("SELECT count(*) FROM events WHERE topic <> 'event-dead-lettered'")

    sent = {
        harness.backend.bus.send(
            topic, *to_pubsub(FORGERIES[forgery](recorded(harness, topic)))
        ): topic
        for topic in TOPICS
    }
    harness.play()

    assert (before, jobs) == (results(harness), harness.jobs())
    assert events == harness.one("SELECT count(*) FROM events WHERE topic <> 'event-dead-lettered'")
    letters = dead_letters.list_dead_letters(harness.backend).letters
    assert [(topic, "not_recorded", topic, False) for topic in sorted(TOPICS)] == sorted(
        (sent[each.event_id], each.cause, each.topic, each.is_replayable)
        for each in letters
        if each.event_id in sent
    )


def test_a_repeated_message_is_handled_once(finished: LocalHarness) -> None:
    """The recorded event itself may arrive again at any time, on every topic."""
    harness = finished
    before, jobs = results(harness), harness.jobs()
    letters = harness.sql("SELECT * FROM dead_letters ORDER BY ALL")

    harness.clock.pass_(40 * 86_400)
    for topic in TOPICS:
        harness.backend.bus.send(topic, *to_pubsub(recorded(harness, topic)))
    harness.play()

    assert (before, jobs) == (results(harness), harness.jobs())
    assert letters == harness.sql("SELECT * FROM dead_letters ORDER BY ALL")


def test_an_event_on_the_topic_of_another_is_unreadable(finished: LocalHarness) -> None:
    """Its service has other permissions than its handler needs."""
    harness = finished
    sent = harness.backend.bus.send("batch-planned", *to_pubsub(recorded(harness, "job-succeeded")))
    harness.play()

    (cause,) = [
        each.cause
        for each in dead_letters.list_dead_letters(harness.backend).letters
        if each.event_id == sent
    ]
    assert cause == "unreadable_message"


def test_a_forged_message_holds_up_no_real_event(make_harness: MakeHarness) -> None:
    """Its letter goes by the message's id: the event that it names is still to be handled."""
    harness = make_harness(corruption=Corruption(share=0))
    harness.load(calls(4))
    harness.request()
    while "jsonl-uploaded" not in harness.topics():
        harness.backend.deliver_next()
    forged = changed(recorded(harness, "jsonl-uploaded"))
    lost = harness.backend.bus.lease()
    assert lost is not None

    harness.backend.bus.send("jsonl-uploaded", *to_pubsub(forged))
    harness.restart()
    harness.play()

    books = harness.books("r1")
    assert (4, True, True) == (books["analysed"], books["completed"], books["ok"])
    assert 1 == harness.jobs()


def test_a_letter_of_a_message_that_was_not_recorded_is_not_one_of_its_event(
    make_harness: MakeHarness,
) -> None:
    """Also when the event is recorded by now: it was published before, by somebody else."""
    harness = make_harness()
    harness.load(calls(4))
    harness.request()
    harness.play_until("batch-planned")
    event = recorded(harness, "batch-planned")
    body, attributes = to_pubsub(event)

    harness.backend.bus.send("dead-letter-write-jsonl", body, attributes | {CAUSE: NOT_RECORDED})
    harness.play()

    assert 1 == harness.one("SELECT count(*) FROM dead_letters")
    assert 0 == harness.one("SELECT count(*) FROM dead_letters WHERE event_id = ?", event.id)
    assert harness.books("r1")["completed"]


def of_other_file(envelope: Envelope) -> Envelope:
    """The id of a real event, with another file and nothing else changed."""
    data = msgspec.json.decode(envelope.data) | {"uri": "gs://strange/requests.jsonl"}
    return replace(envelope, data=msgspec.json.Encoder(order="sorted").encode(data))


@pytest.mark.parametrize("forgery", [changed, of_other_file])
def test_a_letter_with_a_forged_body_replays_what_is_recorded(
    make_harness: MakeHarness, forgery: Callable[[Envelope], Envelope]
) -> None:
    """A publisher of dead letters cannot have a file of theirs paid for."""
    harness = make_harness()
    harness.begin_after(ran, 4)
    uploaded = recorded(harness, "jsonl-uploaded")
    jobs = harness.jobs()

    body, attributes = to_pubsub(forgery(uploaded))
    harness.backend.bus.send("dead-letter-submit-job", body, attributes)
    harness.play()
    answer = dead_letters.replay(harness.backend)
    harness.play()

    assert ["not_recorded"] == [each.outcome for each in answer.letters]
    assert jobs == harness.jobs()


def test_a_command_whose_dead_letter_is_forged_is_no_second_run(make_harness: MakeHarness) -> None:
    """A command in bare JSON goes by its message id, and Pub/Sub forwards it under another one."""
    harness = make_harness()
    harness.load(calls(4))
    harness.backend.bus.send("run-requested", b'{"limit": 2}', {}, "m1")
    harness.play()

    harness.backend.bus.send(
        "dead-letter-plan-run",
        b'{"limit": 2}',
        {"CloudPubSubDeadLetterSourceSubscription": "plan-run.run-requested"},
    )
    harness.play()
    answer = dead_letters.replay(harness.backend)
    harness.play()

    assert ["not_recorded"] == [each.outcome for each in answer.letters]
    assert 1 == harness.one("SELECT count(*) FROM run_plans")
