"""The pages *Compare*, *Review* and *Dead letters*, without a browser."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.console import hostile
from tests.console.client import Answer, Browser, over
from tests.harness import LocalHarness

MOST_BYTES = 100_000
Open = Callable[..., Browser]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LocalHarness]]:
    """Open a prepared folder for all tests that only read it."""
    opened: dict[Path, LocalHarness] = {}

    def open_shared(prepared: LocalHarness) -> LocalHarness:
        if prepared.home not in opened:
            opened[prepared.home] = prepared.copy(tmp_path_factory.mktemp("shared") / "home")
        return opened[prepared.home]

    yield open_shared
    for each in opened.values():
        each.close()


@pytest.fixture
def open_(shared: Callable[..., LocalHarness], tmp_path: Path) -> Iterator[Open]:
    """Sign in to the console of a prepared folder; of a copy where the test changes it."""
    with ExitStack() as stack:

        def opened(prepared: LocalHarness, *, writes: bool = False, **settings: Any) -> Browser:
            if writes:
                harness = prepared.copy(tmp_path / "home")
                stack.callback(harness.close)
            else:
                harness = shared(prepared)
            return stack.enter_context(over(harness, **settings)).browser()

        yield opened


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def title(self) -> str:
        return self.words[next(at for at, word in enumerate(self.words) if "Troupe" in word)]


def page(answer: Answer, status: int = 200) -> Page:
    """Check what every page must be, and return it."""
    assert status == answer.status, answer.text[:2_000]
    found = Page(answer)
    assert len(answer.body) < MOST_BYTES
    assert "script-src 'self'" in answer.header("content-security-policy")
    assert all(each.get("src") for tag, each in found.tags if tag == "script")
    assert not [
        tag for tag, each in found.tags if tag in ("img", "style", "iframe") or "style" in each
    ]
    assert not [each for _, each in found.tags if any(name.startswith("on") for name in each)]
    return found


def sample_of(browser: Browser) -> str:
    """The id of the recorded sample."""
    found = re.search('href="/review/([0-9a-f]{12})"', browser.get("/review").text)
    assert found
    return found[1]


def first_record(browser: Browser, reviewer: str = "ab") -> str:
    """The address of the first record that is open."""
    answer = browser.get(f"/review/{sample_of(browser)}/{reviewer}")
    assert answer.status == 303
    return answer.header("location").partition("#")[0]


# Compare


def test_two_versions_are_compared(open_: Open) -> None:
    """The column that the change of the schema changed is named."""
    browser = open_(hostile.compared())

    found = page(browser.get("/compare?a=call_review_v1&b=call_review_v2"))

    assert "reason_for_call_intent differs most: 50 % agree" in found.text
    assert "call_review_v1 and call_review_v2" in found.title
    offered = {each["value"] for tag, each in found.tags if tag == "option"}
    assert {"before", "after", "call_review_v1", "call_review_v2"} <= offered


@pytest.mark.parametrize(
    ("sides", "says"),
    [
        ({"a": "before"}, "name both sides"),
        ({"a": "before", "b": "before"}, "both sides are before"),
        ({"a": "before", "b": "nosuch"}, "'nosuch' is no run and no analysis here"),
        ({"a": "before", "b": "labels:/etc/passwd"}, "the console reads no files"),
        ({"a": "labels:/etc/passwd", "b": "before"}, "the console reads no files"),
        ({"a": "before", "b": "file:x"}, "invalid side 'file:x'"),
        ({"a": "before", "b": "after", "columns": "nosuch"}, "invalid --columns 'nosuch'"),
        ({"a": hostile.HOSTILE, "b": hostile.LONG}, "is no run and no analysis here"),
    ],
)
def test_a_comparison_that_cannot_be_made_says_why(
    open_: Open, sides: dict[str, str], says: str
) -> None:
    """Above the form, which keeps what was typed."""
    browser = open_(hostile.compared())

    found = page(browser.get(f"/compare?{urlencode(sides)}"), 400)

    assert says in found.text
    assert "file of labels" not in found.text
    typed = {each.get("name"): each.get("value") for tag, each in found.tags if tag == "input"}
    assert sides["a"].replace("\x00", "\ufffd") == str(typed["a"]).replace("\x00", "\ufffd")


# Review


def test_a_review_is_drawn_judged_and_downloaded(open_: Open) -> None:
    """From the run to a file of labels."""
    browser = open_(hostile.compared(), writes=True)
    browser.get("/review")
    drawn = browser.post(
        "/review/draw", {"run": "after", "n": "2", "by": "random", "seed": "9", "against": ""}
    )
    sample = drawn.header("location")
    assert "2 records drawn by random" in page(browser.follow(drawn)).text
    here = browser.follow(browser.get(f"{sample}?reviewer=AB")).header("location").partition("#")[0]

    shown = page(browser.get(here))
    assert "Record 1 of 2" in shown.text
    first = browser.post(
        here,
        {"version": "0", "go": "rest", "how.call_tone": "wrong",
         "how.call_summary": "corrected", "text.call_summary": f"New {hostile.SCRIPT}"},
    )  # fmt: skip
    second = page(browser.follow(first))
    assert "Record 2 of 2 " in second.text
    assert "Complete: 1 record." in second.text
    done = browser.post(first.header("location").partition("#")[0], {"version": "0", "go": "rest"})

    assert done.header("location") == f"{sample}/ab"
    file = browser.get(f"{sample}/ab/labels.jsonl")
    lines = [json.loads(line) for line in file.text.splitlines()]
    assert "attachment; filename=" in file.header("content-disposition")
    assert [16, 16] == [len(line) for line in lines]
    (changed,) = [line for line in lines if line["call_summary"] == f"New {hostile.SCRIPT}"]
    assert {"not"} == changed["call_tone"].keys()


@pytest.mark.parametrize("reviewer", ["É", "-", "-ab", "a b", "a/b", "x" * 21])
def test_initials_that_cannot_be_used_are_refused_at_their_field(
    open_: Open, reviewer: str
) -> None:
    """With what was typed."""
    browser = open_(hostile.compared())

    answer = browser.get(f"/review/{sample_of(browser)}?{urlencode({'reviewer': reviewer})}")

    found = page(answer, 400)
    (field,) = [each for _, each in found.tags if each.get("name") == "reviewer"]
    assert (reviewer.lower(), "true") == (field["value"], field["aria-invalid"])
    assert "no initials that can be used" in found.text


def test_a_correction_is_as_long_as_a_browser_counts_it(open_: Open) -> None:
    """A line break is one character to a browser, which sends two; nothing typed is lost."""
    browser = open_(hostile.compared(), writes=True)
    here = first_record(browser)
    browser.get(here)
    form = {"version": "0", "go": "stay", "how.call_tone": "wrong",
            "how.call_summary": "corrected"}  # fmt: skip
    longest = "\r\n".join(["x" * 99] * 200)

    saved = browser.post(here, form | {"text.call_summary": f"{longest}y"})
    again = browser.post(here, form | {"version": "1", "text.call_summary": f"{longest}yz"})

    assert 303 == saved.status
    found = page(again, 422)
    assert "call_summary : a correction has at most 20,000 characters" in found.text
    assert f"{'x' * 99}yz" in found.text
    tone = [each for _, each in found.tags if each.get("name") == "how.call_tone"]
    assert ["wrong"] == [each["value"] for each in tone if "checked" in each]


def test_a_correction_that_does_not_fit_is_shown_with_its_reason(open_: Open) -> None:
    """Nothing is saved, and what was typed is still there."""
    browser = open_(hostile.compared(), writes=True)
    here = first_record(browser)
    browser.get(here)

    answer = browser.post(
        here,
        {"version": "0", "go": "next", "how.language_code": "corrected",
         "text.language_code": f"{hostile.SCRIPT}"},
    )  # fmt: skip
    found = page(answer, 422)

    assert "Nothing was saved, because of 1 correction" in found.text
    assert "use a text that matches" in found.text
    assert hostile.SCRIPT in found.text
    assert "0 of 15 columns judged" in page(browser.get(here)).text


def test_two_browsers_do_not_overwrite_each_other(open_: Open) -> None:
    """The second one gets a message, and sees what it chose; saved again it counts."""
    here_browser = open_(hostile.compared(), writes=True)
    there = here_browser.site.browser()
    here = first_record(here_browser)
    for each in (here_browser, there):
        each.get(here)
    here_browser.post(here, {"version": "0", "go": "stay", "how.call_tone": "wrong"})

    late = page(there.post(here, {"version": "0", "go": "stay", "how.call_tone": "right"}), 409)

    assert "Another page saved this record meanwhile" in late.text
    (version,) = [
        e["value"] for tag, e in late.tags if tag == "input" and e.get("name") == "version"
    ]
    again = there.post(here, {"version": str(version), "go": "stay", "how.call_tone": "right"})
    assert (303, "1") == (again.status, version)


def test_a_form_that_was_sent_twice_is_saved_once(open_: Open) -> None:
    """At the same time as well."""
    browser = open_(hostile.compared(), writes=True)
    here = first_record(browser)
    browser.get(here)
    form = {"csrf": browser.csrf, "version": "0", "go": "stay", "how.call_tone": "wrong"}

    answers = browser.twice(here, form)

    assert [303, 303] == [each.status for each in answers]
    assert {"value": "1"}.items() <= next(
        each for tag, each in page(browser.get(here)).tags if each.get("name") == "version"
    ).items()


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({"run": "nosuch", "n": "2"}, "run nosuch is not planned here"),
        ({"run": "before", "n": "0"}, "invalid --n 0"),
        ({"run": "before", "n": "²"}, "invalid number of records"),
        ({"run": "before", "n": "9" * 5_000}, "invalid number of records"),
        ({"run": "before", "n": "2", "by": hostile.HOSTILE}, "invalid --by"),
        ({"run": hostile.SCRIPT, "n": "2"}, "is not planned here"),
    ],
)
def test_a_sample_that_cannot_be_drawn_says_why(
    open_: Open, form: dict[str, str], says: str
) -> None:
    """Above the form."""
    browser = open_(hostile.compared(), writes=True)
    browser.get("/review")

    assert says in page(browser.post("/review/draw", form), 400).text


@pytest.mark.parametrize(
    "rest",
    ["nosuch", "../../etc", "0123456789ab/ab", "{sample}/A%20B", "{sample}/ab/ffff",
     "{sample}/%3Cscript%3E", "{sample}/A%20B/labels.jsonl"],
)  # fmt: skip
def test_an_unknown_review_is_not_found(open_: Open, rest: str) -> None:
    """Whatever the address holds."""
    browser = open_(hostile.compared())

    page(browser.get(f"/review/{rest.replace('{sample}', sample_of(browser))}"), 404)


def test_a_console_without_texts_shows_no_review(open_: Open) -> None:
    """Neither the record nor the labels; the comparison shows no text as ever."""
    here = first_record(open_(hostile.compared()))
    browser = open_(hostile.compared(), no_text=True)

    for address in (here, f"{here.rpartition('/')[0]}/labels.jsonl", here.rpartition("/")[0]):
        assert "shows no texts" in page(browser.get(address), 403).text
    assert "Draw a sample" not in page(browser.get("/review")).text
    drawn = browser.post("/review/draw", {"run": "before", "n": "1"})
    assert "shows no texts" in page(drawn, 403).text
    compared = page(browser.get("/compare?a=before&b=after")).text
    assert "(10,000 characters)" in compared
    assert not {"CUSTOMER", "script", "nnn"} & {*compared.split()}


def test_a_console_that_only_reads_saves_nothing(open_: Open) -> None:
    """It offers no button, and refuses the form."""
    browser = open_(hostile.compared(), read_only=True)
    here = first_record(browser)
    shown = page(browser.get(here))

    assert "Save and next" not in shown.text
    form = {"version": "0", "go": "next", "how.call_tone": "wrong"}
    assert "read-only" in page(browser.post(here, form), 403).text
    assert "read-only" in page(browser.post("/review/draw", {"run": "before", "n": "1"}), 403).text


# Dead letters


def test_dead_letters_are_shown_by_cause_with_what_to_do(open_: Open) -> None:
    """Each with its event; a message that is no event can be discarded only."""
    browser = open_(hostile.held_up())
    found = page(browser.get("/dead-letters"))

    assert "write-jsonl: object conflict" in found.text
    assert 1 == found.text.count("Then replay them.")
    assert 1 == found.text.count("they can be discarded only")
    letters = [
        str(each["href"])
        for tag, each in found.tags
        if tag == "a" and str(each["href"]).startswith("/dead-letters/")
    ]
    event, message = (
        page(browser.get(each)).text for each in sorted(letters, key=len, reverse=True)
    )
    assert '"run_id":"held"' in event.replace(" ", "")
    assert hostile.SCRIPT in message
    assert "nnn" in message


@pytest.mark.parametrize(
    ("given", "letters"),
    [({"handler": "write-jsonl"}, 2), ({"cause": "object_conflict"}, 1),
     ({"handler": "", "cause": ""}, 2), ({"handler": "nosuch"}, 0),
     ({"handler": "write-jsonl", "cause": "object_conflict", "page": "99999999"}, 1),
     ({"handler": "write-jsonl", "page": "9"}, 2)],
)  # fmt: skip
def test_dead_letters_are_chosen_by_what_is_given(
    open_: Open, given: dict[str, str], letters: int
) -> None:
    """Never is it said that none waits; a page after the last one is the last one."""
    browser = open_(hostile.held_up())

    answer = browser.get(f"/dead-letters?{urlencode(given)}")

    assert letters == answer.text.count('<li><a href="/dead-letters/')
    assert "No dead letter waits" not in page(answer).text
    assert ("2 others do" in answer.text) == (letters == 0)


def test_a_message_that_is_no_event_is_not_shown_without_texts(open_: Open) -> None:
    """It may say anything."""
    browser = open_(hostile.held_up(), no_text=True)
    letters = re.findall('href="(/dead-letters/[^"?]+)"', browser.get("/dead-letters").text)

    texts = [page(browser.get(each)).text for each in letters]

    assert 1 == sum("The message is not shown" in each for each in texts)
    assert not any("not json" in each for each in texts)


def test_an_unknown_letter_is_not_found(open_: Open) -> None:
    """With the id that was asked for."""
    browser = open_(hostile.held_up())

    assert "no dead letter a/b waits" in page(browser.get("/dead-letters/a/b"), 404).text
