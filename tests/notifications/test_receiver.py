"""The receiver of the documentation takes what is ours, once, and nothing else."""

import runpy
import time
from pathlib import Path

import pytest

from tests.endpoint.server import Said, serving
from tests.local.fakes import HeldClock
from troupe.notifications.settings import NotifySettings
from troupe.notifications.webhook import Webhook

from .making import KEY, SECRET, ended

DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "examples" / "receiver.py"


def test_the_page_shows_the_check_of_the_receiver() -> None:
    """Word for word."""
    page = (DOCS / "how-to" / "notify.md").read_text(encoding="utf-8")
    shown = page.partition("```python\n")[2].partition("```")[0]

    assert shown.startswith("def is_authentic")
    assert shown in FILE.read_text(encoding="utf-8")


def test_the_receiver_takes_authentic_requests_of_now_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not with another body or key, and not an old request that somebody repeats."""
    is_authentic = runpy.run_path(str(FILE))["is_authentic"]
    clock = HeldClock()
    with serving(lambda _: Said({}, 204)) as server:
        Webhook(NotifySettings(url=server.url, key=KEY), clock).send(ended())
        (asked,) = server.posts
    headers = {name.lower(): value for name, value in asked.headers.items()}

    monkeypatch.setattr(time, "time", lambda: clock().timestamp() + 200)
    assert is_authentic(headers, asked.data, SECRET)
    assert not is_authentic(headers, asked.data + b" ", SECRET)
    assert not is_authentic(headers, asked.data, SECRET[:-5] + "AAAA=")
    assert not is_authentic(headers | {"webhook-id": "n-other"}, asked.data, SECRET)
    monkeypatch.setattr(time, "time", lambda: clock().timestamp() + 400)
    assert not is_authentic(headers, asked.data, SECRET)
