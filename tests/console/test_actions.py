"""Actions: a preview that names the numbers, and a confirmation that publishes once."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from shutil import copytree

import pytest

from tests.console.client import Browser, Site, over
from tests.harness import LocalHarness, calls
from troupe.backends.local.backend import LocalSettings
from troupe.cli.client import CallFailed
from troupe.cli.target import Target
from troupe.console.client import call_existing
from troupe.operations.dead_letters import LetterResult, LetterResults, list_dead_letters
from troupe.operations.list_runs import list_runs
from troupe.standin.corrupt import Corruption

BROKEN = LocalSettings(corruption=Corruption(share=0.5, seed=1))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> LocalHarness:
    """A run that is over, some of whose records failed; twelve more transcripts are pending."""
    harness = LocalHarness(tmp_path_factory.mktemp("console") / "home", BROKEN)
    harness.load(calls(20))
    harness.run("r1", max_attempts=1)
    harness.load(calls(12, start=20))
    harness.close()
    return harness


@pytest.fixture
def harness(prepared: LocalHarness, tmp_path: Path) -> Iterator[LocalHarness]:
    copied = prepared.copy(tmp_path / "home")
    copied.backend.wake()
    yield copied
    copied.close()


@pytest.fixture(scope="module")
def untouched(
    prepared: LocalHarness, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LocalHarness, Browser]]:
    """The same for tests that publish nothing, with a browser that has loaded a page."""
    copied = prepared.copy(tmp_path_factory.mktemp("untouched") / "home")
    with over(copied) as site:
        made = site.browser()
        made.get("/")
        yield copied, made
    copied.close()


@pytest.fixture
def site(harness: LocalHarness) -> Iterator[Site]:
    with over(harness) as opened:
        yield opened


@pytest.fixture
def browser(site: Site) -> Browser:
    made = site.browser()
    made.get("/")
    return made


def previewed(browser: Browser, action: str, **fields: str) -> tuple[str, dict[str, list[str]]]:
    """The confirmation's button, and the fields that it sends."""
    answer = browser.post(f"/actions/{action}/preview", fields)
    assert answer.status == 200, answer.text
    (button,) = re.findall(r'<button class="(?:main|danger)">([^<]+)</button>', answer.text)
    given: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text
    ):
        given.setdefault(name, []).append(unescape(value))
    return button, given


def commands(harness: LocalHarness, topic: str) -> int:
    count: int = harness.one("SELECT count(DISTINCT event_id) FROM events WHERE topic = ?", topic)
    return count


def failed(harness: LocalHarness) -> int:
    count: int = harness.books("r1")["failed"]
    return count


def test_a_run_is_requested_after_its_size_and_price_were_shown(
    harness: LocalHarness, browser: Browser
) -> None:
    button, fields = previewed(browser, "request", mode="production", budget="5")
    assert re.fullmatch(r"Send 12 records for \$\d.*", button)
    assert 1 == commands(harness, "run-requested")

    answer = browser.post("/actions/request", fields)
    page = browser.follow(answer)
    (run_id,) = fields["new_run_id"]
    harness.play_until("run-planned", run_id)

    assert f"/runs/{run_id}?requested=yes" == answer.header("location")
    assert page.status == 200
    assert 12 == harness.books(run_id)["planned"]
    assert 5.0 == harness.one(
        "SELECT CAST(json_extract(request, '$.budget') AS DOUBLE) FROM run_plans WHERE run_id = ?",
        run_id,
    )


def test_failed_records_are_sent_again(harness: LocalHarness, browser: Browser) -> None:
    count = failed(harness)
    button, fields = previewed(browser, "reprocess", of_run="r1")
    assert button.startswith(f"Send {count} record")

    browser.follow(browser.post("/actions/reprocess", fields))
    (run_id,) = fields["new_run_id"]
    harness.play_until("run-planned", run_id)

    assert count == harness.books(run_id)["planned"]


