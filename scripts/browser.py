"""Control a headless Chromium through a pipe with the DevTools protocol.

No network port, no driver and no further package is needed.
"""

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
REPLY_SECONDS = 30.0
"""Timeout of one reply."""
_TEXTS = {"Enter": "\r"}
_CODES = {"Enter": 13, "Escape": 27, "Tab": 9}
"""Keys that are no character."""

Reply = dict[str, Any]


class BrowserGone(Exception):
    """The browser exited, or did not reply in time."""


class View(NamedTuple):
    """Width, colour scheme and medium of a page."""

    width: int
    dark: bool = False
    media: Literal["screen", "print"] = "screen"


@dataclass(frozen=True)
class Page:
    """One tab of the browser."""

    browser: "Browser"
    session: str

    def open(self, file: Path) -> None:
        """Open an HTML file; returns when it is loaded."""
        self.go(file.resolve().as_uri())

    def go(self, address: str) -> None:
        """Open an address; returns when it is loaded, without waiting for a stream."""
        self.browser.call("Page.navigate", self.session, url=address)
        self.run("new Promise(ok => document.readyState == 'complete' ? ok() : onload = ok)")

    def set_view(self, view: View) -> None:
        """Lay the page out for this view."""
        scheme = "dark" if view.dark else "light"
        self.browser.call(
            "Emulation.setDeviceMetricsOverride",
            self.session,
            width=view.width, height=900, deviceScaleFactor=1, mobile=view.width < 600,
        )  # fmt: skip
        self.browser.call(
            "Emulation.setEmulatedMedia",
            self.session,
            media=view.media, features=[{"name": "prefers-color-scheme", "value": scheme}],
        )  # fmt: skip

    def run(self, script: str) -> Any:
        """Run JavaScript; returns its value in JSON values, after awaiting a promise."""
        reply = self.browser.call(
            "Runtime.evaluate",
            self.session,
            expression=script, returnByValue=True, awaitPromise=True,
        )  # fmt: skip
        if "exceptionDetails" in reply:
            raise ValueError(reply["exceptionDetails"]["exception"].get("description"))
        return reply["result"].get("value")

    def press(self, *keys: str) -> None:
        """Press keys one after the other: a character, or a name such as `Escape`."""
        for key in keys:
            text = _TEXTS.get(key, key if len(key) == 1 else "")
            code = {"windowsVirtualKeyCode": _CODES[key]} if key in _CODES else {}
            for kind in ("keyDown", "keyUp"):
                self.browser.call(
                    "Input.dispatchKeyEvent", self.session, type=kind, key=key,
                    **code, **({"text": text} if text and kind == "keyDown" else {}),
                )  # fmt: skip

    def write(self, text: str) -> None:
        """Replace what stands in the field in focus."""
        self.run("document.activeElement.select()")
        self.browser.call("Input.insertText", self.session, text=text)

    def picture(self, selector: str = "body", *, max_height: int = 100_000) -> bytes:
        """A PNG of an element, at most so many pixels high."""
        box = self.run(f"document.querySelector({selector!r}).getBoundingClientRect().toJSON()")
        scrolled = self.run("scrollY")
        reply = self.browser.call(
            "Page.captureScreenshot",
            self.session,
            format="png",
            captureBeyondViewport=True,
            clip={
                "x": box["x"], "y": box["y"] + scrolled, "scale": 1,
                "width": box["width"], "height": min(box["height"], max_height),
            },
        )  # fmt: skip
        return base64.b64decode(reply["data"])

    def pdf(self) -> bytes:
        """The page as a PDF in A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False}
        return base64.b64decode(self.browser.call("Page.printToPDF", self.session, **paper)["data"])


class Browser:
    """One browser process, which runs one command at a time."""

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
        self._commands = 0
        self._rest = b""

    def page(self) -> Page:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        return Page(self, attached["sessionId"])

    def call(self, method: str, session: str = "", **params: Any) -> Reply:
        """Run one command and return its result.

        Raises `BrowserGone`, or `ValueError` when the browser returns an error.
        """
        self._commands += 1
        command = {"id": self._commands, "method": method, "params": params}
        command |= {"sessionId": session} if session else {}
        _write(self._out, json.dumps(command).encode() + b"\0")
        while True:
            reply = json.loads(self._next())
            if reply.get("id") == self._commands:
                if "error" in reply:
                    raise ValueError(f"{method}: {reply['error']['message']}")
                result: Reply = reply["result"]
                return result

    def close(self) -> None:
        """Kill the process and its children."""
        os.close(self._out)
        os.close(self._in)
        os.killpg(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def _next(self) -> bytes:
        while b"\0" not in self._rest:
            ready, _, _ = select([self._in], [], [], REPLY_SECONDS)
            block = os.read(self._in, 1 << 20) if ready else b""
            if not block:
                raise BrowserGone("the browser exited, or did not reply in time")
            self._rest += block
        message, _, self._rest = self._rest.partition(b"\0")
        return message


def program() -> str | None:
    """The path of an installed browser; None without one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@contextmanager
def opened(program: str) -> Iterator[Browser]:
    """A browser with a temporary profile, closed after the block."""
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        browser = Browser(program, Path(profile))
        try:
            yield browser
        finally:
            browser.close()


def _pipe(*, write: bool) -> tuple[int, int]:
    """Our end and the browser's, with numbers above those that its end is moved to (3 and 4)."""
    read_end, write_end = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read_end, write_end)]
    os.close(read_end)
    os.close(write_end)
    return (high[1], high[0]) if write else (high[0], high[1])


def _write(end: int, data: bytes) -> None:
    while data:
        data = data[os.write(end, data) :]
