"""The Google Cloud backend: the dependencies of a service, and the deployment of the dataset."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from events import Envelope, RunRequested, wrap_command
from handlers.dispatch.errors import Redeliver
from tests.gcp.making import gcp_settings
from tests.local.fakes import HeldClock
from troupe.backends.gcp.backend import GcpBackend, ensure_deployment, needs_of_service
from troupe.backends.gcp.online_model import VertexOnlineModel
from troupe.backends.gcp.settings import BadSetting, known_handlers
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse
from troupe.deployment.services import DEPLOYMENT_TABLE, INITIALIZER, groupings


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[LocalWarehouse]:
    """Empty tables, as Terraform creates them."""
    made = LocalWarehouse(tmp_path / "w.duckdb", HeldClock(), LocalBucket(tmp_path / "b"))
    yield made
    made.close()


def test_a_new_dataset_gets_one_deployment_id(warehouse: LocalWarehouse) -> None:
    """The first caller writes it, the others read it."""
    assert (
        "ab12" == ensure_deployment(warehouse, "ab12").id == ensure_deployment(warehouse, "ab12").id
    )
    assert "ab12" == ensure_deployment(warehouse, "").id
    assert [{"n": 1}] == warehouse.query("SELECT COUNT(*) AS n FROM planning_lock", {})


def test_a_new_dataset_without_an_id_is_refused(warehouse: LocalWarehouse) -> None:
    """Two processes would generate two."""
    with pytest.raises(BadSetting, match="TROUPE_DEPLOYMENT is not set"):
        ensure_deployment(warehouse, "")


def test_a_dataset_of_another_deployment_is_refused(warehouse: LocalWarehouse) -> None:
    """Its ids would collide with ours."""
    ensure_deployment(warehouse, "ab12")

    with pytest.raises(BadSetting, match="deployment 'ab12'"):
        ensure_deployment(warehouse, "cd34")


def test_the_creation_of_a_deployment_by_another_process_is_waited_for(
    warehouse: LocalWarehouse,
) -> None:
    """Its job exists, and its row does not yet."""
    warehouse.run_once("troupe__create_deployment__ab12", "SELECT 1", {})

    with pytest.raises(Redeliver):
        ensure_deployment(warehouse, "ab12")


def test_only_a_service_with_permission_creates_the_deployment(
    warehouse: LocalWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denied job uses up an id: the ticks of one night would leave none."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    others = [name for name in known_handlers() if name != INITIALIZER]

    for name in others:
        with pytest.raises(Redeliver, match="no deployment id yet"):
            GcpBackend(gcp_settings(TROUPE_HANDLER=name), warehouse=warehouse)
    assert [{"n": 0}] == warehouse.query("SELECT COUNT(*) AS n FROM local_jobs", {})

    GcpBackend(gcp_settings(TROUPE_HANDLER=INITIALIZER), warehouse=warehouse)
    GcpBackend(gcp_settings(TROUPE_HANDLER="settle-batch"), warehouse=warehouse)


def test_the_initializer_may_write_the_deployment_table() -> None:
    """By the permissions that Terraform grants, in both groupings."""
    assert len(groupings()) == 2
    for services in groupings().values():
        writers = [each for each in services if DEPLOYMENT_TABLE in each["tables"]["writes"]]
        (initializer,) = [each for each in services if INITIALIZER in each["handlers"]]
        assert initializer in writers


@pytest.mark.parametrize(
    ("handler", "needed", "not_needed"),
    [
        ("submit-job", {"job_service", "bucket", "tracking"}, set()),
        ("watch-jobs", {"job_service", "event_log"}, set()),
        ("settle-batch", set(), {"job_service", "bucket"}),
        ("advance-run", {"tracking"}, {"job_service", "bucket"}),
        ("process-results", {"bucket"}, {"job_service"}),
        ("write-jsonl", {"bucket"}, {"job_service"}),
        ("plan-run", {"tracking"}, {"job_service", "bucket"}),
    ],
)
def test_a_service_gets_the_dependencies_that_its_handlers_name(
    handler: str, needed: set[str], not_needed: set[str]
) -> None:
    """They are read from the code."""
    needs = needs_of_service(gcp_settings(TROUPE_HANDLER=handler))

    assert needed <= needs
    assert not not_needed & needs


def test_the_compact_service_needs_what_all_services_need() -> None:
    """The union of their dependencies."""
    each = (needs_of_service(gcp_settings(TROUPE_HANDLER=h)) for h in known_handlers())

    assert needs_of_service(gcp_settings()) == frozenset[str]().union(*each)


def test_a_missing_dependency_raises_an_error_with_its_name(
    warehouse: LocalWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a handler uses more than it declares."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    ensure_deployment(warehouse, "ab12")
    backend = GcpBackend(gcp_settings(TROUPE_HANDLER="settle-batch"), warehouse=warehouse)

    with pytest.raises(AttributeError, match="no job_service"):
        backend.dependencies.job_service.find({})
    with pytest.raises(AttributeError, match="no bucket"):
        backend.dependencies.bucket.list("gs://x")


def test_a_command_is_published_and_writes_no_table(
    warehouse: LocalWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Operators have no right to write; the service of its handler records it on arrival."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    backend = GcpBackend(gcp_settings(TROUPE_HANDLER="plan-run"), HeldClock(), warehouse=warehouse)
    request = wrap_command(
        RunRequested(run_id="r1"), deployment=backend.deployment, id_="w1", time=backend.clock()
    )
    published: list[Envelope] = []
    monkeypatch.setattr(backend.bus, "publish", published.extend)

    backend.publish(request)

    assert [request] == published
    assert [(0,)] == warehouse.db.execute("SELECT count(*) FROM events").fetchall()


def test_an_operator_s_preview_counts_with_the_models_of_the_deployment(
    warehouse: LocalWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No client is made before something is counted."""
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "127.0.0.1:1")
    backend = GcpBackend(gcp_settings(TROUPE_HANDLER="plan-run"), warehouse=warehouse)

    assert isinstance(backend.token_counter("gemini-x"), VertexOnlineModel)