@pytest.mark.parametrize(
    ("action", "topic"), [("request", "run-requested"), ("reprocess", "reprocess-requested")]
)
def test_a_confirmation_sends_no_more_than_its_button_names(
    harness: LocalHarness, browser: Browser, action: str, topic: str
) -> None:
    """What is more by now, or costs more, leads back to the preview, whose button is bound again."""
    before = commands(harness, topic)
    _, fields = previewed(browser, action, of_run="r1", mode="production")
    (records,) = fields["previewed_records"]
    fewer = fields | {"previewed_records": [str(int(records) - 1)]}
    cheaper = fields | {"previewed_cost": ["0.0000001"]}
    if action == "request":
        harness.load(calls(5, start=40))
        fewer = fields

    for changed in (fewer, cheaper):
        answer = browser.post(f"/actions/{action}", changed)
        assert answer.status == 409
        assert "nothing was sent" in answer.text
        assert '<button class="main">Send ' in answer.text
    assert browser.post(f"/actions/{action}", fields | {"previewed_records": []}).status == 400
    assert before == commands(harness, topic)


def test_a_confirmation_that_publishes_nothing_says_why(
    harness: LocalHarness, browser: Browser
) -> None:
    """Another run has taken the records meanwhile."""
    _, fields = previewed(browser, "request", mode="production")
    harness.request("r2")
    harness.play_until("job-submitted", "r2")

    answer = browser.post("/actions/request", fields)

    assert answer.status == 409
    assert "No run was requested." in answer.text
    assert "held by an open run" in answer.text


def test_rows_that_are_loaded_after_the_confirmation_do_not_enlarge_the_run(
    harness: LocalHarness, browser: Browser
) -> None:
    """The number of the button binds the plan; nothing was left out when it was pressed."""
    button, fields = previewed(browser, "request", mode="production", limit="50")
    browser.post("/actions/request", fields)
    harness.load(calls(30, start=1_000))
    (run_id,) = fields["new_run_id"]
    harness.play_until("run-planned", run_id)

    planned = harness.books(run_id)["planned"]
    assert button.startswith(f"Send {planned} records for")
    assert [(False,)] == harness.sql("SELECT whole FROM run_plans WHERE run_id = ?", run_id)


def test_a_request_that_waits_is_named_before_another_is_made(
    harness: LocalHarness, browser: Browser
) -> None:
    """It may take the records that this one would send."""
    assert "not planned yet may take" not in browser.post("/actions/request/preview", {}).text
    harness.request("r2")

    assert "1 request not planned yet may take them" in (
        browser.post("/actions/request/preview", {}).text
    )


def test_an_open_run_is_cancelled(harness: LocalHarness, browser: Browser) -> None:
    harness.request("r2", canary=4, rows_per_batch=4)
    harness.play_until("job-submitted", "r2")
    button, fields = previewed(browser, "cancel", run_id="r2")
    assert "Cancel run r2 with 12 open records" == button
    assert 0 == commands(harness, "cancel-requested")

    page = browser.follow(browser.post("/actions/cancel", fields))

    assert page.status == 200
    harness.play_until("run-stopped", "r2")


def test_a_cancellation_is_shown_until_a_worker_carries_it_out(
    harness: LocalHarness, browser: Browser
) -> None:
    harness.request("r2", canary=4)
    harness.play_until("job-submitted", "r2")
    _, fields = previewed(browser, "cancel", run_id="r2")

    address = browser.post("/actions/cancel", fields).header("location")
    page = browser.get(address).text
    again = browser.post("/actions/cancel/preview", {"run_id": "r2"}).text
    harness.clock.pass_(60)
    harness.play()
    after = browser.post("/actions/cancel/preview", {"run_id": "r2"}).text

    said = r"Cancellation requested \d{4}-\d\d-\d\d [^<]*, by the console; a worker carries it out"
    assert re.search(said, page)
    assert 'action="/actions/cancel/preview"' not in page
    assert re.search(said, again)
    assert 'action="/actions/cancel"' not in again
    assert "Run r2 is stopped already" in after
    assert "Cancellation requested" not in browser.get("/runs/r2").text
    assert "Cancellation requested" not in browser.get("/runs/r2?requested=cancel").text


