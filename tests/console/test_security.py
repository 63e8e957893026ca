"""Who may see the console, and what no request may do."""

from collections.abc import Iterator

import pytest
from starlette.requests import HTTPConnection

from tests.console.client import HOST, Browser, Site, over
from tests.harness import LocalHarness
from troupe.console.app import ROUTES
from troupe.console.security import (
    COOKIE,
    IDLE_SECONDS,
    MOST_BYTES,
    MOST_SESSIONS,
    POLICY,
    TokenSessions,
)


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHarness]:
    """An empty state folder."""
    made = LocalHarness(tmp_path_factory.mktemp("console") / "home")
    yield made
    made.close()


@pytest.fixture
def site(harness: LocalHarness) -> Iterator[Site]:
    with over(harness) as opened:
        yield opened


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser that has loaded a page."""
    made = site.browser()
    assert made.get("/").status == 200
    return made


def test_a_token_opens_one_session_and_the_next_token_is_announced(site: Site) -> None:
    token = site.sessions.token
    first = Browser(site)

    assert first.get("/").status == 403
    assert first.get(f"/?token={token}").status == 303
    assert first.get("/").status == 200
    assert Browser(site).get(f"/?token={token}").status == 403
    assert [site.sessions.token] == site.tokens
    assert site.browser().get("/").status == 200


def test_a_look_at_the_address_alone_does_not_use_it_up(site: Site) -> None:
    """As programs do that show links."""
    assert Browser(site).call("HEAD", f"/?token={site.sessions.token}").status == 403
    assert Browser(site).get(f"/?token={site.sessions.token}").status == 303


def test_consoles_on_two_ports_have_two_cookies() -> None:
    """A browser sends the cookies of this machine to each of its ports."""
    one, two = TokenSessions(cookie="a_1"), TokenSessions(cookie="a_2")
    cookie = two.enter(two.token) or ""
    request = HTTPConnection(
        {"type": "http", "headers": [(b"cookie", f"a_1=x; a_2={cookie}".encode())]}
    )

    assert one.session_of(request) is None
    assert two.session_of(request) is not None


@pytest.mark.parametrize("token", ["", "x", "ä", "%00", "a" * 5_000])
def test_a_wrong_token_opens_nothing_and_uses_nothing_up(site: Site, token: str) -> None:
    before = site.sessions.token

    assert Browser(site).get(f"/?token={token}").status == 403
    assert before == site.sessions.token


def test_an_address_leads_whoever_is_in_to_the_runs(site: Site) -> None:
    """Whatever its token is, and without using one up."""
    browser, before = site.browser(), site.sessions.token

    assert [303, 303] == [browser.get(f"/?token={each}").status for each in ("old", before)]
    assert before == site.sessions.token


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site) -> None:
    entered = Browser(site).get(f"/?token={site.sessions.token}")

    cookie = entered.header("set-cookie").lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    assert "/" == entered.header("location"), "the token leaves the address"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: str(route.name))
def test_no_page_is_shown_without_a_session(site: Site, route: object) -> None:
    """Whatever its address; static files hold nothing of the deployment."""
    path = str(getattr(route, "path", "")).replace("{", "").replace("}", "")
    methods = getattr(route, "methods", None) or set()

    if path.startswith("/static"):
        return
    call = Browser(site).post if "POST" in methods else Browser(site).get
    assert call(path).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1:8081", "", f"{HOST}.evil.example"]
)
def test_another_host_name_is_refused_before_anything_else(site: Site, host: str) -> None:
    """A page that made its own name point to this machine (DNS rebinding) sends that name."""
    browser = site.browser()

    assert browser.get("/", {"host": host}).status == 421
    assert Browser(site).get(f"/?token={site.sessions.token}", {"host": host}).status == 421


def test_every_answer_has_the_policy_and_is_not_stored(site: Site, browser: Browser) -> None:
    """Pages, errors, redirections and refusals alike."""
    answers = [
        browser.get("/"),
        browser.get("/none"),
        browser.post("/actions/cancel/preview", {"run_id": "none"}),
        Browser(site).get("/"),
        Browser(site).get("/?token=x"),
        browser.get("/", {"host": "evil.example"}),
    ]

    for answer in answers:
        assert answer.header("content-security-policy") == POLICY
        assert answer.header("cache-control") == "no-store"
        assert answer.header("x-content-type-options") == "nosniff"
        assert answer.header("x-frame-options") == "DENY"
        assert answer.header("cross-origin-opener-policy") == "same-origin"
    assert "unsafe" not in POLICY
    assert [200, 404, 404, 403, 403, 421] == [answer.status for answer in answers]


@pytest.mark.parametrize("csrf", ["", "x", "ä"])
def test_a_form_without_the_secret_of_its_session_is_refused(browser: Browser, csrf: str) -> None:
    assert browser.post("/actions/request/preview", {"mode": "production"}, csrf=csrf).status == 403
    assert browser.post("/actions/request/preview", {"mode": "production"}).status == 200


def test_the_secret_of_another_session_does_not_count(site: Site, browser: Browser) -> None:
    other = site.browser()
    other.get("/")

    assert other.csrf != browser.csrf
    assert browser.post("/actions/request/preview", csrf=other.csrf).status == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused_though_it_has_the_secret(
    browser: Browser, headers: dict[str, str]
) -> None:
    assert browser.post("/actions/request/preview", headers=headers).status == 403
    own = {"origin": f"http://{HOST}", "sec-fetch-site": "same-origin"}
    assert browser.post("/actions/request/preview", headers=own).status == 200


@pytest.mark.parametrize("path", ["/actions/cancel", "/actions/cancel/preview"])
def test_what_changes_something_is_not_reached_by_a_link(browser: Browser, path: str) -> None:
    assert browser.get(f"{path}?run_id=r1").status in (404, 405)


def test_a_body_that_is_too_large_is_refused(browser: Browser) -> None:
    assert browser.post("/actions/request/preview", {"where": "x" * MOST_BYTES}).status == 413
    many = {"where": ["x"] * 25_000}
    assert browser.post("/actions/request/preview", many).status == 400


def test_a_form_that_is_not_utf_8_is_refused(browser: Browser) -> None:
    assert browser.post_bytes("/actions/request/preview", b"csrf=%ff&a=\xff").status == 400


def test_other_methods_are_refused(browser: Browser) -> None:
    assert browser.call("PUT", "/").status == 405
    assert browser.call("DELETE", "/runs/r1").status == 405


def test_a_session_ends_when_it_was_not_used() -> None:
    now = [0.0]
    sessions = TokenSessions(clock=lambda: now[0])
    cookie = sessions.enter(sessions.token)
    assert cookie is not None

    now[0] = IDLE_SECONDS - 1
    assert sessions.session_of(with_cookie(cookie)) is not None
    now[0] += IDLE_SECONDS + 1
    assert sessions.session_of(with_cookie(cookie)) is None
    now[0] = 0
    assert sessions.session_of(with_cookie(cookie)) is None, "it is gone for good"


def test_of_too_many_sessions_the_one_used_longest_ago_ends() -> None:
    now = [0.0]
    sessions = TokenSessions(clock=lambda: now[0])
    cookies = []
    for second in range(MOST_SESSIONS + 1):
        now[0] = float(second)
        cookies.append(sessions.enter(sessions.token) or "")

    known = [sessions.session_of(with_cookie(each)) is not None for each in cookies]
    assert [False] + [True] * MOST_SESSIONS == known


def test_an_error_shows_no_text_of_the_exception(site: Site, browser: Browser) -> None:
    """It may quote personal data."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a secret of tok_000001")

    site.client.ask = broken
    with pytest.raises(RuntimeError):  # for the log of the server, which is silent
        browser.get("/runs/r1")
    answer = browser.last
    assert answer.status == 500
    assert "RuntimeError" in answer.text
    assert "tok_000001" not in answer.text


def with_cookie(value: str) -> HTTPConnection:
    """Return a request with the cookie of a session."""
    cookie = f"{COOKIE}={value}".encode()
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})
