"""Programs that stand in for `gcloud`, `bq`, `docker` and others: `python cloud_programs.py NAME WORDS…`.

They accept the commands and flags of ACCEPTED alone, keep what was done in `$FAKE_CLOUD/state.json`,
and refuse what the real ones refuse in that state. The file imports nothing from the repository.
"""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

SDK = "docs.cloud.google.com/sdk/gcloud/reference/"
BQ = "docs.cloud.google.com/bigquery/docs/reference/bq-cli-reference"
TERRAFORM = "developer.hashicorp.com/terraform/cli/commands/"
DOCKER = "docs.docker.com/reference/cli/docker/"

ACCEPTED: dict[str, tuple[frozenset[str], str]] = {
    "gcloud auth login": (frozenset(), SDK + "auth/login"),
    "gcloud auth application-default login": (frozenset(), SDK + "auth/application-default/login"),
    "gcloud auth application-default set-quota-project": (
        frozenset(), SDK + "auth/application-default/set-quota-project"),
    "gcloud auth configure-docker": (frozenset({"--quiet"}), SDK + "auth/configure-docker"),
    "gcloud config set": (frozenset(), SDK + "config/set"),
    "gcloud services enable": (frozenset(), SDK + "services/enable"),
    "gcloud projects add-iam-policy-binding": (
        frozenset({"--member", "--role"}), SDK + "projects/add-iam-policy-binding"),
    "gcloud pubsub topics publish": (frozenset({"--message"}), SDK + "pubsub/topics/publish"),
    "gcloud run services describe": (
        frozenset({"--region", "--format"}), SDK + "run/services/describe"),
    "gcloud run revisions list": (
        frozenset({"--service", "--region", "--sort-by", "--format"}), SDK + "run/revisions/list"),
    "gcloud logging read": (frozenset({"--freshness", "--format"}), SDK + "logging/read"),
    "gcloud scheduler jobs pause": (frozenset({"--location"}), SDK + "scheduler/jobs/pause"),
    "bq query": (frozenset({"--nouse_legacy_sql"}), BQ + "#bq_query"),
    "bq mk": (frozenset({"--location", "--dataset"}), BQ + "#bq_mk"),
    "bq ls": (frozenset({"--max_results", "--format"}), BQ + "#bq_ls"),
    "bq cp": (frozenset({"--no_clobber"}), BQ + "#bq_cp"),
    "docker build": (frozenset({"--build-arg", "--platform", "--tag"}), DOCKER + "buildx/build"),
    "docker push": (frozenset(), DOCKER + "image/push"),
    "docker inspect": (frozenset({"--format"}), DOCKER + "inspect"),
    "terraform init": (frozenset({"-backend-config"}), TERRAFORM + "init"),
    "terraform plan": (frozenset({"-var", "-var-file", "-out"}), TERRAFORM + "plan"),
    "terraform apply": (frozenset({"-var", "-var-file", "-target"}), TERRAFORM + "apply"),
    "terraform destroy": (frozenset({"-var", "-var-file"}), TERRAFORM + "destroy"),
    "terraform output": (frozenset({"-json", "-raw"}), TERRAFORM + "output"),
    "terraform state rm": (frozenset(), TERRAFORM + "state/rm"),
    "git rev-parse": (frozenset({"--short"}), "git-scm.com/docs/git-rev-parse"),
    "python3": (frozenset({"-m"}), "docs.python.org/3/library/venv.html"),
    "pip install": (frozenset({"-e"}), "pip.pypa.io/en/stable/cli/pip_install/"),
    "troupe": (frozenset({"--backend"}), "docs/reference/commands.md"),
}  # fmt: skip
"""Flags of each command that docs/deploy.md uses, and the page that documents them."""
_SWITCHES = frozenset(
    {"--quiet", "--nouse_legacy_sql", "--no_clobber", "--dataset", "-json", "-raw"}
)
"""Flags without a value."""

Words = list[str]
Flags = dict[str, list[str]]


class Refused(Exception):
    """What the real program would print, before it ends with 1."""


def parse(words: Words) -> tuple[str, Words, Flags]:
    """Return command, arguments and flags. Raises `Refused` for what is not in the table."""
    # bq takes its global flags before the command.
    first = [word for word in words if not word.startswith("-")]
    name = next((n for k in (4, 3, 2, 1) if (n := " ".join(first[:k])) in ACCEPTED), "")
    if not name:
        raise Refused(f"Invalid choice: {' '.join(first)!r}")
    left, flags = list(first[len(name.split()) :]), dict[str, list[str]]()
    given = iter(words)
    for word in given:
        if not word.startswith("-"):
            continue
        flag, is_joined, value = word.partition("=")
        if flag not in ACCEPTED[name][0]:
            raise Refused(f"unrecognized arguments: {flag} of {name}")
        if not is_joined and flag not in _SWITCHES:
            value = next(given, "")
            if not value:
                raise Refused(f"argument {flag}: expected one argument")
            left.remove(value)
        flags.setdefault(flag, []).append(value)
    return name, left, flags


