"""A state folder that an older version wrote, and that nothing has written since."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.cli.command import Command
from tests.console.client import Site
from tests.harness import LocalHarness, calls, id_of
from troupe.backends.local.state_folder import WAREHOUSE
from troupe.cli.target import Target
from troupe.console.client import call_existing

ADDED = ("review_labels", "review_samples", "golden_labels", "history_clearings")
"""Tables that an older version did not have."""
PAGES = (
    "/", "/runs/r1", "/runs/r1/report", "/runs/r1/timeline", "/records",
    f"/records/{id_of(calls(1)[0])}", "/answers", "/costs", "/analyses", "/analyses/call_review_v1",
    "/review", "/review?run=r1", "/review/0123456789ab", "/dead-letters",
)  # fmt: skip
REMEDY = "`troupe work --idle-timeout 0` brings it up to date"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, as the older version left it."""
    made = tmp_path_factory.mktemp("older") / "home"
    harness = LocalHarness(made)
    harness.load(calls(3))
    harness.request("r1")
    harness.play()
    harness.close()
    with duckdb.connect(str(made / WAREHOUSE)) as db:
        for table in ADDED:
            db.execute(f"DROP TABLE {table}")
        db.execute("UPDATE local_schema SET created = 'of the older version'")
    return made


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_names_the_command_that_brings_the_folder_up_to_date(
    home: Path, page: str, read_only: bool
) -> None:
    """None is half shown, and none breaks."""
    with Site(Target(home), ask=call_existing, read_only=read_only) as site:
        answer = site.browser().get(page)

    assert answer.status == 503
    assert REMEDY.replace("`", "") in answer.text.replace("`", "").replace("&#96;", "")


def test_that_command_makes_the_review_an_empty_page(home: Path, tmp_path: Path) -> None:
    """What the older version had is kept."""
    shutil.copytree(home, tmp_path / "home")
    command = Command(tmp_path / "home")
    command("work", "--idle-timeout", "0")

    with Site(Target(command.home), ask=call_existing, read_only=True) as site:
        assert site.browser().get("/review").status == 200
        assert site.browser().get("/runs/r1").status == 200


def test_the_console_does_not_start_on_it(home: Path) -> None:
    """Its user reads the same at once."""
    assert REMEDY in Command(home)("console", "--read-only", code=1)
