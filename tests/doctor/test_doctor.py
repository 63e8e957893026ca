"""The doctor: a deployment in order has no problem; each problem has a finding and a remedy."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("google.cloud.bigquery", reason="needs the clients: troupe[gcp]")

from google.api_core import exceptions as api
from google.auth.exceptions import DefaultCredentialsError

from handlers.ports import Job, JobState
from tests.doctor.fakes import PUBSUB_AGENT, DoctorHarness, letters
from tests.faults import replace_method
from tests.notifications.making import SECRET
from troupe.backends.gcp.failures import translated
from troupe.doctor import Finding, exit_code, lines, make_clients
from troupe.doctor.findings import fault, ok, warning

QUOTED = "Kunde: meine Nummer ist"
"""Text that a service may quote in an error; a finding must not contain it."""


@pytest.fixture
def harness() -> DoctorHarness:
    return DoctorHarness()


def test_a_deployment_in_order_has_no_problem(harness: DoctorHarness) -> None:
    """Every check has an ok finding without a remedy."""
    found = harness.findings()

    assert [] == [each for each in found if each.state != "ok" or each.remedy]
    assert 0 == exit_code(found)
    assert {
        "settings", "dataset", "staging dataset", "deployment", "clock", "tables", "source",
        "bucket", "output bucket", "bucket rights", "output rights", "Vertex reads",
        "Vertex writes", "notification", "topics", "push subscriptions",
        "Pub/Sub's service agent", "dead letters",
        "Vertex location", "model", "Vertex", "quota",
    } == {each.name for each in found}  # fmt: skip


def test_notifications_are_shown_by_their_host_alone() -> None:
    """Where this process has the settings; the services have their own."""
    environ = {
        "TROUPE_NOTIFY_URL": "https://example.com/s3cret", "TROUPE_NOTIFY_SECRET": SECRET,
        "TROUPE_NOTIFY_LOG": "true",
    }  # fmt: skip
    found = DoctorHarness(**environ).findings()

    assert [
        "sent from here to https://example.com and the log, signed; `troupe notify RUN` tries it"
    ] == [each.message for each in found if each.name == "notifications"]


def forbidden() -> Exception:
    return api.Forbidden(QUOTED)


Change = Callable[[DoctorHarness], None]


def dataset(name: str, **changed: Any) -> Change:
    return lambda harness: vars(harness.bigquery.datasets[name]).update(changed)


def bucket(name: str, **changed: Any) -> Change:
    return lambda harness: vars(harness.storage.buckets[name]).update(changed)


def attribute(where: str, name: str, value: Any) -> Change:
    return lambda harness: setattr(getattr(harness, where), name, value)


def settings(**changed: Any) -> Change:
    return lambda harness: setattr(harness, "settings", replace(harness.settings, **changed))


PROBLEMS: dict[str, tuple[Change, str, str, str]] = {
    "a variable of an emulator is set": (
        lambda p: p.environ.update(PUBSUB_EMULATOR_HOST="127.0.0.1:1"),
        "settings", "warning", "PUBSUB_EMULATOR_HOST"),
    "the dataset is in another location": (
        dataset("troupe", location="US"), "dataset", "fault", "is in US"),
    "staging tables do not expire": (
        dataset("troupe_staging", default_table_expiration_ms=None),
        "staging dataset", "warning", "no default expiration"),
    "another deployment's dataset": (
        attribute("bigquery", "deployments", ["cd34"]), "deployment", "fault", "'cd34'"),
    "a new dataset": (
        attribute("bigquery", "deployments", []), "deployment", "warning", "is new"),
    "this machine's clock is ahead": (
        attribute("bigquery", "skew", -31.0), "clock", "warning", "differs by 31 s"),
    "this machine's clock is behind": (
        attribute("bigquery", "skew", 40.0), "clock", "warning", "differs by 40 s"),
    "the bucket is in another location": (
        bucket("stories-troupe", location="US"), "bucket", "fault", "is in US"),
    "the output bucket is in another location": (
        bucket("stories-output", location="US"), "output bucket", "warning", "is in US"),
    "deleted objects are kept": (
        bucket("stories-output",
               soft_delete_policy=SimpleNamespace(retention_duration_seconds=604800)),
        "output bucket", "warning", "7 days"),
    "the output may be made public": (
        bucket("stories-output",
               iam_configuration=SimpleNamespace(public_access_prevention="inherited")),
        "output bucket", "warning", "public"),
    "this account lacks a permission": (
        bucket("stories-output", test_iam_permissions=lambda needed, **_: needed[:1]),
        "output rights", "warning", "storage.objects.list"),
    "Vertex lacks a role": (
        bucket("stories-output", get_iam_policy=lambda **_: SimpleNamespace(bindings=[])),
        "Vertex writes", "warning", "a job fails at its end"),
    "the bucket has no notification": (
        bucket("stories-output", list_notifications=lambda **_: []),
        "notification", "warning", "only the tick"),
    "a topic is missing": (
        lambda p: p.pubsub.topics.pop("job-failed"), "topics", "fault", "job-failed"),
    "a dead-letter topic lacks a role": (
        lambda p: p.pubsub.agents.update({"dead-letter-plan-run": "user:somebody"}),
        "Pub/Sub's service agent", "warning", "at dead-letter-plan-run"),
    "a subscription lacks a role": (
        lambda p: p.pubsub.agents.update({"write-jsonl.batch-planned": "user:somebody"}),
        "Pub/Sub's service agent", "warning", "at write-jsonl.batch-planned"),
    "this account cannot read an IAM policy": (
        lambda p: p.pubsub.agents.update({"dead-letter-plan-run": forbidden()}),
        "Pub/Sub's service agent", "warning", "no permission"),
    "dead letters wait": (
        lambda p: p.bigquery.dead_letters.append(letters(1)),
        "dead letters", "warning", "1 dead letter waits: write-jsonl preflight_failed 1"),
    "the location is global": (
        settings(vertex_location="global"), "Vertex location", "warning", "personal data"),
    "the model is not offered in the location": (
        settings(vertex_location="europe-west4"), "model", "fault", "use vertex_location eu or"),
    "the deployment id is not set": (settings(deployment=""), "quota", "warning", "without the deployment id"),
}  # fmt: skip


def test_vertex_in_another_location_than_the_buckets_is_reported(harness: DoctorHarness) -> None:
    """With the location to use; of a model there nothing may be known, which is said as well."""
    change = settings(vertex_location="us", output_bucket="stories-troupe")
    change(harness)

    problems = harness.problems()
    assert {"bucket": "warning", "model": "warning"} == {
        name: each.state for name, each in problems.items()
    }
    assert "Vertex runs in us" in problems["bucket"].message
    assert problems["bucket"].remedy == "set vertex_location to eu"
    assert "not known whether" in problems["model"].message


def test_a_location_without_confirmed_batch_jobs_is_in_order_and_says_so(
    harness: DoctorHarness,
) -> None:
    """The likeliest location for data in the EU, and the command that settles it."""
    (found,) = (each for each in harness.findings() if each.name == "Vertex location")

    assert ("ok", True) == (found.state, "`troupe --backend gcp doctor --live`" in found.message)


@pytest.mark.parametrize("case", PROBLEMS)
def test_each_problem_has_its_own_finding_and_remedy(harness: DoctorHarness, case: str) -> None:
    """And no other check reports it."""
    change, name, state, message = PROBLEMS[case]
    change(harness)

    problem = harness.problems()
    assert [name] == list(problem)
    assert state == problem[name].state
    assert message in problem[name].message
    assert problem[name].remedy
    assert "\n" not in problem[name].message + problem[name].remedy


def test_missing_settings_are_named(harness: DoctorHarness) -> None:
    """In one finding."""
    harness.settings = replace(harness.settings, project="", vertex_location="")

    assert "fault" == harness.problems()["settings"].state
    assert "project, vertex_location" in harness.problems()["settings"].message


def test_a_slow_query_is_not_a_clock_skew(harness: DoctorHarness) -> None:
    """The server's time is within the time of the query."""
    query = harness.bigquery.query_and_wait

    def slowly(sql: str, **options: object) -> Any:
        harness.clock.pass_(50)
        rows = query(sql, **options)
        harness.clock.pass_(50)
        return rows

    replace_method(harness.bigquery, "query_and_wait", slowly)

    assert {} == harness.problems()


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (api.Forbidden, "Forbidden", "no permission"),
        (api.NotFound, "NotFound", "does not exist"),
        (api.BadRequest, "BadRequest", "refused the query"),
        (api.ServiceUnavailable, "ServiceUnavailable", "has an outage"),
        (api.TooManyRequests, "TooManyRequests", "quota"),
        (DefaultCredentialsError, "DefaultCredentialsError", "no valid credentials"),
        (ConnectionRefusedError, "ConnectionRefusedError", "cannot be reached"),
        (KeyError, "KeyError", "the check failed"),
    ],
)
def test_an_error_hides_no_other_check_and_quotes_nothing(
    harness: DoctorHarness, error: type[Exception], kind: str, message: str
) -> None:
    """One error is one finding; all further checks still run."""
    harness.bigquery.datasets["troupe"] = error(QUOTED)
    names = {each.name for each in DoctorHarness().findings()}

    found = harness.findings()
    (problem,) = [each for each in found if each.state != "ok"]

    assert ("dataset", "fault") == (problem.name, problem.state)
    assert message in problem.message
    assert kind in problem.message
    assert problem.remedy
    assert QUOTED not in repr(found)
    assert names == {each.name for each in found}


