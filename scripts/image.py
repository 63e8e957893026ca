"""Build the container image without a daemon or a registry: `python -m scripts.image [CONTENT]`.

It runs the unchanged Dockerfile with buildah, on a base that debootstrap makes of Debian's packages.
Needs root, and on Debian or Ubuntu: apt-get install buildah debootstrap runc.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("TROUPE_EMULATORS") or HERE / ".emulators") / "image"
SUITE, MIRROR = "trixie", "http://deb.debian.org/debian"
TOOLS = ("buildah", "debootstrap", "runc")
# What Debian's own slim image leaves out as well.
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "var/cache/apt",
            "var/lib/apt/lists", "var/log")  # fmt: skip
UNWANTED = ("duckdb", "pip", "rich", "sqlglot", "typer", "pandas", "pyarrow")
"""Packages that no service imports."""


class CannotBuild(Exception):
    """This machine cannot build or run an image; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A built image: its unpacked files, and what starts in it."""

    root: Path
    command: Sequence[str]
    environ: Mapping[str, str]
    folder: str
    user: int

    def megabytes(self) -> dict[str, int]:
        """Return the size of its parts: all of it, the packages, our own code."""
        parts = {"image": self.root, "packages": self.root / "opt/packages",
                 "code": self.root / "opt/troupe"}  # fmt: skip
        return {name: round(_bytes_in(path) / 1e6) for name, path in parts.items()}

    def unwanted(self) -> list[str]:
        """Return the packages in it that no service needs."""
        found = {path.parent.name for path in self.root.glob("**/__init__.py")}
        return sorted(found & set(UNWANTED))


def build(content: str = "service") -> Image:
    """Build the image of this folder; the base is kept in `.emulators/image`.

    `content`: `service` or `console`, as the Dockerfile says.
    Raises `CannotBuild` where a tool is missing, and `RuntimeError` when a step fails.
    """
    _check()
    base = _base()
    _check_builds(base)
    with _pip_settings() as mounts:
        _buildah("build", "--isolation", "chroot", "--network", "host", "--quiet",
                 "--build-arg", f"BASE={base}",
                 "--build-arg", f"CONTENT={content}", *mounts, "--tag", "troupe", str(HERE))  # fmt: skip
    return _opened()


def _check() -> None:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise CannotBuild(f"{', '.join(missing)} not installed: apt-get install {' '.join(TOOLS)}")
    if os.geteuid() != 0:
        raise CannotBuild("an image is built here by root alone: unpacked files keep their owners")


def _check_builds(base: str) -> None:
    """Do in a container what every build does first. Raises `CannotBuild` where that fails."""
    container = _buildah("from", "--pull-never", base)
    try:
        _buildah(
            "run", "--isolation", "chroot", "--network", "host", container, "apt-get", "update"
        )
    except RuntimeError as error:
        raise CannotBuild(f"this machine builds no image: {error}") from error
    finally:
        _buildah("rm", container)


def _base() -> str:
    """Return the name of the base image; made once."""
    name = f"troupe-base-{SUITE}"
    try:
        known = _buildah("images", "--format", "{{.Name}}").replace("localhost/", "").split()
    except RuntimeError as error:
        raise CannotBuild(f"this machine keeps no image: {error}") from error
    if name in known:
        return f"localhost/{name}"
    with tempfile.TemporaryDirectory(prefix="troupe-base-") as folder:
        root = Path(folder) / "root"
        try:
            _run("debootstrap", "--variant=minbase", SUITE, str(root), MIRROR)
        except RuntimeError as error:
            raise CannotBuild(str(error)) from error
        for path in LEFT_OUT:
            shutil.rmtree(root / path, ignore_errors=True)
            (root / path).mkdir(parents=True)
        _run("tar", "--create", "--file", f"{folder}/root.tar", "--directory", str(root), ".")
        try:
            container = _buildah("from", "scratch")
            _buildah("add", "--quiet", container, f"{folder}/root.tar", "/")
            _buildah("commit", "--quiet", "--rm", container, name)
        except RuntimeError as error:
            raise CannotBuild(f"this machine keeps no image: {error}") from error
    return f"localhost/{name}"


def _opened() -> Image:
    """Unpack the newest image, in place of the one before."""
    for each in _buildah("containers", "--format", "{{.ContainerName}}").split():
        _buildah("rm", each)
    container = _buildah("from", "--pull-never", "localhost/troupe")
    root = Path(_buildah("mount", container))
    about = json.loads(_buildah("inspect", container))["OCIv1"]["config"]
    return Image(
        root=root,
        command=about["Entrypoint"],
        environ=dict(each.split("=", 1) for each in about["Env"]),
        folder=about["WorkingDir"],
        user=int(about["User"]),
    )


@contextmanager
def _pip_settings() -> Iterator[list[str]]:
    """Give the build this machine's settings of pip, with the folders that they name."""
    listed = _run(sys.executable, "-m", "pip", "config", "list")
    settings = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        settings[name.rsplit(".", 1)[-1]] = value.strip("'\"")
    settings.pop("constraint", None)  # the pins are complete
    mounts: dict[str, str] = {}
    for name, value in settings.items():
        for word in value.split():
            path = urlsplit(word).path
            if path.startswith("/") and Path(path).is_dir():
                # A folder of an index links to files beside it.
                folder = str(Path(path).parent) if path.endswith("/simple") else path
                mounts[folder] = folder
            elif path.startswith("/") and Path(path).is_file():
                # At another place: the certificates of the image are written by a package.
                mounts[path] = settings[name] = f"/opt/pip-{name}"
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        lines = [f"{name} = {value}" for name, value in settings.items()]
        file.write("\n".join(["[global]", *lines, ""]))
        file.flush()
        Path(file.name).chmod(0o644)
        mounts[file.name] = "/etc/pip.conf"
        yield [f"--volume={here}:{there}:ro" for here, there in sorted(mounts.items())]


def _buildah(*arguments: str) -> str:
    storage = ("--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run"))
    return _run("buildah", "--storage-driver", "vfs", *storage, *arguments).strip()


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise RuntimeError(f"{' '.join(command[:6])} … failed:\n{last}")
    return done.stdout


def _bytes_in(folder: Path) -> int:
    files = (Path(root) / name for root, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files)


def main() -> int:
    try:
        image: Any = build(*sys.argv[1:])
    except (CannotBuild, RuntimeError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    sizes = ", ".join(f"{name} {size} MB" for name, size in image.megabytes().items())
    print(f"{sizes}; not needed in it: {', '.join(image.unwanted()) or 'nothing'}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