class Cloud:
    """One project, machine and registry, and what was done so far."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        text = self._file.read_text(encoding="utf-8") if self._file.exists() else "{}"
        self.state: dict[str, Any] = json.loads(text)

    def run(self, words: Words) -> str:
        """Do what a command does, and return what it prints."""
        name, left, flags = parse(words)
        self.state.setdefault("ran", []).append(" ".join(words))
        method: Callable[..., str | None] = getattr(self, re.sub(r"[ -]", "_", name))
        try:
            return method(left, flags) or ""
        finally:
            self._file.write_text(json.dumps(self.state), encoding="utf-8")

    def needs(self, key: str, why: str) -> Any:
        if not self.state.get(key):
            raise Refused(why)
        return self.state[key]

    # gcloud

    def gcloud_auth_login(self, left: Words, flags: Flags) -> None:
        self.state["account"] = True

    def gcloud_config_set(self, left: Words, flags: Flags) -> None:
        self.needs("account", "You do not currently have an active account selected")
        self.state["project"] = left[1]

    def gcloud_auth_application_default_login(self, left: Words, flags: Flags) -> None:
        self.state["adc"] = True
        # Without the API it warns, and stores no quota project.
        self.state["quota"] = self.state.get("project") if self.state.get("apis") else None

    def gcloud_auth_application_default_set_quota_project(self, left: Words, flags: Flags) -> None:
        self.needs("adc", "Application default credentials have not been set up")
        self.needs("apis", "API [cloudresourcemanager.googleapis.com] not enabled")
        self.state["quota"] = left[0]

    def gcloud_services_enable(self, left: Words, flags: Flags) -> None:
        self.needs("project", "The required property [project] is not currently set")
        self.state["apis"] = left

    def gcloud_auth_configure_docker(self, left: Words, flags: Flags) -> None:
        self.state["registry"] = left[0]

    def gcloud_projects_add_iam_policy_binding(self, left: Words, flags: Flags) -> None:
        self._known_project(left[0])

    def gcloud_pubsub_topics_publish(self, left: Words, flags: Flags) -> None:
        self.needs("applied", f"Resource not found (resource={left[0]})")
        json.loads(flags["--message"][0])

    def gcloud_run_services_describe(self, left: Words, flags: Flags) -> str:
        return str(self.needs("applied", f"Cannot find service [{left[0]}]"))

    def gcloud_run_revisions_list(self, left: Words, flags: Flags) -> str:
        return f"troupe-plan-run-1 {self.needs('applied', 'Cannot find service')}"

    def gcloud_scheduler_jobs_pause(self, left: Words, flags: Flags) -> None:
        self.needs("applied", f"NOT_FOUND: {left[0]}")

    # docker

    def docker_build(self, left: Words, flags: Flags) -> None:
        if flags["--platform"] != ["linux/amd64"]:
            raise Refused("Cloud Run must support amd64/linux")
        self.state["built"] = flags["--tag"][0]

    def docker_push(self, left: Words, flags: Flags) -> None:
        tag = left[0]
        if self.needs("registry", "denied: Unauthenticated request") not in tag:
            raise Refused("denied: Unauthenticated request")
        self.needs("bootstrapped", 'name unknown: Repository "troupe" not found')
        pushed = self.state.setdefault("pushed", {})
        if tag in pushed:
            raise Refused(
                f"manifest invalid: cannot update tag {tag}. The repository has enabled tag immutability"
            )
        if tag != self.state.get("built"):
            raise Refused(f"An image does not exist locally with the tag: {tag}")
        pushed[tag] = f"{tag.rpartition(':')[0]}@sha256:{len(pushed) + 1:064x}"

    def docker_inspect(self, left: Words, flags: Flags) -> str:
        if left[0] not in self.state.get("pushed", {}):
            raise Refused(
                "template parsing error: index out of range: 0"
            )  # no digest before a push
        return str(self.state["pushed"][left[0]])

    # terraform

    def terraform_init(self, left: Words, flags: Flags) -> None:
        if "-backend-config" in flags:
            text = Path(flags["-backend-config"][0]).read_text(encoding="utf-8")
            self.needs("bootstrapped", "Failed to get existing workspaces: bucket doesn't exist")
            if f'"{self.state["project"]}-troupe-state"' not in text:
                raise Refused("Failed to get existing workspaces: storage: bucket doesn't exist")
        self.state.setdefault("initialised", []).append(Path.cwd().name)

    def terraform_plan(self, left: Words, flags: Flags) -> None:
        self._initialised()
        self._settings(flags)
        Path(flags["-out"][0]).write_text(
            json.dumps([self.state.get("serial", 0), _variables(flags)["image"]]), encoding="utf-8"
        )

    def terraform_apply(self, left: Words, flags: Flags) -> None:
        self._initialised()
        if Path.cwd().name == "bootstrap":
            self.needs("apis", "Error 403: Cloud Resource Manager API has not been used in project")
            self._known_project(_variables(flags)["project_id"])
            self._meets(
                "bootstrap",
                "Error 400: Service account service-1@gcp-sa-pubsub.iam.gserviceaccount.com does not exist.",
            )
            self.state["bootstrapped"] = True
            return
        if left:
            serial, image = json.loads(Path(left[0]).read_text(encoding="utf-8"))
            if serial != self.state.get("serial", 0):
                raise Refused("Error: Saved plan is stale")
        else:
            self._settings(flags)
            image = _variables(flags)["image"]
        self.state["serial"] = self.state.get("serial", 0) + 1
        self.state["unprotected"] = _variables(flags).get("deletion_protection") == "false"
        self._meets("apply", "Error 404: Cannot find metric that matches type")
        self.state["applied"] = image

    def terraform_destroy(self, left: Words, flags: Flags) -> None:
        self._initialised()
        if Path.cwd().name == "bootstrap":
            if not self.state.get("removed"):
                raise Refused("Error: Instance cannot be destroyed")
        elif not self.state.get("unprotected"):
            raise Refused("Error: cannot destroy table without setting deletion_protection=false")

    def terraform_state_rm(self, left: Words, flags: Flags) -> None:
        self._initialised()
        self.state["removed"] = left

    def terraform_output(self, left: Words, flags: Flags) -> str:
        self.needs("applied", 'Output "settings" not found')
        return json.dumps({"TROUPE_PROJECT": self.state["project"], "TROUPE_DATASET": "it's"})

    def _initialised(self) -> None:
        if Path.cwd().name not in self.state.get("initialised", []):
            raise Refused("Error: Could not load plugin: run terraform init")

    def _meets(self, where: str, error: str) -> None:
        """Fail once, as Google does while something new is not known everywhere."""
        if self.state.get("late") == where:
            self.state["late"] = ""
            raise Refused(error)

    def _settings(self, flags: Flags) -> None:
        text = Path(flags["-var-file"][0]).read_text(encoding="utf-8")
        self._known_project(dict(re.findall(r'^(\w+) *= "(.*?)"', text, re.M))["project_id"])
        if _variables(flags)["image"] not in self.state.get("pushed", {}).values():
            raise Refused("Invalid value for variable: image: pin it by its digest")

    def _known_project(self, name: str) -> None:
        if name != self.state.get("project"):
            raise Refused(f"Error 403: project {name} may not exist")

    # bq

    def bq_query(self, left: Words, flags: Flags) -> None:
        self.needs("applied", "Not found: Dataset troupe")

    def bq_mk(self, left: Words, flags: Flags) -> None:
        self._known_project(left[0].partition(":")[0])

    def bq_ls(self, left: Words, flags: Flags) -> str:
        reference = {"tableId": "events"}
        return json.dumps([{"type": "TABLE", "tableReference": reference}, {"type": "VIEW"}])

    def bq_cp(self, left: Words, flags: Flags) -> None:
        if left != ["troupe.events", "troupe_kept.events"]:
            raise Refused(f"Not found: {left}")

    # this machine

    def git_rev_parse(self, left: Words, flags: Flags) -> str:
        return os.environ["FAKE_COMMIT"]

    def python3(self, left: Words, flags: Flags) -> None:
        if flags != {"-m": ["venv"]}:
            raise Refused("python3: only -m venv")
        activate = Path(left[0]) / "bin" / "activate"
        activate.parent.mkdir(parents=True)
        activate.write_text(f'export VIRTUAL_ENV="{Path.cwd() / left[0]}"\n', encoding="utf-8")

    def pip_install(self, left: Words, flags: Flags) -> None:
        if not os.environ.get("VIRTUAL_ENV"):
            raise Refused("error: externally-managed-environment")
        self.state["installed"] = flags["-e"]

    def troupe(self, left: Words, flags: Flags) -> None:
        self.needs("installed", "troupe: command not found")
        if os.environ.get("TROUPE_PROJECT") != self.state["project"]:
            raise Refused("TROUPE_PROJECT is not set")
        if left[0] == "doctor" and self.state["quota"] != self.state["project"]:
            raise Refused(
                "Your application is authenticating by using local credentials: no quota project"
            )


def _variables(flags: Flags) -> dict[str, str]:
    return dict(each.split("=", 1) for each in flags.get("-var", []))


def main() -> NoReturn:
    try:
        sys.stdout.write(Cloud(Path(os.environ["FAKE_CLOUD"])).run(sys.argv[1:]) + "\n")
    except Refused as refusal:
        sys.exit(f"{' '.join(sys.argv[1:4])}: {refusal}")
    sys.exit(0)


if __name__ == "__main__":
    main()