def test_a_client_that_cannot_be_made_is_a_finding_for_each_of_its_checks(
    harness: DoctorHarness,
) -> None:
    """Without credentials; the tables share one finding, and other services are checked."""

    def fail() -> Any:
        raise DefaultCredentialsError(QUOTED)

    harness.clients = replace(harness.clients, bigquery=fail)

    problem = harness.problems()
    assert [
        "dataset", "staging dataset", "deployment", "clock", "tables", "source", "dead letters",
    ] == list(problem)  # fmt: skip
    assert all("log in" in each.remedy for each in problem.values())
    assert len(problem) == sum(each.state != "ok" for each in harness.findings())


def test_an_error_of_ours_is_reported_by_the_class_of_its_cause(
    harness: DoctorHarness,
) -> None:
    """The job service translates Google's exceptions."""
    with pytest.raises(Exception, match="listing") as ours, translated("vertex:list", "listing"):
        raise api.Forbidden(QUOTED)
    harness.job_service.jobs = ours.value

    assert "Forbidden" in harness.problems()["Vertex"].message
    assert "roles/aiplatform.user" in harness.problems()["Vertex"].remedy


def test_jobs_that_wait_for_long_are_reported_with_the_documented_reason(
    harness: DoctorHarness,
) -> None:
    """Two of four jobs wait, one runs, one has ended."""
    at = harness.clock()
    job = Job(name="j1", state=JobState.PENDING, labels={}, created_at=at - timedelta(hours=40))
    harness.job_service.jobs = [
        job,
        replace(job, name="j2", created_at=at),
        replace(job, name="j3", state=JobState.RUNNING, started_at=at),
        replace(job, name="j4", state=JobState.SUCCEEDED),
    ]

    finding = harness.problems()["quota"]
    assert "2 jobs wait, the oldest for 40.0 of 72 h, 1 running" in finding.message
    assert "has no quota" in finding.message
    assert [{"troupe": "ab12"}] == harness.job_service.labels


