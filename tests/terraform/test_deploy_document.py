"""Prices, files, settings, resources and commands in docs/deploy.md are those of the code."""

import json
import re
from pathlib import Path

import pytest

from analysis import load_analysis
from analysis.prices import price_of
from handlers.runs.estimate import estimate
from tests.files import files_in
from tests.harness import LocalHarness
from tracking import Row
from tracking.warehouse import Params
from troupe.backends.local.warehouse import LocalWarehouse

from .terraform import Plan

REPO = Path(__file__).parents[2]
TEXT = (REPO / "docs" / "deploy.md").read_text(encoding="utf-8")
MEASURED = json.loads((REPO / "benchmarks" / "results.json").read_text(encoding="utf-8"))


def test_the_cost_of_100_000_transcripts_is_the_estimate_of_the_code() -> None:
    """Computed from the price table, as for a dry run."""
    analysis = load_analysis("call_review_v1")
    price = price_of(analysis.model)
    request_bytes, output_bytes = (
        MEASURED[part]["bytes_a_line"] for part in ("writing", "reading")
    )
    cost = estimate(100_000, 100_000 * request_bytes, analysis.model, analysis)

    assert price
    assert cost.low
    assert cost.high
    assert f"`{analysis.model}`" in TEXT
    assert f"({price.as_of})" in TEXT
    assert f"request lines of {request_bytes:,} bytes and output lines of {output_bytes:,}" in TEXT
    assert f"**${cost.low:.0f} to ${cost.high:.0f}**" in TEXT
    millions = [round(tokens / 1e6) for tokens in (*cost.input_tokens, *cost.output_tokens)]
    assert "{} to {} million in, {} to {} million out".format(*millions) in TEXT


def test_the_queries_of_an_idle_month_are_those_of_the_code(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle tick every five minutes for thirty days."""
    queries: list[str] = []
    original = LocalWarehouse.query

    def counted(self: LocalWarehouse, sql: str, params: Params) -> list[Row]:
        queries.append(sql)
        return original(self, sql, params)

    monkeypatch.setattr(LocalWarehouse, "query", counted)
    harness.tick()

    ticks = 30 * 24 * 12
    assert f"{ticks:,} ticks" in TEXT
    assert f"{len(queries)} short queries a tick" in TEXT
    assert f"{ticks * len(queries):,} queries" in TEXT


def test_every_file_and_setting_that_it_names_exists() -> None:
    """Paths are relative to the document, the repository or the configuration."""
    folders = (REPO / "docs", REPO, REPO / "infra/terraform")
    linked = re.findall(r"\]\(([^)#]+)", TEXT)
    named = re.findall(r"`?((?:environments|tests)/[\w./-]+\w)", TEXT)

    for path in {*linked, *named}:
        assert any((folder / path).exists() for folder in folders), path
    variables = set(
        re.findall(
            r'^variable "(\w+)"',
            "\n".join(f.read_text("utf-8") for f in files_in(REPO / "infra/terraform", "**/*.tf")),
            re.M,
        )
    )
    used = re.findall(r"-var (\w+)=", TEXT)
    assert used
    assert set(used) <= variables


def test_steps_are_numbered_without_a_gap() -> None:
    """The first deployment has ten steps."""
    section = TEXT.partition("## First deployment")[2].partition("\n## ")[0]

    assert [str(n) for n in range(1, 11)] == re.findall(r"^(\d+)\. ", section, re.M)


def test_resources_that_it_addresses_are_planned(prod: Plan, bootstrap: Plan) -> None:
    """In `-target` and `state rm`, for either root module."""
    planned = (*prod.resources, *bootstrap.resources)
    addressed = set(re.findall(r"(google_\w+\.\w+)", TEXT))

    assert len(addressed) >= 3
    for address in addressed:
        assert any(each.startswith(address) for each in planned), address


def test_the_roles_of_agents_are_those_of_the_bootstrap(bootstrap: Plan) -> None:
    """The document names them, their source, and that a destroy keeps them."""
    section, last = (TEXT.partition(f"## {title}")[2].partition("\n## ")[0]
                     for title in ("First deployment", "Teardown"))  # fmt: skip

    for each in bootstrap.of("google_project_iam_member", "agent").values():
        assert f"`{each['role']}`" in TEXT
    assert "bootstrapped before" in section
    assert "`prevent_destroy`" in last


def test_names_in_commands_are_those_of_the_plan(prod: Plan) -> None:
    """Those of scheduler jobs, services and topics."""
    jobs = {each["name"] for each in prod.all("google_cloud_scheduler_job")}
    services = {each["name"] for each in prod.all("google_cloud_run_v2_service")}
    topics = {each["name"] for each in prod.all("google_pubsub_topic")}

    assert set(re.findall(r"scheduler jobs \w+ ([\w-]+)", TEXT)) <= jobs
    assert set(re.findall(r"--service ([\w-]+)", TEXT)) <= services
    assert set(re.findall(r"topics publish ([\w-]+)", TEXT)) <= topics
