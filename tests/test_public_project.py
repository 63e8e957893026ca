"""What a public project has beside its code: a licence, workflows, hooks, pins, a policy."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from email import message_from_string
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.files import files_in

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = files_in(GITHUB / "workflows", "*.yml")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the licence as the Apache Software Foundation publishes it."""


def parsed(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def triggers(workflow: Any) -> Any:
    """YAML 1.1 reads the key `on` as a truth."""
    return workflow.get("on", workflow.get(True))


def jobs() -> Iterator[tuple[str, Any]]:
    for file in WORKFLOWS:
        for name, job in parsed(file)["jobs"].items():
            yield f"{file.name}: {name}", job


def steps(key: str) -> Iterator[str]:
    """What the steps of all workflows say under this key."""
    return (step[key] for _, job in jobs() for step in job["steps"] if key in step)


def pythons() -> list[str]:
    """The versions that the project promises."""
    language = "Programming Language :: Python :: "
    return [each.removeprefix(language) for each in PROJECT["classifiers"] if language in each]


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(VENV)", ".venv")
    return set(re.findall(r"^([\w./-]+):(?!=)", makefile, re.M))


def targets_in(commands: str) -> Iterator[str]:
    """What `make` is asked for in lines of a shell: neither options nor variables."""
    for words in re.findall(r"(?:^|[;&|])[ \t]*make[ \t]+([^;&|#\n]*)", commands, re.M):
        yield from (w for w in words.split() if "=" not in w and not w.startswith("-"))


def commands_in(text: str) -> str:
    """The shell lines of a document: what stands between backquotes."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.M | re.S)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


def requirements(name: str) -> list[str]:
    """One requirement a line, with its hashes behind it."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return [line for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line.strip()]


def test_the_licence_is_apache_2_0_word_for_word() -> None:
    """Only the line that the appendix leaves open is filled in."""
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    filled = "Copyright 2026 The Troupe authors"

    assert 1 == text.count(filled)
    as_published = text.replace(filled, "Copyright [yyyy] [name of copyright owner]")
    assert APACHE_2_0 == hashlib.sha256(as_published.encode()).hexdigest()


def test_the_project_says_under_which_licence_it_stands() -> None:
    """As an expression with its file; a classifier beside it is refused by package indexes."""
    assert "Apache-2.0" == PROJECT["license"]
    assert ["LICENSE"] == PROJECT["license-files"]
    assert [] == [each for each in PROJECT["classifiers"] if each.startswith("License ::")]


def test_the_project_names_no_person_and_no_address() -> None:
    """The authors are all who took part."""
    assert [{"name": "The Troupe authors"}] == PROJECT["authors"]
    assert set() == {"maintainers", "urls"} & PROJECT.keys()
    assert PROJECT["keywords"] == sorted(set(PROJECT["keywords"]))


def test_the_wheel_s_metadata_say_what_the_project_says() -> None:
    """As the build backend wrote them for this very folder."""
    installed = distribution("troupe")
    origin = json.loads(installed.read_text("direct_url.json") or "{}").get("url", "")
    if origin != ROOT.as_uri():
        pytest.skip(f"the installed package is of another folder: {origin or 'a wheel'}")
    metadata = message_from_string(installed.read_text("METADATA") or "")

    stale = "pyproject.toml changed after the installation: make .venv/dev"
    assert PROJECT["license"] == metadata["License-Expression"], stale
    assert PROJECT["license-files"] == metadata.get_all("License-File"), stale
    assert "The Troupe authors" == metadata["Author"], stale
    assert PROJECT["keywords"] == str(metadata["Keywords"]).split(","), stale
    assert PROJECT["classifiers"] == metadata.get_all("Classifier"), stale
    assert PROJECT["requires-python"] == metadata["Requires-Python"], stale
    assert PROJECT["description"] == metadata["Summary"], stale
    extras = metadata.get_all("Provides-Extra") or []
    assert sorted(PROJECT["optional-dependencies"]) == sorted(extras), stale


def test_the_workflows_test_exactly_the_pythons_that_are_promised() -> None:
    """In the classifiers, in what is required, and in what looks for a Python on a machine."""
    matrix = parsed(GITHUB / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    looked_for = re.findall(r"python(3\.\d+)\b", (ROOT / "scripts" / "find-python").read_text())

    assert pythons() == matrix["python-version"]
    assert f">={pythons()[0]}" == PROJECT["requires-python"]
    assert set(pythons()) == set(looked_for)


@pytest.mark.parametrize(
    "file",
    [ROOT / ".pre-commit-config.yaml", *files_in(GITHUB, "**/*.y*ml")],
    ids=lambda each: str(each.relative_to(ROOT)),
)
def test_every_file_for_the_code_host_parses(file: Path) -> None:
    """As YAML, into something that has keys."""
    assert isinstance(parsed(file), dict)


def test_every_workflow_may_only_read() -> None:
    """No job asks for more than the contents, and no token is left behind for later steps."""
    assert {"ci.yml", "full.yml"} <= {file.name for file in WORKFLOWS}
    for file in WORKFLOWS:
        assert {"contents": "read"} == parsed(file)["permissions"], file.name
        assert "group" in parsed(file)["concurrency"], file.name
        assert "pull_request_target" not in triggers(parsed(file)), file.name
    for name, job in jobs():
        assert "permissions" not in job, name
        assert job["timeout-minutes"] <= 120, name
        checkouts = [s for s in job["steps"] if s.get("uses", "").startswith("actions/checkout@")]
        assert [False] == [step["with"]["persist-credentials"] for step in checkouts], name


def test_every_action_is_pinned() -> None:
    """By a commit or a major version: never by a branch."""
    used = list(steps("uses"))

    assert used
    pinned = re.compile(r"[\w-]+/[\w./-]+@([0-9a-f]{40}|v\d+(\.\d+)*)")
    assert [] == [each for each in used if not pinned.fullmatch(each)]


def test_changes_are_tested_and_the_full_run_comes_by_itself() -> None:
    """Pushes and pull requests, once a week, and when somebody asks."""
    assert {"push", "pull_request"} == set(triggers(parsed(GITHUB / "workflows" / "ci.yml")))
    full = GITHUB / "workflows" / "full.yml"
    assert {"schedule", "workflow_dispatch"} == set(triggers(parsed(full)))
    (command,) = [s["run"] for s in parsed(full)["jobs"]["full"]["steps"] if "run" in s]
    assert (ROOT / command).stat().st_mode & 0o100


def test_every_make_target_that_is_named_exists() -> None:
    """In workflows, hooks, templates and documents of the first folder."""
    documents = [
        *files_in(ROOT, "*.md"),
        *files_in(GITHUB, "**/*.md"),
        ROOT / ".pre-commit-config.yaml",
    ]
    shell = [*steps("run"), (ROOT / ".ci" / "run").read_text(encoding="utf-8")]
    shell += [commands_in(file.read_text(encoding="utf-8")) for file in documents]
    named = {target for commands in shell for target in targets_in(commands)}

    assert {"lint", "types", "test", "check", "demo", ".venv/dev"} <= named
    assert set() == named - make_targets()


def test_hooks_run_the_project_s_own_tools() -> None:
    """The pinned ones of the environment, as `make lint types` does."""
    (local,) = [
        r for r in parsed(ROOT / ".pre-commit-config.yaml")["repos"] if r["repo"] == "local"
    ]
    entries = [hook["entry"].split() for hook in local["hooks"]]

    assert ["system"] * len(entries) == [hook["language"] for hook in local["hooks"]]
    assert {".venv/bin/ruff", ".venv/bin/mypy"} == {program for program, *_ in entries}
    pinned = {each.partition("==")[0] for each in requirements("dev.txt")}
    assert {Path(program).name for program, *_ in entries} <= pinned


def test_dependabot_looks_where_dependencies_are() -> None:
    """Each folder that it is sent to has a file of that kind."""
    kinds = {
        "pip": ("pyproject.toml", "*.txt"),
        "github-actions": (".github/workflows/*.yml",),
        "docker": ("Dockerfile",),
        "terraform": ("*.tf",),
    }
    updates = parsed(GITHUB / "dependabot.yml")["updates"]

    assert sorted(kinds) == sorted(each["package-ecosystem"] for each in updates)
    for each in updates:
        assert "weekly" == each["schedule"]["interval"]
        assert each["groups"]
        for folder in each.get("directories") or [each["directory"]]:
            patterns = kinds[each["package-ecosystem"]]
            assert any(list((ROOT / folder.strip("/")).glob(one)) for one in patterns), folder


def test_every_requirement_of_the_image_has_a_hash() -> None:
    """And `make pins` will write them again."""
    pins = requirements("service.txt")
    (recipe,) = re.findall(
        r"^\t.*requirements/service\.txt$", (ROOT / "Makefile").read_text(), re.M
    )

    assert pins
    assert [] == [pin for pin in pins if not re.search(r" --hash=sha256:[0-9a-f]{64}\b", pin)]
    assert "--generate-hashes" in recipe


@pytest.mark.parametrize("name", ["base.txt", "console.txt", "dev.txt", "service.txt"])
def test_pins_do_not_say_where_packages_come_from(name: str) -> None:
    """No address, no host, no option: each who installs has an index of their own."""
    pins = requirements(name)

    assert pins
    foreign = re.compile(r"://|@|(^|\s)-(?!-hash=sha256:)|\b[a-z][\w-]*\.(com|dev|io|net|org)\b")
    assert [] == [pin for pin in pins if foreign.search(pin)]


def test_the_security_policy_names_only_files_that_exist() -> None:
    """A policy that points nowhere is no policy."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)", text)

    assert targets
    assert [] == [each for each in targets if not (ROOT / each).is_file()]


def test_the_security_policy_says_what_a_reporter_needs() -> None:
    """How, for which versions, about what, and when there is an answer."""
    headings = re.findall(r"^## (.+)$", (ROOT / "SECURITY.md").read_text(encoding="utf-8"), re.M)

    assert [
        "Report a vulnerability",
        "Supported versions",
        "What is at stake",
        "In scope",
        "Out of scope",
        "What to expect",
    ] == headings
