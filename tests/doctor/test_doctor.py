"""The doctor: a healthy deployment has nothing, and each illness has its own line and remedy."""

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
from tests.doctor.fakes import PUBSUB_AGENT, DoctorHarness, letter
from troupe.doctor import Finding, exit_code, lines, make_clients
from troupe.doctor.findings import fault, ok, warning

QUOTED = "Kunde: meine Nummer ist"
"""What a service might quote; no finding may."""


@pytest.fixture
def harness() -> DoctorHarness:
    return DoctorHarness()


def test_a_healthy_deployment_has_nothing(harness: DoctorHarness) -> None:
    """Every check says so in a line of its own, and has no remedy."""
    found = harness.findings()

    assert [] == [each for each in found if each.state != "ok" or each.remedy]
    assert 0 == exit_code(found)
    assert {
        "settings", "dataset", "staging dataset", "deployment", "clock", "tables", "source",
        "bucket", "output bucket", "bucket rights", "output rights", "Vertex reads",
        "Vertex writes", "notification", "topics", "pushes", "people's letters",
        "Pub/Sub's agent", "dead letters",
        "Vertex location", "Vertex", "quota",
    } == {each.name for each in found}  # fmt: skip


def forbidden() -> Exception:
    return api.Forbidden(QUOTED)  # type: ignore[no-untyped-call]


Change = Callable[[DoctorHarness], None]


def dataset(name: str, **changed: Any) -> Change:
    return lambda harness: vars(harness.bigquery.datasets[name]).update(changed)


def bucket(name: str, **changed: Any) -> Change:
    return lambda harness: vars(harness.storage.buckets[name]).update(changed)


def attribute(where: str, name: str, value: Any) -> Change:
    return lambda harness: setattr(getattr(harness, where), name, value)


def settings(**changed: Any) -> Change:
    return lambda harness: setattr(harness, "settings", replace(harness.settings, **changed))


ILLNESSES: dict[str, tuple[Change, str, str, str]] = {
    "an emulator's variable is left": (
        lambda p: p.environ.update(PUBSUB_EMULATOR_HOST="127.0.0.1:1"),
        "settings", "warning", "PUBSUB_EMULATOR_HOST"),
    "the dataset lies elsewhere": (
        dataset("troupe", location="US"), "dataset", "fault", "lies in US"),
    "staged answers stay": (
        dataset("troupe_staging", default_table_expiration_ms=None),
        "staging dataset", "warning", "never expire"),
    "another deployment's dataset": (
        attribute("bigquery", "deployments", ["cd34"]), "deployment", "fault", "'cd34'"),
    "a new dataset": (
        attribute("bigquery", "deployments", []), "deployment", "warning", "is new"),
    "this machine's clock is ahead": (
        attribute("bigquery", "skew", -31.0), "clock", "warning", "31 s away"),
    "this machine's clock is behind": (
        attribute("bigquery", "skew", 40.0), "clock", "warning", "40 s away"),
    "the bucket lies elsewhere": (
        bucket("stories-troupe", location="US"), "bucket", "fault", "lies in US"),
    "the output lies elsewhere": (
        bucket("stories-output", location="US"), "output bucket", "warning", "lies in US"),
    "Vertex works elsewhere": (
        settings(vertex_location="us-central1", output_bucket="stories-troupe"),
        "bucket", "warning", "Vertex works in us-central1"),
    "what was deleted is kept": (
        bucket("stories-output",
               soft_delete_policy=SimpleNamespace(retention_duration_seconds=604800)),
        "output bucket", "warning", "7 days"),
    "the output may be opened": (
        bucket("stories-output",
               iam_configuration=SimpleNamespace(public_access_prevention="inherited")),
        "output bucket", "warning", "public"),
    "this account may not read": (
        bucket("stories-output", test_iam_permissions=lambda needed, **_: needed[:1]),
        "output rights", "warning", "storage.objects.list"),
    "Vertex may not write": (
        bucket("stories-output", get_iam_policy=lambda **_: SimpleNamespace(bindings=[])),
        "Vertex writes", "warning", "at its very end"),
    "nobody is told of new files": (
        bucket("stories-output", list_notifications=lambda **_: []),
        "notification", "warning", "by the tick alone"),
    "a topic is missing": (
        lambda p: p.pubsub.topics.pop("job-failed"), "topics", "fault", "job-failed"),
    "nothing can be given up to a topic": (
        lambda p: p.pubsub.agents.update({"dead-letter-plan-run": "user:somebody"}),
        "Pub/Sub's agent", "warning", "at dead-letter-plan-run"),
    "nothing can be given up from a subscription": (
        lambda p: p.pubsub.agents.update({"write-jsonl.batch-planned": "user:somebody"}),
        "Pub/Sub's agent", "warning", "at write-jsonl.batch-planned"),
    "who may do what is not for this account": (
        lambda p: p.pubsub.agents.update({"dead-letter-plan-run": forbidden()}),
        "Pub/Sub's agent", "warning", "may not be looked at"),
    "dead letters wait": (
        lambda p: p.pubsub.messages.update({"people.dead-letter-write-jsonl": [letter("1")]}),
        "dead letters", "warning", "1 letter waits: write-jsonl preflight_failed 1"),
    "no residency": (
        settings(vertex_location="global"), "Vertex location", "warning", "personal data"),
    "nobody has tried this place": (
        settings(vertex_location="eu"), "Vertex location", "warning", "no document"),
    "no id to count jobs by": (settings(deployment=""), "quota", "warning", "not known"),
}  # fmt: skip


