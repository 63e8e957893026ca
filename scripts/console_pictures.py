"""Pages of the console over a sample run, for the documentation's pictures."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from scripts.browser import Page, View
from scripts.sample_runs import OWN, RUN, SampleRun
from troupe.cli.target import Target
from troupe.console.app import make_app
from troupe.console.client import Client
from troupe.console.live import LiveRuns
from troupe.console.security import TokenSessions
from troupe.console.server import Listen, Server, bound_to, hosts_of
from troupe.operations.quality.review_record import save_review, show_review
from troupe.operations.quality.review_sample import record_review, review_sample
from troupe.operations.run_status import Status, Worker

OPEN_FIRST = "document.querySelector('tbody a').click()"
Pictures = dict[str, tuple[str, str, View, int]]
"""Address, a script that is run there, view, and most pixels of the height."""

PICTURES: Pictures = {
    "console-runs": ("/", "", View(1100), 900),
    "console-run": (f"/runs/{RUN}", "", View(1100), 1250),
    "console-run-phone": (f"/runs/{RUN}", "", View(390, dark=True), 1500),
    "console-confirm": (
        f"/runs/{RUN}",
        "document.querySelector('form[action*=cancel]').submit()",
        View(1100),
        700,
    ),
    "console-records": (f"/records?run={RUN}", "", View(1100), 900),
    "console-record": (f"/records?run={RUN}&state=analysed", OPEN_FIRST, View(1100), 900),
    "console-answers": ("/answers", "", View(1100), 1100),
    "console-costs": ("/costs", "", View(1100), 800),
    "console-analysis": ("/analyses/call_review_v1", "", View(1100), 700),
}


def pictures_of_quality(sample: SampleRun, folder: Path) -> Pictures:
    """What is drawn when the runs are over: two versions, a review, and dead letters."""
    second = sample.run_second_version(folder)
    drawn = review_sample(sample.backend, RUN, n=20, by="call_tone")
    rows = [
        {"record_id": each.record_id, "stratum": each.stratum, "weight": each.weight}
        for each in drawn.records
    ]
    record_review(sample.backend, drawn.sample_id, RUN, "call_tone", "0", rows)
    judged = {"call_summary": {"how": "right"}, "call_sentiment_incoming": {"how": "wrong"}}
    first = show_review(sample.backend, drawn.sample_id, "ab").record_id
    save_review(sample.backend, drawn.sample_id, "ab", first, 0, judged)
    wide = View(1100)
    return {
        "console-compare": (f"/compare?a={OWN.name}&b={second}", "", wide, 1250),
        "console-review": (f"/review/{drawn.sample_id}/ab/{first}", "", wide, 900),
        "console-dead-letters": ("/dead-letters", "", wide, 700),
    }


def draw(
    page: Page, sample: SampleRun, write: Callable[[str, bytes], None], pictures: Pictures
) -> None:
    """Draw pages of the console over the runs, as they stand."""
    with _served(sample) as (address, token):
        page.go(f"{address}/?token={token}")
        for name, (path, script, view, height) in pictures.items():
            page.set_view(view)
            page.go(address + path)
            if script:
                page.run(script)
                _wait_for(page, ".lines, .transcript")
            write(f"{name}.png", page.picture(max_height=height))
        page.go("about:blank")


def _wait_for(page: Page, selector: str) -> None:
    """Wait for the page that a form leads to; while one page follows another there is none to ask."""
    for _ in range(200):
        with suppress(ValueError):
            if page.run(
                f"document.readyState == 'complete' && !!document.querySelector({selector!r})"
            ):
                return
        time.sleep(0.05)
    raise TimeoutError(f"no page with {selector}")


@contextmanager
def _served(sample: SampleRun) -> Iterator[tuple[str, str]]:
    """Serve the console in a thread; yield its address and a token."""

    def ask(operation: Callable[..., Any], **arguments: Any) -> Any:
        found = operation(sample.backend, **arguments)
        if isinstance(found, Status):
            return msgspec.structs.replace(found, worker=Worker(pid=4711))
        return found

    listen, sessions = Listen(), TokenSessions()
    client = Client(Target(sample.backend.home), ask=ask)
    with bound_to(listen) as bound:
        hosts = hosts_of(listen, bound.getsockname()[1])
        app = make_app(client, sessions, hosts)
        live: LiveRuns = app.app.state.live  # type: ignore[attr-defined]  # the guard's application
        live.now, live.clock = sample.clock, lambda: sample.clock().timestamp()
        server = Server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield f"http://{hosts[0]}", sessions.token
        finally:
            server.should_exit = True
            thread.join()
