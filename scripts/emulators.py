"""Install the BigQuery emulator for tests; needs Python's standard library alone.

    python scripts/emulators.py install    create the emulator's virtual environment
    python scripts/emulators.py status     print whether it is installed, and the folders searched

The emulator needs Python 3.13, whichever version this project runs on, and four extensions of
DuckDB, which are installed as packages so that it downloads nothing when it starts.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("TROUPE_EMULATORS") or HERE / ".emulators")
EXTENSIONS = ("ducklake", "httpfs", "icu", "spatial")
DUCKDB = "1.5.5"
PINS = (
    "local-bigquery==0.3.2",
    f"duckdb=={DUCKDB}",
    f"duckdb-extensions=={DUCKDB}",
    *(f"duckdb-extension-{name}=={DUCKDB}" for name in EXTENSIONS),
)
VERSION = (3, 13)


def bigquery_command() -> Path:
    """The emulator's command, once it is installed."""
    return FOLDER / "bigquery" / "bin" / "local-bigquery"


def bigquery_home() -> Path:
    """The emulator's home folder, where DuckDB looks for its extensions."""
    return FOLDER / "home"


def is_installed() -> bool:
    return _stamp().is_file() and _stamp().read_text() == _pins() and bigquery_command().is_file()


def install() -> str:
    """Create the environment unless it exists; returns a line about it.

    Raises `RuntimeError` with the places searched when no Python 3.13 is found.
    """
    if is_installed():
        return f"the BigQuery emulator is in {bigquery_command().parent}"
    python = find_python()
    if python is None:
        raise RuntimeError(missing())
    shutil.rmtree(FOLDER / "bigquery", ignore_errors=True)
    bigquery_home().mkdir(parents=True, exist_ok=True)
    _run(python, "-m", "venv", FOLDER / "bigquery")
    own = FOLDER / "bigquery" / "bin" / "python"
    _run(own, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PINS)
    loads = "; ".join(f"duckdb_extensions.import_extension({name!r})" for name in EXTENSIONS)
    _run(own, "-c", f"import duckdb_extensions; {loads}", home=bigquery_home())
    _stamp().write_text(_pins())
    return f"installed the BigQuery emulator in {bigquery_command().parent}"


def find_python() -> Path | None:
    """A Python of the emulator's version; `TROUPE_EMULATOR_PYTHON` may name one."""
    named = os.environ.get("TROUPE_EMULATOR_PYTHON")
    candidates = [Path(named)] if named else _candidates()
    return next((python for python in candidates if _fits(python)), None)


def missing() -> str:
    """An error message with the version and the places searched."""
    places = ", ".join(str(place) for place in _candidates()) or "the PATH"
    version = ".".join(map(str, VERSION))
    return (
        f"the BigQuery emulator needs Python {version} with venv; searched {places}. "
        "Install one, or name it: TROUPE_EMULATOR_PYTHON=/path/to/python3.13"
    )


def _candidates() -> list[Path]:
    commands = [shutil.which(name) for name in ("python3.13", "python3", "python")]
    on_path = [Path(each) for each in commands if each]
    return list(dict.fromkeys([*on_path, *_managed()]))


def _managed() -> Iterator[Path]:
    """Pythons of version managers."""
    home = Path.home()
    roots = [
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        home / ".local" / "share" / "uv" / "python",
        home / ".asdf" / "installs" / "python",
    ]
    for root in roots:
        yield from sorted(root.glob("*3.13*/bin/python3.13"), reverse=True)


def _fits(python: Path) -> bool:
    look = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {VERSION})"
    try:
        done = subprocess.run([python, "-c", look], capture_output=True, check=False)  # noqa: S603
    except OSError:
        return False
    return done.returncode == 0


def _run(*command: object, home: Path | None = None) -> None:
    environ = {**os.environ, "HOME": str(home)} if home else None
    subprocess.run([str(each) for each in command], check=True, env=environ)  # noqa: S603


def _stamp() -> Path:
    return FOLDER / "bigquery.pins"


def _pins() -> str:
    return "\n".join(PINS) + "\n"


def main(arguments: list[str]) -> int:
    if arguments not in (["install"], ["status"]):
        print(__doc__)  # noqa: T201
        return 2
    if arguments == ["status"] and not is_installed():
        print(f"the BigQuery emulator is not in {FOLDER}; {find_python() or missing()}")  # noqa: T201
        return 1
    try:
        print(install())  # noqa: T201
    except (RuntimeError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
