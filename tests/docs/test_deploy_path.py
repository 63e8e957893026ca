"""The path of docs/deploy.md runs from its first command to its last, against programs that refuse."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.deploy_plan import PAGE, blocks, body_of, main, steps
from tests.docs import cloud_programs
from tests.docs.cloud_programs import ACCEPTED, Refused, parse
from tests.docs.shell import program

TEXT = PAGE.read_text(encoding="utf-8")
REPO = PAGE.parents[1]
PROGRAMS = ("gcloud", "bq", "docker", "terraform", "git", "python3", "pip", "troupe")
REAL = ("jq", "openssl", "sed", "bash")
pytestmark = pytest.mark.skipif(
    any(shutil.which(each) is None for each in REAL), reason=f"needs {', '.join(REAL)}"
)


def first_blocks(section: str) -> list[str]:
    """The commands of a section that are for no special case."""
    found = [each for step in steps(TEXT, section) for each in step.blocks[:1]]
    return [command for block in found for command in block.commands]


PATH = [
    each.replace("PROJECT=my-troupe-prod", "PROJECT=our-calls")
    for each in first_blocks("First deployment")
]
BUILD = list(steps(TEXT, "First deployment")[3].blocks[0].commands)
UPGRADE = first_blocks("Upgrades")
ROLLBACK = [each for block in blocks(body_of(TEXT, "Rollback")) for each in block.commands]
TEARDOWN = first_blocks("Teardown")


class Machine:
    """A clone of the configuration, with the programs in front of the path."""

    def __init__(self, folder: Path, **state: str) -> None:
        self.folder = folder
        self.clone = folder / "clone"
        for name in ("environments", "bootstrap"):
            shutil.copytree(
                REPO / "infra/terraform" / name, self.clone / "infra/terraform" / name,
                ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"),
            )  # fmt: skip
        python = f'exec "{sys.executable}" -IS "{cloud_programs.__file__}"'
        for name in PROGRAMS:
            program(folder / "bin" / name, f'{python} {name} "$@"')
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")

    def run(self, commands: list[str]) -> subprocess.CompletedProcess[str]:
        """Run commands in one shell, which ends at the first that fails."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("TROUPE_", "TF_"))}
        clean.pop("VIRTUAL_ENV", None)
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        given = {"PATH": path, "FAKE_CLOUD": str(self.folder), "FAKE_COMMIT": "abc1234"}
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", "\n".join(commands)], cwd=self.clone, text=True,
            env={**clean, **given}, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    @property
    def ran(self) -> list[str]:
        state = json.loads((self.folder / "state.json").read_text(encoding="utf-8"))
        return list(state["ran"])


NEXT_COMMIT = "export FAKE_COMMIT=def5678"


@pytest.mark.slow
def test_deployment_upgrade_rollback_and_teardown_run_in_their_order(tmp_path: Path) -> None:
    """In one shell, and no step fails."""
    machine = Machine(tmp_path)
    upgrade = [UPGRADE[0], NEXT_COMMIT, *BUILD, *UPGRADE[1:]]
    done = machine.run([*PATH, *upgrade, *ROLLBACK, *TEARDOWN])

    assert 0 == done.returncode, done.stderr
    ran = machine.ran
    pushed = [each for each in ran if each.startswith("docker push")]
    assert ["abc1234", "def5678"] == [each.rpartition(":")[2] for each in pushed]
    old, new = (f"@sha256:{number:064x}" for number in (1, 2))
    applied = [each for each in ran if each.startswith("terraform apply -var-file")]
    assert old in applied[0], "the tables, with the image that runs"
    assert "-target=" in applied[0]
    assert old in applied[1], "the rollback"
    assert new in next(each for each in reversed(ran) if each.startswith("terraform plan"))


def without(text: str) -> Callable[[list[str]], list[str]]:
    return lambda commands: [each for each in commands if text not in each]


def twice(text: str) -> Callable[[list[str]], list[str]]:
    return lambda commands: [
        each for command in commands for each in [command] * (1 + (text in command))
    ]


