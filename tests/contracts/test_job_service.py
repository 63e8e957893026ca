"""Vertex AI in both forms: the stand-in in process, and over HTTP by the official client."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handlers.ports import Model
from tests.contracts.job_service_suite import ModelSuite, Opened
from troupe.backends.local.job_service import LocalModel
from troupe.standin.http_server import VertexServer
from troupe.standin.vertex import StandIn


class TestInProcess(ModelSuite):
    """What a laptop has."""

    @pytest.fixture
    def opened(self) -> Opened:
        @contextmanager
        def inside(service: StandIn) -> Iterator[Model]:
            yield LocalModel(service)

        return inside


class TestOverHttp(ModelSuite):
    """The generated client, its REST transport and its errors."""

    @pytest.fixture
    def opened(self) -> Opened:
        from tests.gcp.making import cloud_settings
        from troupe.backends.gcp.job_service import VertexModel

        @contextmanager
        def over_http(service: StandIn) -> Iterator[Model]:
            server = VertexServer(service, works=False)
            server.start()
            try:
                yield VertexModel(cloud_settings(TROUPE_VERTEX_ENDPOINT=server.address))
            finally:
                server.close()

        return over_http
