"""What an attacker, a mistake or a curious colleague may try with the pages; `docs/` has the table."""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import pytest
from starlette.routing import Match

from tests.console import hostile
from tests.console.client import Answer, Browser, Site, over
from tests.files import files_in
from tests.harness import LocalHarness
from troupe.cli.target import Target
from troupe.console.app import ROUTES

TEXTS = ("wrong charge", "book a table", "CUSTOMER:", "nnnnnnnnnn")
"""Of transcripts and answers."""
SECRETS = (*TEXTS, "tok_00000", "desrever")
PER_PAGE = 3
FILES = {"static", "run_events"}

Open = Callable[..., Browser]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """Runs with hostile data, which the tests only read."""
    opened = hostile.compared().copy(tmp_path_factory.mktemp("attacked") / "home")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def open_(harness: LocalHarness) -> Iterator[Open]:
    """Sign in to a console with these settings."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(over(harness, **settings)).browser()


class Crawled(NamedTuple):
    """Pages that a person saw, and what was logged meanwhile."""

    browser: Browser
    pages: dict[str, Answer]
    logged: str


class Kept(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(scope="module")
def crawled(open_: Open) -> Iterator[Crawled]:
    """What links lead to in a console that shows everything."""
    root, handler = logging.getLogger(), Kept()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    browser = open_()
    pages = crawl(browser)
    yield Crawled(
        browser, pages, "\n".join(f"{r.getMessage()} {r.__dict__}" for r in handler.records)
    )
    root.removeHandler(handler)
    root.setLevel(level)


def page_of(path: str) -> str:
    """The name of the route of an address; empty where none matches."""
    scope = {"type": "http", "method": "GET", "path": path.partition("?")[0]}
    return next((str(each.name) for each in ROUTES if each.matches(scope)[0] is Match.FULL), "")


def crawl(browser: Browser) -> dict[str, Answer]:
    """Load what links lead to, some addresses of each page."""
    waiting = ["/", "/compare?a=before&b=after", "/records?state=analysed"]
    found: dict[str, Answer] = {}
    seen: dict[str, int] = {}
    while waiting:
        path = waiting.pop(0).replace("&amp;", "&").partition("#")[0]
        name = page_of(path)
        if path in found or name in FILES or seen.get(name, 0) >= PER_PAGE:
            continue
        seen[name] = seen.get(name, 0) + 1
        found[path] = browser.get(path)
        waiting += re.findall(r'href="(/[^"]*)"', found[path].text)
        if found[path].status == 303:
            waiting.insert(0, found[path].header("location"))
    assert {"runs", "run", "record", "analysis", "compare", "review_sample"} <= seen.keys()
    return found


def test_every_form_needs_the_secret_of_its_session(open_: Open) -> None:
    """Also one that only searches, and one that is not there."""
    browser = open_()
    forms = [each.path for each in ROUTES if "POST" in (each.methods or ())]

    statuses = {
        path: browser.post(re.sub(r"{\w+}", "x", path), csrf="guess").status for path in forms
    }

    assert len(forms) >= 6
    assert {403} == {*statuses.values()}


def test_a_console_that_only_reads_changes_no_byte() -> None:
    """By any of its forms, with the right secret."""
    home = hostile.compared().home
    with Site(Target(home), read_only=True) as site:
        before = content_of(home)
        send_all_forms(site.browser())
        assert before == content_of(home)


def send_all_forms(browser: Browser) -> None:
    """Send what changes something, and check that it is refused."""
    sample = re.findall('href="(/review/[0-9a-f]{12})"', browser.get("/review").text)[0]
    record = browser.get(f"{sample}/ab").header("location").partition("#")[0]
    fields = {"run": "before", "n": "1", "version": "0", "go": "rest", "token": "0" * 16,
              "new_run_id": "r9", "run_id": "before", "of_run": "before"}  # fmt: skip

    for path in ("/review/draw", record):
        assert browser.post(path, fields).status == 403
    for action in ("request", "cancel", "reprocess", "reread", "replay", "discard"):
        assert browser.post(f"/actions/{action}", fields).status == 403


def content_of(home: Path) -> dict[str, str]:
    """A hash of each file of the state folder."""
    return {
        str(each.relative_to(home)): hashlib.sha256(each.read_bytes()).hexdigest()
        for each in files_in(home)
    }


def test_a_console_without_texts_shows_none(open_: Open) -> None:
    """On no page that links lead to."""
    found = crawl(open_(no_text=True))

    shown = {
        path: [text for text in TEXTS if text in answer.text] for path, answer in found.items()
    }
    assert {} == {path: texts for path, texts in shown.items() if texts}


def test_no_address_title_or_log_line_holds_personal_text(crawled: Crawled) -> None:
    """Nor the token of a session, nor the secret of its forms."""
    for path, answer in crawled.pages.items():
        title = "".join(re.findall("<title>(.*?)</title>", answer.text))
        assert not [each for each in SECRETS if each in path + title + answer.header("location")]
    browser = crawled.browser
    hidden = (*SECRETS, browser.csrf, *browser.cookies.values(), browser.site.sessions.token)
    assert crawled.logged
    assert not [each for each in hidden if each in crawled.logged]


def test_no_page_asks_anything_of_another_site(crawled: Crawled) -> None:
    """Each address in a page is one of the console."""
    addresses = {
        address
        for answer in crawled.pages.values()
        for address in re.findall(r'\s(?:href|src|action|data-events)="([^"]*)"', answer.text)
    }
    assert len(addresses) > 20
    assert {"data:,"} >= {each for each in addresses if not re.match(r"/(?!/)|[#?]", each)}


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/..%2f..%2f..%2fetc%2fpasswd", "/static/%2e%2e/security.py",
     "/x//evil.example/", "/review//evil.example", "/records/..%2f..", "/analyses/..%2f..%2fx",
     "/runs/%00", "/dead-letters/../../x", "/analyses/%0d%0aset-cookie:%20a=b"],
)  # fmt: skip
def test_an_address_leads_to_no_file_and_no_other_site(open_: Open, path: str) -> None:
    """Whatever it is made of."""
    answer = open_().get(path)

    assert answer.status in (303, 400, 404)
    assert "root:" not in answer.text
    assert not answer.header("location").startswith("//")


@pytest.mark.parametrize(
    "reviewer", ["//evil.example", "\r\nset-cookie: a=b", "../../..", "é" * 500]
)
def test_a_redirection_stays_on_the_console(open_: Open, reviewer: str) -> None:
    """A name that is no initials leads nowhere."""
    browser = open_()
    sample = re.findall('href="(/review/[0-9a-f]{12})"', browser.get("/review").text)[0]

    answer = browser.get(f"{sample}?reviewer={quote(reviewer)}")

    assert (400, "") == (answer.status, answer.header("location"))
    assert f"{sample}/ab" == browser.get(f"{sample}?reviewer=AB").header("location")
    assert not answer.header("set-cookie")


@pytest.mark.parametrize("side", ["labels:/etc/passwd", "labels:../../x", "labels:"])
def test_no_file_is_read_through_a_comparison(open_: Open, side: str) -> None:
    """On the command line a side may be a file; here it is refused before it is looked for."""
    answer = open_().get(f"/compare?a=before&b={side}")

    assert (400, True) == (answer.status, "the console reads no files" in answer.text)
