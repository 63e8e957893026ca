"""Prices, files, settings, resources and commands in docs/deploy.md are those of the code."""

import json
import re
from pathlib import Path

from analysis import load_analysis
from analysis.places import offers
from analysis.prices import price_of
from handlers.runs.estimate import estimate
from scripts import idle_costs
from tests.files import files_in

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


def test_the_costs_of_an_idle_month_are_computed_from_the_statements() -> None:
    """By the script that the page names; the tick of the tests asks the same queries."""
    assert "\n".join(idle_costs.table()) in TEXT
    assert "`python -m scripts.idle_costs`" in TEXT
    assert f"price pages as of {idle_costs.AS_OF}" in TEXT


def test_more_tables_a_tick_cost_more() -> None:
    """What the ten tables of five queries would have cost: 0.82 TiB of 1 that is free."""
    assert 2 == len(idle_costs.references())
    assert 0.16 == round(idle_costs.tib_a_month(), 2)
    assert 0.82 == round(5 * idle_costs.tib_a_month(), 2)


def test_the_places_of_models_are_those_of_the_table() -> None:
    """Each row with its date and source, in the order of the file."""
    section = TEXT.partition("### Place and model")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| (\w+).*? \| (\S+) \| (.+?) \|$", section, re.M)

    assert rows == [
        (row.model, row.place, "yes" if row.offered else "no", row.as_of, row.source)
        for row in offers()
    ]


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