@pytest.mark.parametrize("story", ILLNESSES)
def test_each_illness_has_its_own_line_and_remedy(harness: DoctorHarness, story: str) -> None:
    """And no other."""
    make_ill, name, state, message = ILLNESSES[story]
    make_ill(harness)

    problem = harness.problem()
    assert [name] == list(problem)
    assert state == problem[name].state
    assert message in problem[name].message
    assert problem[name].remedy
    assert "\n" not in problem[name].message + problem[name].remedy


def test_a_setting_that_is_missing_is_named(harness: DoctorHarness) -> None:
    """All of them at once."""
    harness.settings = replace(harness.settings, project="", vertex_location="")

    assert "fault" == harness.problem()["settings"].state
    assert "project, vertex_location" in harness.problem()["settings"].message


def test_a_slow_query_is_no_skew(harness: DoctorHarness) -> None:
    """The server's time lies within the time of the query."""
    ask = harness.bigquery.query_and_wait

    def slowly(sql: str, **given: object) -> Any:
        harness.clock.pass_(50)
        answer = ask(sql, **given)
        harness.clock.pass_(50)
        return answer

    harness.bigquery.query_and_wait = slowly  # type: ignore[method-assign]

    assert {} == harness.problem()


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (api.Forbidden, "Forbidden", "may not be looked at"),
        (api.NotFound, "NotFound", "is not there"),
        (api.BadRequest, "BadRequest", "refused the query"),
        (api.ServiceUnavailable, "ServiceUnavailable", "in trouble"),
        (api.TooManyRequests, "TooManyRequests", "quota"),
        (DefaultCredentialsError, "DefaultCredentialsError", "no credentials"),
        (ConnectionRefusedError, "ConnectionRefusedError", "cannot be reached"),
        (KeyError, "KeyError", "could not be examined"),
    ],
)
def test_no_failure_hides_a_check_or_quotes_a_service(
    harness: DoctorHarness, error: type[Exception], kind: str, message: str
) -> None:
    """One failure, one finding; all that follows is still examined."""
    harness.bigquery.datasets["troupe"] = error(QUOTED)
    healthy = {each.name for each in DoctorHarness().findings()}

    found = harness.findings()
    (problem,) = [each for each in found if each.state != "ok"]

    assert ("dataset", "fault") == (problem.name, problem.state)
    assert message in problem.message
    assert kind in problem.message
    assert problem.remedy
    assert QUOTED not in repr(found)
    assert healthy == {each.name for each in found}