MISTAKES: dict[str, tuple[Callable[[list[str]], list[str]], str]] = {
    "no quota project": (without("set-quota-project"), "no quota project"),
    "the project is set too late": (without("config set project"), "[project] is not"),
    "no virtual environment": (without(". .venv/bin/activate"), "externally-managed"),
    "a tag is pushed twice": (twice("docker push"), "tag immutability"),
    "a saved plan is applied twice": (twice("terraform apply plan"), "Saved plan is stale"),
    "the settings keep the example project": (without("sed -i.bak"), "doesn't exist"),
    "no bootstrap": (without("terraform apply -var project_id"), "Repository"),
    "a mistyped flag": (
        lambda commands: [each.replace("--message", "--mesage") for each in commands],
        "unrecognized arguments: --mesage",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_path_is_refused(tmp_path: Path, mistake: str) -> None:
    """So that the test above can fail."""
    change, error = MISTAKES[mistake]
    done = Machine(tmp_path).run(change(PATH))

    assert done.returncode
    assert error in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("late", ["bootstrap", "apply"])
def test_what_google_does_not_know_yet_is_met_by_what_the_page_says(
    tmp_path: Path, late: str
) -> None:
    """The bootstrap is applied again; the deployment is planned again, and that plan is applied."""
    again = list(steps(TEXT, "First deployment")[5].blocks[1].commands)
    at = next(i for i, each in enumerate(PATH) if each.startswith("terraform apply") and (
        ("project_id" in each) == (late == "bootstrap")))  # fmt: skip
    repair = [PATH[at]] if late == "bootstrap" else again

    alone = Machine(tmp_path / "alone", late=late).run(PATH)
    tolerated = [*PATH[:at], f"{PATH[at]} || true", *repair, *PATH[at + 1 :]]
    repaired = Machine(tmp_path / "repaired", late=late).run(tolerated)

    assert alone.returncode
    assert 0 == repaired.returncode, repaired.stderr
    assert "terraform plan" in again[0]


def all_commands() -> list[str]:
    """Every command of the page, those for a case too."""
    found = [each for block in blocks(TEXT) for each in block.commands]
    return [line for each in found for line in each.split("\n")]


def test_every_command_of_the_page_is_in_the_table() -> None:
    """With its flags; and the table has no command that the page does not use."""
    used = set()
    for line in all_commands():
        for words in calls(line):
            used.add(parse(words)[0])

    assert used == set(ACCEPTED)


def calls(line: str) -> list[list[str]]:
    """The calls of our programs: at the start of a line, and where `$(` begins one."""
    found = [line, *re.findall(r"\$\(((?:'[^']*'|[^()'])*)", line)]
    parts = [each.partition(" | ")[0] for each in found]
    return [shlex.split(part) for part in parts if part.partition(" ")[0] in PROGRAMS]


def test_a_command_that_is_not_in_the_table_is_refused() -> None:
    """By its name or a flag."""
    for words in (["gcloud", "auth", "print"], ["docker", "push", "--force", "x"], ["bq", "rm"]):
        with pytest.raises(Refused):
            parse(words)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gcloud") is None, reason="needs gcloud")
def test_google_s_own_parser_accepts_every_gcloud_command(tmp_path: Path) -> None:
    """`gcloud meta lint-gcloud-commands` parses and executes nothing."""
    lines = {shlex.join(words) for each in all_commands() for words in calls(each)}
    wrong = ["gcloud run services describe x --regio y"]
    for line in [*sorted(each for each in lines if each.startswith("gcloud ")), *wrong]:
        done = subprocess.run(
            ["gcloud", "meta", "lint-gcloud-commands", f"--command-string={line}"],
            env={**os.environ, "CLOUDSDK_CONFIG": str(tmp_path), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
            capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        (result,) = json.loads(done.stdout)
        assert result["success"] is (line not in wrong), result["error_message"]


def test_the_plan_has_every_command_with_the_values_of_the_project(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Those for a case are comments, so that the rest can be run from top to bottom."""
    values = ["--project", "our-calls", "--region", "europe-west1"]
    assert 0 == main([*values, "--billing", "01AB23-45CD67-89EF01"])
    printed = capsys.readouterr().out
    lines = [each for each in printed.splitlines() if each and not each.startswith("#")]

    assert len(PATH) == len(lines)
    assert "$PROJECT" not in printed
    assert "$REGION" not in printed
    assert "my-troupe-prod" not in printed.replace("s/my-troupe-prod/our-calls/", "")
    assert "01AB23-45CD67-89EF01" in printed
    assert all(f"# {n}. " in printed for n in range(1, 11))


@pytest.mark.slow
def test_the_plan_runs_as_it_is_printed_and_without_a_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line of the billing account is deleted then."""
    assert 0 == main(["--project", "our-calls", "--region", "europe-west1"])
    machine = Machine(tmp_path)
    done = machine.run(capsys.readouterr().out.splitlines())

    assert 0 == done.returncode, done.stderr
    settings = (machine.clone / "infra/terraform/environments/prod.tfvars").read_text("utf-8")
    assert "billing_account" not in settings
    assert 'region          = "europe-west1"' in settings


@pytest.mark.parametrize(
    ("name", "value"),
    [("project", ""), ("project", "x; rm -rf /"), ("project", "Ünser"), ("region", "eu"),
     ("region", ""), ("billing", "0"), ("billing", "01ab23-45cd67-89ef01")],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_its_name(
    capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    """Before anything is printed."""
    given = {"project": "our-calls", "region": "europe-west1", "billing": "", name: value}
    with pytest.raises(SystemExit) as ended:
        main([f"--{key}={each}" for key, each in given.items()])

    printed = capsys.readouterr()
    assert (2, "") == (ended.value.code, printed.out)
    assert f"--{name} is" in printed.err
