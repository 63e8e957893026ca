"""Mutants of the console: who is let in, what is published once, and what viewers share."""

from .mutant import Mutant

_SECURITY = "troupe/console/security.py"
_GUARD = "tests/console/test_security.py"
_ACTIONS = "tests/console/test_actions.py"

CONSOLING = (
    Mutant(
        name="the token of the console's address opens two sessions",
        where=_SECURITY,
        old="        self.token = secrets.token_urlsafe(24)\n        cookie",
        new="        cookie",
        tests=(f"{_GUARD}::test_a_token_opens_one_session_and_the_next_token_is_announced",),
    ),
    Mutant(
        name="the console answers under any host name",
        where=_SECURITY,
        old='headers.get("host", "").lower() not in self.hosts',
        new="not self.hosts",
        tests=(f"{_GUARD}::test_another_host_name_is_refused_before_anything_else",),
    ),
    Mutant(
        name="a form of the console needs no secret",
        where=_SECURITY,
        old="        if not hmac.compare_digest(given.encode(), session.csrf.encode()):\n",
        new="        if False:\n",
        tests=(f"{_GUARD}::test_a_form_without_the_secret_of_its_session_is_refused",),
    ),
    Mutant(
        name="a confirmation of the console has no id of its own",
        where="troupe/operations/backend.py",
        old="id_ = command_id or command_line_command(",
        new="id_ = command_line_command(",
        tests=(f"{_ACTIONS}::test_a_confirmation_that_is_sent_twice_is_one_command",),
    ),
    Mutant(
        name="a replay takes letters that its preview did not show",
        where="troupe/operations/dead_letters.py",
        old="if letter_ids is None or each.letter_id in letter_ids",
        new="if letter_ids is None or each.letter_id",
        tests=(f"{_ACTIONS}::test_a_dead_letter_is_replayed_as_it_was_previewed",),
    ),
    Mutant(
        name="a viewer of the console gets the secret of another",
        where="troupe/console/pages/run.py",
        old='context = view(snapshot, run_id) | {"csrf": CSRF_MARK}',
        new="context = view(snapshot, run_id)",
        tests=(
            "tests/console/test_run.py::test_viewers_of_one_run_share_its_queries_and_get_their_own_secrets",
        ),
    ),
    Mutant(
        name="a confirmation sends more records than its button names",
        where="troupe/console/actions.py",
        old="if after[0] > before[0]:",
        new="if after[0] < before[0]:",
        tests=(f"{_ACTIONS}::test_a_confirmation_sends_no_more_than_its_button_names",),
    ),
    Mutant(
        name="rows that are loaded after a confirmation enlarge the run",
        where="troupe/console/actions.py",
        old=' | fields | {"limit": limit}',
        new=" | fields",
        tests=(
            f"{_ACTIONS}::test_rows_that_are_loaded_after_the_confirmation_do_not_enlarge_the_run",
        ),
    ),
    Mutant(
        name="a cancellation is offered again before a worker carries it out",
        where="troupe/console/run_view.py",
        old="    if snapshot.status.cancellation is not None:\n        return False\n",
        new="",
        tests=(f"{_ACTIONS}::test_a_cancellation_is_shown_until_a_worker_carries_it_out",),
    ),
    Mutant(
        name="a read-only console publishes",
        where="troupe/console/client.py",
        old="if self.read_only and not reads:",
        new="if self.read_only and reads is None:",
        tests=(
            "tests/console/test_shared_answers.py::test_a_read_only_console_refuses_what_changes_something",
        ),
    ),
    Mutant(
        name="a token of Identity-Aware Proxy of any service is taken",
        where="troupe/console/iap.py",
        old="audience=self.audience, ",
        new="",
        tests=("tests/console/test_iap.py::test_any_other_token_lets_nobody_in",),
    ),
    Mutant(
        name="a report without texts shows what the model wrote in other columns",
        where="troupe/operations/run_report.py",
        old="msgspec.structs.replace(each, examples=[], equivalents=None)",
        new="each",
        tests=(
            "tests/handlers/test_doubled_lines.py::test_answers_that_do_not_quite_fit_are_rows_that_say_so",
        ),
    ),
    Mutant(
        name="a cancellation that was requested is offered again",
        where="troupe/console/actions.py",
        old="    if found.cancellation is not None:\n",
        new="    if found.cancellation is None and not found.runs:\n",
        tests=(
            "tests/console/test_actions.py::test_a_cancellation_is_shown_until_a_worker_carries_it_out",
        ),
    ),
)
