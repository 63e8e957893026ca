"""A headless Chromium, spoken to through a pipe: no network, no driver, no further package."""

import base64
import fcntl
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from select import select
from typing import Any, Literal, NamedTuple

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-pipe",
)
PATIENCE_SECONDS = 30.0
"""For one reply: a machine may be busy, and a browser that is gone never replies."""

Reply = dict[str, Any]


class BrowserGone(Exception):
    """The browser ended, or did not reply."""


class View(NamedTuple):
    """How a page is looked at."""

    width: int
    dark: bool = False
    media: Literal["screen", "print"] = "screen"


@dataclass(frozen=True)
class Page:
    """One tab."""

    browser: "Browser"
    session: str

    def open(self, file: Path) -> None:
        """Returns when the file is loaded."""
        self.browser.ask("Page.navigate", self.session, url=file.resolve().as_uri())
        self.run("new Promise(ok => document.readyState == 'complete' ? ok() : onload = ok)")

    def look(self, view: View) -> None:
        """Lay the page out as it shows in this view."""
        scheme = "dark" if view.dark else "light"
        self.browser.ask(
            "Emulation.setDeviceMetricsOverride",
            self.session,
            width=view.width, height=900, deviceScaleFactor=1, mobile=view.width < 600,
        )  # fmt: skip
        self.browser.ask(
            "Emulation.setEmulatedMedia",
            self.session,
            media=view.media, features=[{"name": "prefers-color-scheme", "value": scheme}],
        )  # fmt: skip

    def run(self, script: str) -> Any:
        """The value of a script, in plain JSON values. A promise is waited for."""
        reply = self.browser.ask(
            "Runtime.evaluate",
            self.session,
            expression=script, returnByValue=True, awaitPromise=True,
        )  # fmt: skip
        if "exceptionDetails" in reply:
            raise ValueError(reply["exceptionDetails"]["exception"].get("description"))
        return reply["result"].get("value")

    def picture(self, selector: str = "body", *, most: int = 100_000) -> bytes:
        """An element as PNG, with its whole width and at most so many pixels of its height."""
        box = self.run(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        down = self.run("scrollY")
        reply = self.browser.ask(
            "Page.captureScreenshot",
            self.session,
            format="png",
            captureBeyondViewport=True,
            clip={
                "x": box["x"], "y": box["y"] + down, "scale": 1,
                "width": box["width"], "height": min(box["height"], most),
            },
        )  # fmt: skip
        return base64.b64decode(reply["data"])

    def pdf(self) -> bytes:
        """The page as it prints on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        return base64.b64decode(self.browser.ask("Page.printToPDF", self.session, **paper)["data"])


class Browser:
    """One process; it is asked one thing at a time."""

    def __init__(self, program: str, profile: Path) -> None:
        self._out, theirs_in = _pipe(write=True)
        self._in, theirs_out = _pipe(write=False)
        nothing = os.open(os.devnull, os.O_RDWR)
        self._pid = os.posix_spawn(
            program,
            [program, *OPTIONS, f"--user-data-dir={profile}"],
            os.environ | {"HOME": str(profile)},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_DUP2, nothing, 1),
                (os.POSIX_SPAWN_DUP2, nothing, 2),
            ],
            setpgroup=0,
        )
        for each in (theirs_in, theirs_out, nothing):
            os.close(each)
        self._asked = 0
        self._rest = b""

    def page(self) -> Page:
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, attached["sessionId"])

    def ask(self, method: str, session: str = "", **params: Any) -> Reply:
        """The result of one command. Raises `BrowserGone`, or `ValueError` when it is refused."""
        self._asked += 1
        told = {"id": self._asked, "method": method, "params": params}
        told |= {"sessionId": session} if session else {}
        _write(self._out, json.dumps(told).encode() + b"\0")
        while True:
            heard = json.loads(self._next())
            if heard.get("id") == self._asked:
                if "error" in heard:
                    raise ValueError(f"{method}: {heard['error']['message']}")
                result: Reply = heard["result"]
                return result

    def close(self) -> None:
        """End the process and all that it started."""
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _next(self) -> bytes:
        while b"\0" not in self._rest:
            ready, _, _ = select([self._in], [], [], PATIENCE_SECONDS)
            block = os.read(self._in, 1 << 20) if ready else b""
            if not block:
                raise BrowserGone("the browser ended, or did not reply in time")
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return message


def program() -> str | None:
    """Where a browser is installed, if one is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def opened(program: str) -> Iterator[Browser]:
    """A browser with a profile of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        browser = Browser(program, Path(profile))
        try:
            yield browser
        finally:
            browser.close()


def _pipe(*, write: bool) -> tuple[int, int]:
    """Our end and theirs; neither is one of the low numbers that theirs is moved to."""
    read_end, write_end = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read_end, write_end)]
    os.close(read_end)
    os.close(write_end)
    return (high[1], high[0]) if write else (high[0], high[1])


def _write(end: int, told: bytes) -> None:
    while told:
        told = told[os.write(end, told) :]