def test_a_request_that_is_not_planned_yet_is_listed_and_cancelled(
    harness: LocalHarness, browser: Browser
) -> None:
    harness.request("r2")
    harness.clock.pass_(60)
    for page in (browser.get("/").text, browser.get("/runs/r2").text):
        assert "not planned yet" in page
        assert 'action="/actions/cancel/preview"' in page
    assert 'href="/runs/r2"' in browser.get("/").text
    button, fields = previewed(browser, "cancel", run_id="r2")
    assert "Cancel the request of run r2" == button

    following = browser.follow(browser.post("/actions/cancel", fields))
    harness.play()

    assert "Cancellation requested" in following.text
    assert 'action="/actions/cancel/preview"' not in following.text
    assert "run-refused" in harness.topics("r2")
    assert "job-submitted" not in harness.topics("r2")


@pytest.mark.parametrize(
    ("action", "topic", "given"),
    [
        ("request", "run-requested", {"mode": "production"}),
        ("reprocess", "reprocess-requested", {"of_run": "r1"}),
        ("cancel", "cancel-requested", {"run_id": "r2"}),
    ],
)
@pytest.mark.parametrize("how", ["at once", "again", "after a restart"])
def test_a_confirmation_that_is_sent_twice_is_one_command(
    harness: LocalHarness, site: Site, action: str, topic: str, given: Mapping[str, str], how: str
) -> None:
    """A double click, a reload, or a reload after the console was started again."""
    browser = site.browser()
    browser.get("/")
    if action == "cancel":
        harness.request("r2", canary=4)
        harness.play_until("job-submitted", "r2")
    before = commands(harness, topic)
    _, fields = previewed(browser, action, **given)

    if how == "at once":
        answers = browser.twice(f"/actions/{action}", fields)
    else:
        answers = [browser.post(f"/actions/{action}", fields)]
        if how == "after a restart":
            with over(harness) as other:
                later = other.browser()
                later.get("/")
                answers.append(later.post(f"/actions/{action}", fields | {"csrf": [later.csrf]}))
        else:
            answers.append(browser.post(f"/actions/{action}", fields))

    assert [303, 303] == [answer.status for answer in answers]
    assert 1 == len({answer.header("location") for answer in answers})
    assert before + 1 == commands(harness, topic)


def test_two_previews_are_two_commands(harness: LocalHarness, browser: Browser) -> None:
    """Each has a token of its own."""
    for limit in ("2", "3"):
        _, fields = previewed(browser, "request", mode="test", limit=limit)
        assert browser.post("/actions/request", fields).status == 303

    assert 3 == commands(harness, "run-requested")


@pytest.mark.parametrize("token", ["", "x", "0" * 15, "0" * 17, "G" * 16, "0" * 15 + "é"])
def test_a_confirmation_without_a_token_publishes_nothing(
    untouched: tuple[LocalHarness, Browser], token: str
) -> None:
    harness, browser = untouched
    _, fields = previewed(browser, "request", mode="production")

    assert browser.post("/actions/request", fields | {"token": [token]}).status == 400
    assert 1 == commands(harness, "run-requested")


def test_a_state_folder_that_is_gone_is_not_made_anew(
    prepared: LocalHarness, tmp_path: Path
) -> None:
    home = Path(copytree(prepared.home, tmp_path / "home"))
    with Site(Target(home), ask=call_existing) as site:
        browser = site.browser()
        browser.get("/")
        _, fields = previewed(browser, "request", mode="production")
        home.rename(tmp_path / "moved")
        answers = [browser.post("/actions/request", fields), browser.get("/runs/r1")]

    assert [503, 503] == [each.status for each in answers]
    assert all("is gone" in each.text for each in answers)
    assert not home.exists()


def test_what_failed_can_be_sent_again(harness: LocalHarness, site: Site, browser: Browser) -> None:
    """The worker was busy; the same form then publishes, once."""
    _, fields = previewed(browser, "request", mode="production")
    ask, site.client.ask = site.client.ask, _refuse
    assert browser.post("/actions/request", fields).status == 503
    site.client.ask = ask

    assert browser.post("/actions/request", fields).status == 303
    assert 2 == commands(harness, "run-requested")


