"""The job service in its forms: the stand-in in process, and by Google's client over REST and gRPC."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from handlers.ports import JobService
from tests.contracts.job_service_suite import JobServiceSuite, Opened
from tests.standin.vertex_server import VertexServer
from troupe.backends.local.job_service import LocalJobService
from troupe.standin.vertex import StandIn


class TestInProcess(JobServiceSuite):
    """The local backend's job service."""

    @pytest.fixture
    def opened(self) -> Opened:
        @contextmanager
        def inside(service: StandIn) -> Iterator[JobService]:
            yield LocalJobService(service)

        return inside


class TestOverHttp(JobServiceSuite):
    """The cloud backend's job service: Google's client, its REST transport and its errors."""

    @pytest.fixture
    def opened(self) -> Opened:
        from tests.gcp.making import gcp_settings
        from troupe.backends.gcp.job_service import VertexJobService

        @contextmanager
        def over_http(service: StandIn) -> Iterator[JobService]:
            server = VertexServer(service, works=False)
            server.start()
            try:
                yield VertexJobService(gcp_settings(TROUPE_VERTEX_ENDPOINT=server.address))
            finally:
                server.close()

        return over_http


class TestOverGrpc(JobServiceSuite):
    """The deployment's transport: Google's client, gRPC and its errors."""

    @pytest.fixture
    def opened(self) -> Opened:
        from tests.gcp.making import gcp_settings
        from tests.standin.vertex_grpc import VertexGrpcServer
        from troupe.backends.gcp.job_service import VertexJobService

        @contextmanager
        def over_grpc(service: StandIn) -> Iterator[JobService]:
            rest = VertexServer(service, works=False)
            server = VertexGrpcServer(rest)
            rest.start()
            server.start()
            try:
                yield VertexJobService(gcp_settings(TROUPE_VERTEX_ENDPOINT=server.address))
            finally:
                server.close()
                rest.close()

        return over_grpc
