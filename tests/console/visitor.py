"""A person at the console: a real browser, a server on loopback, and axe."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

from scripts.browser import Browser, Page, View
from troupe.cli.target import Target
from troupe.console.app import make_app
from troupe.console.client import Client
from troupe.console.security import TokenSessions
from troupe.console.server import Listen, Server, bound_to, hosts_of

LOOKS = (Path(__file__).parents[1] / "report" / "looks.js").read_text(encoding="utf-8")
MOST_LOOKS = 1_200
"""Of 25 ms each, until a page shows what is awaited."""
WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", event => refused.push(event.violatedDirective));
addEventListener("error", event => refused.push(event.message));
"""


@cache
def axe() -> str:
    """The script that looks for what people with a screen reader or a keyboard cannot use."""
    return files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")


class LiveConsole:
    """The console on a port of loopback."""

    def __init__(self, address: str, client: Client, sessions: TokenSessions) -> None:
        self.address, self.client, self.sessions = address, client, sessions

    @property
    def home(self) -> Path:
        return self.client.target.home


@contextmanager
def live_console(home: Path, **settings: Any) -> Iterator[LiveConsole]:
    """Serve the console of a state folder, until the block ends."""
    client, sessions = Client(Target(home), **settings), TokenSessions()
    with bound_to(Listen()) as bound:
        (host, *_) = hosts_of(Listen(), bound.getsockname()[1])
        server = Server(make_app(client, sessions, [host]))
        thread = Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield LiveConsole(f"http://{host}", client, sessions)
        finally:
            server.should_exit = True
            thread.join()


class Visitor:
    """One person with a browser of their own, who is signed in."""

    def __init__(self, browser: Browser, console: LiveConsole) -> None:
        self.console = console
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call(
            "Target.createTarget", url="about:blank", browserContextId=self._context
        )["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.page = Page(browser, session)
        browser.call("Page.enable", session)
        browser.call("Page.addScriptToEvaluateOnNewDocument", session, source=WATCH)
        self.page.set_view(View(1200))
        self.go(f"/?token={console.sessions.token}")

    def close(self) -> None:
        self.page.browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def go(self, path: str) -> None:
        self.page.go(self.console.address + path)

    @property
    def path(self) -> str:
        """Of the page that is shown."""
        found: str = self.page.run("location.pathname + location.search")
        return found

    @property
    def text(self) -> str:
        found: str = self.page.run("document.querySelector('main').innerText")
        return found

    def click(self, label: str, within: str = "main") -> None:
        """Press the one button or link of this text; returns when the next page is loaded."""
        self.leave(
            "(() => { const named = [...document.querySelectorAll("
            f"{json.dumps(f'{within} :is(a, button)')})].filter(each => each.checkVisibility() &&"
            f" (each.ariaLabel ?? each.textContent).trim() === {json.dumps(label)});"
            " if (!named.length) throw new Error('there is none'); named[0].click(); })()"
        )

    def leave(self, script: str) -> None:
        """Run a script that leads to another page; returns when that is loaded."""
        self.page.run("document.documentElement.dataset.left = '1'")
        self.page.run(script)
        self.until(
            lambda: self.page.run(
                "!document.documentElement.dataset.left && document.readyState === 'complete'"
            )
        )

    def press(self, *keys: str) -> None:
        self.page.press(*keys)

    def fill(self, label: str, value: str) -> None:
        """Write into the field of this label, or choose its value."""
        self.page.run(
            "(() => { const label = [...document.querySelectorAll('main label')].find(each =>"
            f" each.textContent.trim().startsWith({json.dumps(label)}));"
            f" label.control.value = {json.dumps(value)};"
            " label.control.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )

    def until(self, is_so: Callable[[], Any]) -> None:
        """Look again and again, until it is so; the page may change meanwhile."""
        for _ in range(MOST_LOOKS):
            try:
                if is_so():
                    return
                self.page.run("new Promise(ok => setTimeout(ok, 25))")
            except ValueError:  # the browser was between two pages
                continue
        raise AssertionError(f"{self.path} does not show it: {self.text[:2_000]}")

    def until_shown(self, text: str, *, reloads: bool = False) -> None:
        """Wait for a text; `reloads`: of a page that does not change by itself."""

        def is_shown() -> bool:
            if reloads and text not in self.text:
                self.leave("location.reload()")
            return text in self.text

        self.until(is_shown)

    def faults(self) -> list[str]:
        """What is wrong with the page that is shown: what its policy refused, looks, and axe."""
        refused: list[str] = self.page.run("refused")
        found = [*refused, *self.barriers()]
        # Out of sight on purpose, until it has the focus.
        self.page.run("document.querySelector('.skip').remove()")
        looks: list[str] = self.page.run(LOOKS)
        return [*found, *looks]

    def barriers(self) -> list[str]:
        """What axe finds on the page."""
        self.page.run(f"{axe()}; 0")
        found: list[str] = self.page.run(
            "axe.run(document, {resultTypes: ['violations']}).then(all => all.violations.map(each =>"
            " `${each.id}: ${each.help}: ${each.nodes[0].html.slice(0, 300)}`))"
        )
        return found


Visit = Callable[..., Visitor]
"""Opens a browser at the console of a copy of a prepared folder."""