def _refuse(*_: object, **__: object) -> None:
    raise CallFailed("the worker is busy", 1)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"limit": "many", "mode": "test"}, "--limit"),
        ({"limit": "0", "mode": "test"}, "--limit"),
        ({"limit": "1e400", "mode": "test"}, "--limit"),
        ({"limit": "nan", "mode": "test"}, "--limit"),
        ({"limit": "1.5", "mode": "test"}, "use a whole number"),
        ({"limit": "1_0", "mode": "test"}, "--limit"),
        ({"limit": "1" * 5_000, "mode": "test"}, "--limit"),
        ({"budget": "inf"}, "--budget"),
        ({"mode": "test"}, "--limit"),
        ({"mode": "none"}, "--mode"),
        ({"mode": "single"}, "--record-id"),
        ({"mode": "single", "record_ids": "x"}, "--record-id"),
        ({"budget": "-1"}, "--budget"),
        ({"event_time_from": "yesterday"}, "--event-time-from"),
        ({"analysis": "none_v1"}, "none_v1"),
        ({"analysis": "<script>alert(1)</script>"}, "--analysis"),
        ({"where": "queue"}, "queue"),
        ({"golden": "none"}, "none"),
        ({"model": "\x1b[31m"}, "--model"),
        ({"providers": "é" * 10_000}, "--provider"),
    ],
    ids=str,
)
def test_a_field_that_is_wrong_is_named_and_what_was_typed_stays(
    untouched: tuple[LocalHarness, Browser], fields: dict[str, str], says: str
) -> None:
    harness, browser = untouched
    answer = browser.post("/actions/request/preview", fields)

    assert answer.status == 400
    alert = answer.text.partition('role="alert"')[2].partition("</section>")[0]
    assert says in alert
    assert "<script>alert" not in answer.text
    assert all(unescape(answer.text).count(value) for value in fields.values() if value.isalpha())
    assert 1 == commands(harness, "run-requested")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"batches": "1" * 5_000}, "--batch"),
        ({"batches": "\u00b2"}, "--batch"),
        ({"batches": "x"}, "use a whole number"),
        ({"budget": "nan"}, "--budget"),
        ({"budget": "1e400"}, "--budget"),
        ({"budget": "inf"}, "--budget"),
        ({"budget": "1_0"}, "--budget"),
        ({"budget": "0"}, "--budget"),
        ({"error_types": "none"}, "--error-type"),
    ],
    ids=str,
)
def test_a_mistake_in_what_is_asked_again_names_its_field(
    untouched: tuple[LocalHarness, Browser], fields: dict[str, str], says: str
) -> None:
    _, browser = untouched
    answer = browser.post("/actions/reprocess/preview", {"of_run": "r1"} | fields)

    assert answer.status == 400
    assert says in answer.text
    assert "$." not in answer.text


@pytest.mark.parametrize("action", ["reprocess", "reread", "cancel", "discard"])
def test_an_unknown_id_is_refused(untouched: tuple[LocalHarness, Browser], action: str) -> None:
    _, browser = untouched
    named = dict.fromkeys(("of_run", "run_id", "letter_id"), "none")

    answer = browser.post(f"/actions/{action}/preview", named)
    assert answer.status == 404
    assert "none" in answer.text


def test_an_unknown_action_has_no_page(untouched: tuple[LocalHarness, Browser]) -> None:
    _, browser = untouched
    assert browser.get("/actions/none").status == 404
    assert browser.get("/actions/cancel").status == 404
    assert browser.post("/actions/none/preview").status == 404
    assert browser.post("/actions/none").status == 404


def test_where_there_is_nothing_to_do_no_button_is_shown(
    untouched: tuple[LocalHarness, Browser],
) -> None:
    _, browser = untouched
    for action, fields in (
        ("cancel", {"run_id": "r1"}),
        ("request", {"event_time_to": "1990-01-01T00:00:00Z"}),
        ("replay", {"handler": "plan-run"}),
    ):
        answer = browser.post(f"/actions/{action}/preview", fields)
        assert answer.status == 200
        assert "There is nothing to do." in answer.text
        assert "<button" not in answer.text


def test_a_read_only_console_changes_nothing(harness: LocalHarness, browser: Browser) -> None:
    """Neither by its pages, nor by a form that was loaded before."""
    _, fields = previewed(browser, "request", mode="production")
    with over(harness, read_only=True) as site:
        reader = site.browser()
        pages = [reader.get("/").text, reader.get("/runs/r1").text]
        form = reader.get("/actions/request")
        preview = reader.post("/actions/request/preview", {"mode": "production"})
        confirmed = reader.post("/actions/request", fields | {"csrf": [reader.csrf]})
    harness.play()

    assert not any("/actions/" in page for page in pages)
    assert [403, 403, 403] == [form.status, preview.status, confirmed.status]
    assert 1 == commands(harness, "run-requested")


