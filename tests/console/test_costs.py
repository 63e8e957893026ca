"""The page *Costs*."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.client import Browser, Site
from tests.console.prepared import OWN, folder
from tests.harness import LocalHarness
from troupe.cli.target import Target


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(Target(folder("searched"))) as opened:
        yield opened


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()


def test_costs_are_shown_by_analysis_and_by_run(browser: Browser) -> None:
    """And by week; no sum mixes what was paid with what was simulated."""
    page = browser.get("/costs")

    assert page.status == 200
    assert f'<th scope="row">{OWN}' in page.text
    assert '<a href="/runs/r1">r1</a>' in page.text
    assert "<h2>Paid</h2>" in page.text
    assert "2026-03-02" in page.text
    assert "simulated" not in page.text


@pytest.mark.parametrize(
    ("by", "value"), [("label:team", "north"), ("queue", "billing"), ("queue", "no value")]
)
def test_costs_are_grouped_by_a_label_and_by_a_call_attribute(
    browser: Browser, by: str, value: str
) -> None:
    page = browser.get(f"/costs?by={by}")

    assert f'<option value="{by}" selected>' in page.text
    assert f'<th scope="row">{value}' in page.text


@pytest.mark.parametrize(
    "wrong", ["by=agent", "by=nothing", "after=r9", "analysis=x&after=r1", "analysis=nope"]
)
def test_what_cannot_be_summed_is_refused(browser: Browser, wrong: str) -> None:
    assert 400 == browser.get(f"/costs?{wrong}").status


def test_runs_are_listed_page_by_page(tmp_path: Path) -> None:
    harness = LocalHarness(tmp_path / "home")
    for table in ("run_plans", "attempt_closings"):
        copied = folder("searched") / "warehouse.duckdb"
        harness.sql(f"ATTACH IF NOT EXISTS '{copied}' AS old (READ_ONLY)")
        harness.sql(
            f"INSERT INTO {table} SELECT o.* REPLACE (o.run_id || '-' || i AS run_id) "  # noqa: S608
            f"FROM old.{table} AS o, range(120) AS r(i) WHERE o.run_id = 'r1'"
        )
    harness.close()
    with Site(Target(tmp_path / "home")) as opened:
        browser = opened.browser()
        first = browser.get("/costs")
        after = first.text.partition('href="/costs?after=')[2].partition('"')[0]
        second = browser.get(f"/costs?after={after}")

    assert (50, 50) == tuple(each.text.count('href="/runs/r1-') for each in (first, second))
    assert f'href="/runs/{after}"' in first.text
    assert f'href="/runs/{after}"' not in second.text
    assert "120" in first.text
    assert len(first.body) < 100_000


def test_a_folder_without_runs_has_cost_nothing(tmp_path: Path) -> None:
    LocalHarness(tmp_path / "home").close()
    with Site(Target(tmp_path / "home")) as opened:
        page = opened.browser().get("/costs")

    assert "No run has cost anything yet." in page.text
