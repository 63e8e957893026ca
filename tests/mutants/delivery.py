"""Mutants of the delivery loop, the event log and the ids by which a second run finds the first."""

from .mutant import Mutant

_LOOP = "handlers/dispatch/deliver.py"
_DECODE = "handlers/dispatch/decode.py"
_LOG = "tracking/event_log.py"
_EVENT_LOG = ("tests/tracking/test_event_log.py",)

DELIVERY = (
    Mutant(
        name="an event is marked before what follows is published",
        where=_LOOP,
        old="    _publish(following, handler, decoded, dependencies, publish)\n    if wait",
        new='    _record_delivery(decoded, handler, "done", message, dependencies)\n    _publish(following, handler, decoded, dependencies, publish)\n    if wait',
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_is_recorded_then_published_and_marked_last",
        ),
    ),
    Mutant(
        name="an event is published before it is recorded",
        where=_LOOP,
        old="    dependencies.event_log.record(events, now)\n    _mark([each for each in instructions if each.is_marked_first], dependencies)\n    publish([*events, *(each.publication() for each in instructions if each.is_published)])\n",
        new="    _mark([each for each in instructions if each.is_marked_first], dependencies)\n    publish([*events, *(each.publication() for each in instructions if each.is_published)])\n    dependencies.event_log.record(events, now)\n",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_is_recorded_then_published_and_marked_last",
        ),
    ),
    Mutant(
        name="an event that is recorded is not published",
        where=_LOOP,
        old="publish([*events, *(each.publication()",
        new="publish([*events[:0], *(each.publication()",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_is_recorded_then_published_and_marked_last",
        ),
    ),
    Mutant(
        name="a request id is reused with other content",
        where=_LOOP,
        old='        elif not known.is_equal:\n            raise Reject("id_reused"',
        new='        elif not known.is_recorded:\n            raise Reject("id_reused"',
        tests=(
            "tests/handlers/test_delivery_loop.py::test_a_request_id_with_other_content_is_a_dead_letter",
        ),
    ),
    Mutant(
        name="a request is recorded again at each delivery",
        where=_LOOP,
        old="        if not known.is_recorded:\n",
        new="        if known.is_equal or not known.is_recorded:\n",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_was_handled_is_acknowledged_without_work",
        ),
    ),
    Mutant(
        name="an event that was handled is handled again",
        where=_LOOP,
        old="    return known.is_handled\n",
        new="    return known.is_handled and not known.is_equal\n",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_was_handled_is_acknowledged_without_work",
        ),
    ),
    Mutant(
        name="a handler that waits is done",
        where=_LOOP,
        old='outcome=Outcome.WAIT, cause="wait"',
        new='outcome=Outcome.DONE, cause="wait"',
        tests=(
            "tests/handlers/test_delivery_loop.py::test_a_handler_that_waits_is_neither_done_nor_delivered_again",
        ),
    ),
    Mutant(
        name="a passing fault is a dead letter",
        where=_LOOP,
        old="result = DeliveryResult(outcome=Outcome.REDELIVER, cause=type(error).__name__)",
        new="result = DeliveryResult(outcome=Outcome.DEAD_LETTER, cause=type(error).__name__)",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_whose_followers_may_not_be_out_is_delivered_again",
        ),
    ),
    Mutant(
        name="a passing fault is acknowledged",
        where=_LOOP,
        old="result = DeliveryResult(outcome=Outcome.REDELIVER, cause=type(error).__name__)",
        new="result = DeliveryResult(outcome=Outcome.DONE)",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_whose_followers_may_not_be_out_is_delivered_again",
        ),
    ),
    Mutant(
        name="the text of a foreign error is shown",
        where=_LOOP,
        old="detail = str(error) if isinstance(error, Unreadable) else type(error).__name__",
        new="detail = str(error)",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_the_text_of_a_foreign_error_is_not_shown",
        ),
    ),
    Mutant(
        name="an unreadable cancellation is acknowledged",
        where=_DECODE,
        old="    if kind not in (RunRequested, ReprocessRequested, RereadRequested):\n        raise Unreadable(why)\n",
        new="",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_a_bad_request_is_refused_and_a_bad_cancellation_is_a_dead_letter",
        ),
    ),
    Mutant(
        name="a request without a run id is one run for all messages",
        where=_DECODE,
        old="run_id=derived_run_id(id_))\n",
        new='run_id=derived_run_id(""))\n',
        tests=("tests/handlers/test_run_requests.py::test_the_same_body_on_two_days_is_two_runs",),
    ),
    Mutant(
        name="an event is loaded as it was recorded last",
        where="tracking/queries/events/events_by_id.sql",
        old="PARTITION BY event_id ORDER BY recorded_at)",
        new="PARTITION BY event_id ORDER BY recorded_at DESC)",
        tests=(
            "tests/tracking/test_event_log.py::test_an_event_is_loaded_as_it_was_recorded_first",
        ),
    ),
    Mutant(
        name="an event that one handler finished is finished for all",
        where="tracking/queries/events/known_event.sql",
        old="AND handler = @handler AND",
        new="AND handler IS NOT NULL AND",
        tests=(
            "tests/tracking/test_event_log.py::test_an_event_is_handled_when_its_handler_finished_it_or_it_was_discarded",
        ),
    ),
    Mutant(
        name="an event that waits is handled",
        where="tracking/queries/events/known_event.sql",
        old="outcome IN ('done', 'discarded')",
        new="outcome IN ('done', 'discarded', 'waited')",
        tests=(
            "tests/tracking/test_event_log.py::test_an_event_is_handled_when_its_handler_finished_it_or_it_was_discarded",
        ),
    ),
    Mutant(
        name="queries look back to the newest open run",
        where=_LOG,
        old="return recent if oldest is None else min(recent, oldest)",
        new="return recent if oldest is None else max(recent, oldest)",
        tests=(
            "tests/tracking/test_event_log.py::test_queries_look_back_to_the_oldest_run_without_a_report",
        ),
    ),
    Mutant(
        name="a run without a report is not looked back to",
        where="tracking/queries/runs/oldest_open_run.sql",
        old="SELECT 1 FROM run_reports AS p WHERE p.planned_on >= @since AND p.run_id = r.run_id",
        new="SELECT 1 FROM run_reports AS p WHERE p.planned_on >= @since",
        tests=(
            "tests/tracking/test_event_log.py::test_queries_look_back_to_the_oldest_run_without_a_report",
        ),
    ),
    Mutant(
        name="a completed run is advanced by the tick",
        where="tracking/queries/runs/open_runs.sql",
        old="f.run_id = r.run_id AND f.topic = 'run-completed'",
        new="f.run_id = r.run_id AND f.topic = 'report-written'",
        tests=("tests/tracking/test_event_log.py::test_a_run_is_open_until_it_is_completed",),
    ),
    # Ids
    Mutant(
        name="two attempts share an event id",
        where="events/events.py",
        old='identified_by: ClassVar[tuple[str, ...]] = ("run_id", "batch", "attempt")',
        new='identified_by: ClassVar[tuple[str, ...]] = ("run_id", "batch")',
        tests=("tests/events/test_codec.py::test_attributes_repeat_what_subscriptions_filter_by",),
    ),
    Mutant(
        name="an event of two deployments has one id",
        where="events/ids.py",
        old="        return join(self.id, topic, *key)\n",
        new="        return join(topic, *key)\n",
        tests=("tests/events/test_codec.py::test_attributes_repeat_what_subscriptions_filter_by",),
    ),
    Mutant(
        name="a job of two deployments has one id",
        where="events/ids.py",
        old="return bigquery_job(transaction, self.id, *key)",
        new="return bigquery_job(transaction, *key)",
        tests=("tests/events/test_ids.py::test_the_examples_in_the_docstrings_are_true",),
    ),
    Mutant(
        name="a second try of a job has the id of the first",
        where="events/ids.py",
        old='return job_id if number == 1 else join(job_id, f"r{number}")',
        new="return job_id if number else join(job_id, number)",
        tests=("tests/events/test_ids.py::test_the_examples_in_the_docstrings_are_true",),
    ),
    Mutant(
        name="a job whose id begins alike is a try of this one",
        where="events/ids.py",
        old="match = _TRY.fullmatch(name.removeprefix(job_id))",
        new="match = _TRY.search(name.removeprefix(job_id))",
        tests=("tests/events/test_ids.py::test_another_job_is_no_try_of_this_one",),
    ),
    Mutant(
        name="a missing part of a record id is an empty one",
        where="events/ids.py",
        old="        None if part is None else str(part)\n",
        new='        "" if part is None else str(part)\n',
        tests=("tests/events/test_ids.py::test_a_record_id_is_the_start_of_a_hash_over_this_text",),
    ),
    Mutant(
        name="the parts of a record id are in another order in SQL",
        where="tracking/fragments/plan/source_rows.sql",
        old="    CAST({interaction_id} AS STRING),\n    CAST({reference_id} AS STRING)\n",
        new="    CAST({reference_id} AS STRING),\n    CAST({interaction_id} AS STRING)\n",
        tests=(
            "tests/events/test_ids.py::test_sql_and_python_give_unusual_texts_the_same_record_id",
        ),
    ),
    Mutant(
        name="the folders of two claims are one",
        where="events/ids.py",
        old='return f"output/{join(attempt, claim)}"',
        new='return f"output/{join(attempt, min(claim, 1))}"',
        tests=("tests/events/test_ids.py::test_the_examples_in_the_docstrings_are_true",),
    ),
    Mutant(
        name="the request files of two attempts are one object",
        where="events/ids.py",
        old="    return join(deployment, run_id, batch, attempt)\n",
        new="    return join(deployment, run_id, batch, 1)\n",
        tests=("tests/events/test_ids.py::test_an_attempt_id_is_a_valid_label_and_is_parsed_back",),
    ),
    Mutant(
        name="the claims of an attempt share one id",
        where="tracking/tracking.py",
        old='"claim", *attempt_key.parts, claim)',
        new='"claim", *attempt_key.parts)',
        tests=(
            "tests/tracking/test_waiting_attempts.py::test_an_attempt_knows_its_oldest_and_its_newest_claim",
        ),
    ),
    Mutant(
        name="the closings of a batch share one id",
        where="tracking/tracking.py",
        old='"close", *attempt_key.parts)',
        new='"close", *attempt_key.parts[:2])',
        tests=(
            "tests/tracking/test_closing.py::test_the_totals_of_a_closing_cover_the_whole_batch",
        ),
    ),
    Mutant(
        name="20 and 20.0 are two requests",
        where="events/cloudevents.py",
        old="data=data_of(read_event(data_of(command), type(command))),",
        new="data=data_of(command),",
        tests=(
            "tests/events/test_codec.py::test_a_command_that_spells_a_number_otherwise_is_the_same_command",
        ),
    ),
)
