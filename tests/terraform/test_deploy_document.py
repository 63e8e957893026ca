"""What docs/deploy.md promises: its price, its files, its settings and its commands exist."""

import json
import re
from pathlib import Path

import pytest

from analysis import load_analysis
from analysis.prices import price_of
from handlers.runs.estimate import estimate
from tests.harness import LocalHarness
from tracking import Row
from tracking.warehouse import Params
from troupe.backends.local.warehouse import LocalWarehouse

from .terraform import Plan

HOUSE = Path(__file__).parents[2]
TEXT = (HOUSE / "docs" / "deploy.md").read_text(encoding="utf-8")
MEASURED = json.loads((HOUSE / "benchmarks" / "results.json").read_text(encoding="utf-8"))


def test_the_cost_of_100_000_transcripts_is_that_of_the_code() -> None:
    """By the price table and the estimate that a dry run shows."""
    analysis = load_analysis("call_review_v1")
    price = price_of(analysis.model)
    asked, answered = (MEASURED[part]["bytes_a_line"] for part in ("writing", "reading"))
    cost = estimate(100_000, 100_000 * asked, analysis.model, analysis)

    assert price
    assert cost.low
    assert cost.high
    assert f"`{analysis.model}`" in TEXT
    assert f"({price.as_of})" in TEXT
    assert f"request lines of {asked:,} bytes and output lines of {answered:,}" in TEXT
    assert f"**${cost.low:.0f} to ${cost.high:.0f}**" in TEXT
    millions = [round(tokens / 1e6) for tokens in (*cost.input_tokens, *cost.output_tokens)]
    assert "{} to {} million in, {} to {} million out".format(*millions) in TEXT


def test_the_queries_of_an_idle_month_are_those_of_the_code(
    harness: LocalHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick when there is nothing to do, every five minutes for thirty days."""
    asked: list[str] = []
    ask = LocalWarehouse.query

    def counted(self: LocalWarehouse, sql: str, params: Params) -> list[Row]:
        asked.append(sql)
        return ask(self, sql, params)

    monkeypatch.setattr(LocalWarehouse, "query", counted)
    harness.tick()

    ticks = 30 * 24 * 12
    assert f"{ticks:,} ticks" in TEXT
    assert f"{len(asked)} short queries a tick" in TEXT
    assert f"{ticks * len(asked):,} queries" in TEXT


def test_every_file_and_setting_that_it_names_exists() -> None:
    """Relative to the document, to the house, or to the configuration."""
    folders = (HOUSE / "docs", HOUSE, HOUSE / "infra/terraform")
    linked = re.findall(r"\]\(([^)#]+)", TEXT)
    named = re.findall(r"`?((?:environments|tests)/[\w./-]+\w)", TEXT)

    for path in {*linked, *named}:
        assert any((folder / path).exists() for folder in folders), path
    variables = set(
        re.findall(
            r'^variable "(\w+)"',
            "\n".join(f.read_text("utf-8") for f in (HOUSE / "infra/terraform").rglob("*.tf")),
            re.M,
        )
    )
    used = re.findall(r"-var (\w+)=", TEXT)
    assert used
    assert set(used) <= variables


def test_steps_are_numbered_without_a_gap() -> None:
    """From an empty project to the first analysed row."""
    section = TEXT.partition("## First deployment")[2].partition("\n## ")[0]

    assert [str(n) for n in range(1, 11)] == re.findall(r"^(\d+)\. ", section, re.M)


def test_resources_that_it_addresses_are_planned(prod: Plan, bootstrap: Plan) -> None:
    """For `-target` and `state rm`, in either root."""
    planned = (*prod.resources, *bootstrap.resources)
    addressed = set(re.findall(r"(google_\w+\.\w+)", TEXT))

    assert len(addressed) >= 3
    for address in addressed:
        assert any(each.startswith(address) for each in planned), address


def test_the_roles_of_google_s_agents_are_the_bootstrap_s(bootstrap: Plan) -> None:
    """Who deploys reads which they are, where they come from, and that a destroy keeps them."""
    section, last = (TEXT.partition(f"## {title}")[2].partition("\n## ")[0]
                     for title in ("First deployment", "Teardown"))  # fmt: skip

    for each in bootstrap.of("google_project_iam_member", "agent").values():
        assert f"`{each['role']}`" in TEXT
    assert "bootstrapped before" in section
    assert "`prevent_destroy`" in last


def test_names_in_commands_are_those_of_the_plan(prod: Plan) -> None:
    """Scheduler jobs, services and topics."""
    jobs = {each["name"] for each in prod.all("google_cloud_scheduler_job")}
    services = {each["name"] for each in prod.all("google_cloud_run_v2_service")}
    topics = {each["name"] for each in prod.all("google_pubsub_topic")}

    assert set(re.findall(r"scheduler jobs \w+ ([\w-]+)", TEXT)) <= jobs
    assert set(re.findall(r"--service ([\w-]+)", TEXT)) <= services
    assert set(re.findall(r"topics publish ([\w-]+)", TEXT)) <= topics