def test_the_form_begins_with_what_a_link_names(untouched: tuple[LocalHarness, Browser]) -> None:
    _, browser = untouched
    page = browser.get(
        "/actions/request?analysis=call_review_v1&limit=7&other=x&where=name=Ann"
    ).text

    assert "<option selected>call_review_v1</option>" in page
    assert 'name="limit" value="7"' in page
    assert "Ann" not in page, "an address holds nothing personal, so nothing of it is taken"


def test_a_dead_letter_is_replayed_as_it_was_previewed(
    harness: LocalHarness, browser: Browser
) -> None:
    """One that comes between preview and confirmation waits for a preview of its own."""
    first = dead_letter(harness, "r2")
    button, fields = previewed(browser, "replay", handler="plan-run")
    assert "Replay 1 dead letter" == button
    assert [first] == fields["letter_ids"]
    second = dead_letter(harness, "r3")

    assert browser.post("/actions/replay", fields).status == 303
    assert browser.post("/actions/replay", fields).status == 303
    assert 1 == commands(harness, "replay-requested")
    waiting = [each.letter_id for each in list_dead_letters(harness.backend).letters]
    assert [second] == waiting


def test_a_replay_names_as_many_dead_letters_as_a_command_takes(
    site: Site, browser: Browser
) -> None:
    """A form holds a field for each."""
    letters = [LetterResult(letter_id=f"l-{at}", outcome="waiting") for at in range(1_002)]
    site.client.ask = lambda *_, **__: LetterResults(letters=letters, dry_run=True)
    button, fields = previewed(browser, "replay", handler="plan-run")
    page = browser.post("/actions/replay/preview", {"handler": "plan-run"}).text

    assert "Replay 1,000 dead letters" == button
    assert [f"l-{at}" for at in range(1_000)] == fields["letter_ids"]
    assert "2 more are left" in page


def test_a_dead_letter_is_discarded_with_a_reason(harness: LocalHarness, browser: Browser) -> None:
    letter = dead_letter(harness, "r2")
    button, fields = previewed(browser, "discard", letter_id=letter)
    shown = browser.post("/actions/discard/preview", {"letter_id": letter}).text
    assert "Discard 1 dead letter" == button
    assert "the next run plans its records" not in shown, "a request holds up no attempt"

    assert browser.post("/actions/discard", fields).status in (400, 404), "without a reason"
    assert browser.post("/actions/discard", fields | {"reason": ["a test"]}).status == 303
    assert 1 == commands(harness, "discard-requested")


def dead_letter(harness: LocalHarness, run_id: str) -> str:
    """Dead-letter the request of a run; return the id of the dead letter."""
    before = {each.letter_id for each in list_dead_letters(harness.backend).letters}
    harness.request(run_id, mode="test", limit=1)
    leased = harness.backend.bus.lease()
    assert leased is not None
    harness.backend.bus.dead_lettered(leased[0], "by_hand", "a test")
    harness.play()
    (letter,) = {each.letter_id for each in list_dead_letters(harness.backend).letters} - before
    return letter


def test_runs_are_listed_by_the_operation_that_the_page_uses(harness: LocalHarness) -> None:
    assert ["r1"] == [run.run_id for run in list_runs(harness.backend).runs]


def test_the_form_offers_the_installed_analyses(harness: LocalHarness, browser: Browser) -> None:
    """And keeps another one that an address names, so that the preview refuses it by name."""
    plain = browser.get("/actions/request").text
    named = browser.get("/actions/request?analysis=removed_v1").text
    refused = browser.post("/actions/request/preview", {"analysis": "removed_v1"})

    assert "<option selected>call_review_v1</option>" in plain
    assert "<option selected>production</option>" in plain
    assert "<option selected>removed_v1</option>" in named
    assert refused.status == 400
    assert "unknown analysis removed_v1" in refused.text
