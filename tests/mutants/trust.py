"""Mutants of what a message, a token or a plan is believed, and of the generations of dead letters."""

from .mutant import Mutant

TRUST = (
    Mutant(
        name="an event with other data is the recorded one",
        where="tracking/queries/events/known_event.sql",
        old="LOGICAL_OR(topic = @topic AND data = @data)",
        new="LOGICAL_OR(topic = @topic)",
        tests=("tests/tracking/test_event_log.py::test_an_event_is_known_by_topic_and_data",),
    ),
    Mutant(
        name="an event on another topic is the recorded one",
        where="tracking/queries/events/known_event.sql",
        old="LOGICAL_OR(topic = @topic AND data = @data)",
        new="LOGICAL_OR(data = @data)",
        tests=("tests/tracking/test_event_log.py::test_a_command_is_known_by_topic_and_data",),
    ),
    Mutant(
        name="an event with the id of a recorded one is believed",
        where="handlers/dispatch/deliver.py",
        old="    elif not known.is_equal:\n        what",
        new="    elif not known.is_recorded:\n        what",
        tests=("tests/handlers/test_forged_messages.py::test_a_forged_message_is_refused_by_name",),
    ),
    Mutant(
        name="an event that is not recorded is believed",
        where="handlers/dispatch/deliver.py",
        old="    elif not known.is_equal:\n        what",
        new="    elif known.is_recorded and not known.is_equal:\n        what",
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_is_not_recorded_or_not_planned_is_a_dead_letter",
        ),
    ),
    Mutant(
        name="a forged message holds up the event that it names",
        where="handlers/record_dead_letter.py",
        old="if not letter.is_readable or letter.cause == NOT_RECORDED:",
        new="if not letter.is_readable:",
        tests=(
            "tests/handlers/test_forged_messages.py::test_a_letter_of_a_message_that_was_not_recorded_is_not_one_of_its_event",
        ),
    ),
    Mutant(
        name="a letter with a forged body is one of the real event",
        where="handlers/record_dead_letter.py",
        old="    return known.is_equal\n",
        new="    return known.is_recorded\n",
        tests=("tests/handlers/test_forged_messages.py",),
    ),
    Mutant(
        name="a command that failed before it was recorded is lost",
        where="handlers/record_dead_letter.py",
        old="        event_log.record([envelope], clock())\n        return True\n",
        new="        return True\n",
        tests=(
            "tests/handlers/test_dead_letters.py::test_a_command_that_could_not_be_recorded_is_recorded_with_its_letter",
        ),
    ),
    Mutant(
        name="a letter of an older generation holds its event up",
        where="tracking/fragments/events/delivery_states.sql",
        old="LOGICAL_OR(is_current AND outcome = 'dead_lettered') AS is_dead_lettered",
        new="LOGICAL_OR(outcome = 'dead_lettered') AS is_dead_lettered",
        tests=(
            "tests/tracking/test_event_log.py::test_a_letter_of_an_older_generation_blocks_nothing",
            "tests/tracking/test_event_log.py::test_a_generation_that_nobody_began_blocks_nothing",
        ),
    ),
    Mutant(
        name="an event that was given up before its replay is given up",
        where="tracking/fragments/events/delivery_states.sql",
        old="LOGICAL_OR(is_current AND outcome = 'given_up') AS is_given_up",
        new="LOGICAL_OR(outcome = 'given_up') AS is_given_up",
        tests=("tests/tracking/test_event_log.py::test_a_replay_begins_the_republications_anew",),
    ),
    Mutant(
        name="republications before a replay count after it",
        where="tracking/fragments/events/delivery_states.sql",
        old="MAX(IF(is_current, republication, NULL))",
        new="MAX(republication)",
        tests=("tests/tracking/test_event_log.py::test_a_replay_begins_the_republications_anew",),
    ),
    Mutant(
        name="anybody begins a generation",
        where="tracking/fragments/events/delivery_states.sql",
        old="MAX(IF(outcome = 'replayed', generation, 0)) OVER",
        new="MAX(COALESCE(generation, 0)) OVER",
        tests=(
            "tests/tracking/test_event_log.py::test_a_generation_that_nobody_began_blocks_nothing",
        ),
    ),
    Mutant(
        name="a letter of an older generation keeps its batch from its begin",
        where="tracking/queries/batches/batches_to_begin.sql",
        old="LOGICAL_OR(h.outcome = 'dead_lettered' AND h.is_current) AS is_dead_lettered",
        new="LOGICAL_OR(h.outcome = 'dead_lettered') AS is_dead_lettered",
        tests=(
            "tests/tracking/test_event_log.py::test_a_letter_of_an_older_generation_blocks_nothing",
        ),
    ),
    Mutant(
        name="a replay is published before it is marked",
        where="handlers/dispatch/instructions.py",
        old='    outcome = "replayed"\n    is_marked_first = True\n',
        new='    outcome = "replayed"\n',
        tests=(
            "tests/handlers/test_dead_letters.py::test_a_replay_that_dies_after_its_mark_is_published_by_the_tick",
        ),
    ),
    Mutant(
        name="an event is marked as given up before its letter is published",
        where="handlers/dispatch/instructions.py",
        old='    outcome = "given_up"\n',
        new='    outcome = "given_up"\n    is_marked_first = True\n',
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_was_republished_in_vain_is_given_up_before_it_is_marked",
        ),
    ),
    Mutant(
        name="a discard publishes its event",
        where="handlers/dispatch/instructions.py",
        old='    outcome = "discarded"\n    is_published = False\n',
        new='    outcome = "discarded"\n',
        tests=(
            "tests/handlers/test_delivery_loop.py::test_an_event_that_is_discarded_is_marked_and_not_published",
        ),
    ),
    Mutant(
        name="a replay is of the generation of its letter",
        where="handlers/replay_dead_letters.py",
        old="generation=letter.id.generation + 1,",
        new="generation=letter.id.generation,",
        tests=(
            "tests/handlers/test_dead_letters.py::test_a_letter_counts_the_replays_of_its_event",
        ),
    ),
    Mutant(
        name="a letter whose event is handled is replayed",
        where="handlers/replay_dead_letters.py",
        old='    if state.is_done:\n        return "handled"\n',
        new="",
        tests=(
            "tests/handlers/test_dead_letters.py::test_two_operators_who_replay_and_discard_one_letter_leave_nothing_open",
        ),
    ),
    Mutant(
        name="an event that waits is republished at once",
        where="handlers/dispatch/republish.py",
        old="        return event.wait_is_over\n",
        new="        return True\n",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_whose_wait_is_over_is_republished_without_counting",
        ),
    ),
    Mutant(
        name="a wait counts as a republication",
        where="handlers/dispatch/republish.py",
        old="event.republished + (event.waits_until is None)",
        new="event.republished + 1",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_whose_wait_is_over_is_republished_without_counting",
        ),
    ),
    Mutant(
        name="an event that waited often is given up",
        where="handlers/dispatch/republish.py",
        old="is_over = event.waits_until is None and event.republished",
        new="is_over = event.republished",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_whose_wait_is_over_is_republished_without_counting",
        ),
    ),
    Mutant(
        name="a letter that cannot be recorded is sent at every tick",
        where="handlers/dispatch/republish.py",
        old="return event.silent_seconds >= policy.unrecorded_letter_seconds",
        new="return event.silent_seconds >= 0",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_whose_letter_is_not_recorded_goes_to_the_dead_letters_again",
        ),
    ),
    Mutant(
        name="letters that cannot be recorded use up a tick",
        where="handlers/dispatch/republish.py",
        old="return sorted(late, key=lambda event: event.is_given_up)[",
        new="return late[",
        tests=(
            "tests/handlers/test_republishing.py::test_an_event_whose_letter_is_not_recorded_goes_to_the_dead_letters_again",
        ),
    ),
    Mutant(
        name="a token of any issuer is accepted",
        where="troupe/backends/gcp/push_token.py",
        old="        if claims.iss not in ISSUERS:\n",
        new="        if claims.iss not in ISSUERS and not claims.iss:\n",
        tests=(
            "tests/gcp/test_push_token.py::test_another_token_is_refused_with_one_line_and_nothing_is_handled",
        ),
    ),
    Mutant(
        name="a token for another service is accepted",
        where="troupe/backends/gcp/push_token.py",
        old="        if claims.aud != self.audience:\n",
        new="        if not claims.aud:\n",
        tests=(
            "tests/gcp/test_push_token.py::test_another_token_is_refused_with_one_line_and_nothing_is_handled",
        ),
    ),
    Mutant(
        name="a token of another account is accepted",
        where="troupe/backends/gcp/push_token.py",
        old="if claims.email != self.account or not claims.email_verified:",
        new="if not claims.email_verified:",
        tests=(
            "tests/gcp/test_push_token.py::test_another_token_is_refused_with_one_line_and_nothing_is_handled",
        ),
    ),
    Mutant(
        name="a token of an address that is not verified is accepted",
        where="troupe/backends/gcp/push_token.py",
        old="if claims.email != self.account or not claims.email_verified:",
        new="if claims.email != self.account:",
        tests=(
            "tests/gcp/test_push_token.py::test_another_token_is_refused_with_one_line_and_nothing_is_handled",
        ),
    ),
    Mutant(
        name="a token that has expired is accepted",
        where="troupe/backends/gcp/push_token.py",
        old="        if claims.exp + LEEWAY_SECONDS < now.timestamp():\n",
        new="        if claims.exp < 0:\n",
        tests=(
            "tests/gcp/test_push_token.py::test_another_token_is_refused_with_one_line_and_nothing_is_handled",
        ),
    ),
    Mutant(
        name="a token that expires on its way is refused",
        where="troupe/backends/gcp/push_token.py",
        old="if claims.exp + LEEWAY_SECONDS < now.timestamp():",
        new="if claims.exp < now.timestamp():",
        tests=("tests/gcp/test_push_token.py::test_a_token_that_expires_on_its_way_is_accepted",),
    ),
    Mutant(
        name="a property may be given twice in a line",
        where="analysis/reading/usual_line.py",
        old=r'return rf"\{{{comma.join(members)}\}}"',
        new=r'return rf"\{{.*{comma.join(members)}\}}"',
        tests=("tests/analysis/test_repeated_properties.py",),
    ),
    Mutant(
        name="a property may be given twice in an event",
        where="handlers/dispatch/decode.py",
        old="    try:\n        check_unique(message.body)\n    except NotStrict",
        new='    try:\n        check_unique(b"{}")\n    except NotStrict',
        tests=(
            "tests/handlers/test_run_requests.py::test_another_message_with_a_property_twice_is_a_dead_letter",
        ),
    ),
    Mutant(
        name="a property may be given twice in a command",
        where="handlers/dispatch/decode.py",
        old="        if repeated:\n            raise Unreadable(",
        new="        if repeated and not data:\n            raise Unreadable(",
        tests=(
            "tests/handlers/test_run_requests.py::test_a_cloudevent_with_a_property_twice_is_refused_by_name",
        ),
    ),
    Mutant(
        name="a default that is written out is another request",
        where="handlers/runs/plans.py",
        old="if name in kind.__struct_fields__ and (name not in defaults or value != defaults[name])",
        new="if name in kind.__struct_fields__",
        tests=(
            "tests/handlers/test_other_versions.py::test_the_hash_of_a_request_covers_what_was_asked_and_no_default",
        ),
    ),
    Mutant(
        name="a field of a newer version is another request",
        where="handlers/runs/plans.py",
        old="if name in kind.__struct_fields__ and (name not in defaults or value != defaults[name])",
        new="if name not in defaults or value != defaults[name]",
        tests=("tests/handlers/test_other_versions.py",),
    ),
    Mutant(
        name="a run and a reprocessing of equal fields are one request",
        where="handlers/runs/plans.py",
        old="return short_hash(kind.__name__ + msgspec",
        new="return short_hash(msgspec",
        tests=(
            "tests/handlers/test_other_versions.py::test_the_hash_of_a_request_covers_what_was_asked_and_no_default",
        ),
    ),
    Mutant(
        name="the hash that another version stored decides",
        where="handlers/runs/window.py",
        old="if planned_hash(plan) != content_hash(request):",
        new="if plan.request_hash != content_hash(request):",
        tests=("tests/handlers/test_other_versions.py",),
    ),
    Mutant(
        name="a run takes the analysis that is installed under its name",
        where="handlers/runs/plans.py",
        old="        return _decoded(name, files)\n",
        new="        from analysis import load_analysis\n\n        return load_analysis(name)\n",
        tests=(
            "tests/handlers/test_plans.py::test_the_analysis_of_a_plan_is_made_of_its_own_texts",
        ),
    ),
    Mutant(
        name="an analysis is kept by its name alone",
        where="handlers/runs/plans.py",
        old="_decoded = lru_cache(maxsize=64)(decode_analysis)",
        new="_kept: dict[str, Analysis] = {}\n_decoded = lambda name, files: _kept.setdefault(name, decode_analysis(name, files))",
        tests=(
            "tests/handlers/test_plans.py::test_the_analysis_of_a_plan_is_made_of_its_own_texts",
        ),
    ),
)
