"""The process of one service on Cloud Run: `python -m troupe.backends.gcp.service`.

Environment variables choose its handlers. `app.py` has the ASGI application that it runs.
"""

import logging
import os
import signal
import sys
from types import FrameType

import uvicorn

from troupe.telemetry import configured

from .app import Service
from .backend import GcpBackend
from .cloud_logging import log_to_stdout
from .push_token import PushIdentity
from .settings import BadSetting, GcpSettings, read_settings

LAST_SECONDS = 9
"""How long deliveries may take after SIGTERM; Cloud Run kills after ten (documented)."""

LOG = logging.getLogger("troupe.service")


def serve(service: Service, settings: GcpSettings) -> None:
    """Serve until SIGTERM, then accept no request, and wait for the deliveries in flight."""
    config = uvicorn.Config(
        service.app(),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    # Uvicorn handles SIGTERM while it runs, and raises it again when all requests are answered.
    signal.signal(signal.SIGTERM, _end)
    uvicorn.Server(config).run()


def _end(number: int, frame: FrameType | None) -> None:
    """Exit without waiting for threads over their time budget: Pub/Sub redelivers their messages."""
    LOG.info("ended")
    logging.shutdown()
    os._exit(0)


def main() -> None:
    try:
        settings = read_settings(os.environ)
        PushIdentity.of(settings)
    except BadSetting as error:
        log_to_stdout(os.environ.get("TROUPE_PROJECT", ""))
        LOG.critical("bad-setting", extra={"why": str(error)})
        sys.exit(2)
    log_to_stdout(settings.project)
    service = Service(settings, lambda: GcpBackend(settings), configured(os.environ))
    serve(service, settings)


if __name__ == "__main__":
    main()