def test_a_fault_makes_the_exit_code_1() -> None:
    """Warnings do not."""
    assert 0 == exit_code([ok("a", "x"), warning("b", "y", "z")])
    assert 1 == exit_code([fault("a", "x", "y"), ok("b", "y")])


def test_a_finding_is_a_line_and_its_remedy_another() -> None:
    """The counts are at the end."""
    found: list[Finding] = [ok("one", "fine"), warning("another", "odd", "correct it")]

    assert [
        "ok       one      fine",
        "warning  another  odd",
        "                  -> correct it",
        "1 ok, 1 warning, 0 faults",
    ] == lines(found)


def test_equal_findings_are_printed_once_and_counted_each() -> None:
    """One line names all checks with the same message and remedy."""
    found = [fault(name, "no way in", "log in") for name in ("a", "b", "a", "c")]

    assert [
        "fault    a  no way in; the same for b, c",
        "            -> log in",
        "0 ok, 0 warnings, 4 faults",
    ] == lines(found)


def test_credentials_are_searched_for_once_per_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when there are none."""
    calls: list[object] = []

    def fail(_: object) -> Any:
        calls.append(_)
        raise DefaultCredentialsError(QUOTED)

    monkeypatch.setattr("troupe.doctor.checks.bigquery_client", fail)
    clients = make_clients(DoctorHarness().settings)
    for _ in range(3):
        with pytest.raises(DefaultCredentialsError):
            clients.bigquery()

    assert 1 == len(calls)


def test_another_role_is_not_enough(harness: DoctorHarness) -> None:
    """A viewer cannot publish."""
    members = [PUBSUB_AGENT]
    viewer = SimpleNamespace(role="roles/pubsub.viewer", members=members)
    policy = SimpleNamespace(bindings=[viewer])
    replace_method(harness.pubsub, "get_iam_policy", lambda **_: policy)

    assert "dead-letter-plan-run" in harness.problems()["Pub/Sub's service agent"].message
