"""The shutdown of a service: deliveries in flight are answered, new ones are refused."""

import threading
import urllib.error
import urllib.request

import pytest
import uvicorn

from tests.cloud.pubsub_emulator import wait_until
from tests.emulators.servers import free_port
from tests.gcp.making import gcp_settings
from tests.gcp.serving import FakeBackend, Slow, message
from tests.harness import LocalHarness
from troupe.backends.gcp.app import Service
from troupe.backends.pubsub_push import wrapped_push


def posted(port: int) -> int:
    push = wrapped_push(
        message("watch-tick", b"x", {}), "projects/stories/subscriptions/watch-jobs.watch-tick"
    )
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/", data=push.body, headers=dict(push.headers)
    )
    with urllib.request.urlopen(request, timeout=60) as reply:  # noqa: S310
        return int(reply.status)


def test_at_shutdown_deliveries_in_flight_are_answered_and_new_ones_refused(
    harness: LocalHarness,
) -> None:
    """As after SIGTERM."""
    slow = Slow(FakeBackend(harness.backend.dependencies))
    service = Service(gcp_settings(TROUPE_CONCURRENCY=1), lambda: slow)
    port = free_port()
    config = uvicorn.Config(service.app(), host="127.0.0.1", port=port, log_config=None)
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run)
    serving.start()
    wait_until(lambda: server.started, 30, "the service")
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(posted(port)))
    asking.start()
    slow.entered.acquire()

    server.should_exit = True
    wait_until(lambda: not any(each.is_serving() for each in server.servers), 30, "its end")
    with pytest.raises(urllib.error.URLError):
        posted(port)
    slow.gate.set()
    asking.join()
    serving.join()

    assert [204] == answers