def test_a_client_that_cannot_be_made_is_a_finding_for_each_of_its_checks(
    harness: DoctorHarness,
) -> None:
    """Nobody is logged in: the tables are told together, and the other services as they are."""

    def nobody() -> Any:
        raise DefaultCredentialsError(QUOTED)  # type: ignore[no-untyped-call]

    harness.clients = replace(harness.clients, bigquery=nobody)

    problem = harness.problem()
    assert ["dataset", "staging dataset", "deployment", "clock", "tables", "source"] == list(
        problem
    )
    assert all("log in" in each.remedy for each in problem.values())
    assert len(problem) == sum(each.state != "ok" for each in harness.findings())


def test_our_own_error_around_a_foreign_one_is_told_by_the_foreign_kind(
    harness: DoctorHarness,
) -> None:
    """A tool of ours renamed it on the way."""
    from troupe.backends.gcp.failures import translated

    with pytest.raises(Exception, match="listing") as ours, translated("vertex:list", "listing"):
        raise api.Forbidden(QUOTED)  # type: ignore[no-untyped-call]
    harness.job_service.jobs = ours.value

    assert "Forbidden" in harness.problem()["Vertex"].message
    assert "roles/aiplatform.user" in harness.problem()["Vertex"].remedy


def test_jobs_that_wait_for_long_are_told_with_the_documented_reason(
    harness: DoctorHarness,
) -> None:
    """Two of three; the third is at work."""
    at = harness.clock()
    job = Job(name="j1", state=JobState.PENDING, labels={}, created_at=at - timedelta(hours=40))
    harness.job_service.jobs = [
        job,
        replace(job, name="j2", created_at=at),
        replace(job, name="j3", state=JobState.RUNNING, started_at=at),
        replace(job, name="j4", state=JobState.SUCCEEDED),
    ]

    told = harness.problem()["quota"]
    assert "2 jobs wait, the oldest for 40.0 of 72 h, 1 at work" in told.message
    assert "no quota of its own" in told.message
    assert [{"troupe": "ab12"}] == harness.job_service.labels


def test_to_look_at_dead_letters_takes_none_away(harness: DoctorHarness) -> None:
    """They can be seen by others at once."""
    harness.pubsub.messages["people.dead-letter-write-jsonl"] = [letter("1"), letter("2")]

    assert "2 letters wait" in harness.problem()["dead letters"].message
    assert ["lease-1", "lease-2"] == sorted(harness.pubsub.released)


def test_one_fault_makes_the_exit_code() -> None:
    """Warnings are for somebody to decide."""
    assert 0 == exit_code([ok("a", "x"), warning("b", "y", "z")])
    assert 1 == exit_code([fault("a", "x", "y"), ok("b", "y")])


def test_a_finding_is_a_line_and_its_remedy_another() -> None:
    """With the counts at the end."""
    found: list[Finding] = [ok("one", "fine"), warning("another", "odd", "mend it")]

    assert [
        "ok       one      fine",
        "warning  another  odd",
        "                  -> mend it",
        "1 ok, 1 warning, 0 faults",
    ] == lines(found)


def test_what_is_alike_is_told_once_and_counted_for_each() -> None:
    """Nobody reads the same remedy twenty times."""
    found = [fault(name, "no way in", "log in") for name in ("a", "b", "a", "c")]

    assert [
        "fault    a  no way in; so it is with b, c",
        "            -> log in",
        "0 ok, 0 warnings, 4 faults",
    ] == lines(found)


def test_credentials_are_looked_for_once_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when there are none."""
    looked: list[object] = []

    def nobody(_: object) -> Any:
        looked.append(_)
        raise DefaultCredentialsError(QUOTED)  # type: ignore[no-untyped-call]

    monkeypatch.setattr("troupe.doctor.checks.bigquery_client", nobody)
    clients = make_clients(DoctorHarness().settings)
    for _ in range(3):
        with pytest.raises(DefaultCredentialsError):
            clients.bigquery()

    assert 1 == len(looked)


def test_a_grant_of_another_role_is_none(harness: DoctorHarness) -> None:
    """To look is not to publish."""
    members = [PUBSUB_AGENT]
    viewer = SimpleNamespace(role="roles/pubsub.viewer", members=members)
    policy = SimpleNamespace(bindings=[viewer])
    harness.pubsub.get_iam_policy = lambda **_: policy  # type: ignore[method-assign]

    assert "dead-letter-plan-run" in harness.problem()["Pub/Sub's agent"].message
