"""Install what stands in for Google Cloud in tests; needs nothing but Python's own library.

    python scripts/emulators.py install    make the environment of the BigQuery emulator
    python scripts/emulators.py status     say what is there, and where it was looked for

The emulator of BigQuery needs a Python of its own (3.13), whatever this project runs on, and
four extensions of DuckDB that come as packages, so that nothing is downloaded when it starts.
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
WANTED = (3, 13)


def bigquery_command() -> Path:
    """The server's program, once it is installed."""
    return FOLDER / "bigquery" / "bin" / "local-bigquery"


def bigquery_home() -> Path:
    """Where the server looks for DuckDB's extensions: nobody's own home."""
    return FOLDER / "home"


def is_installed() -> bool:
    return _stamp().is_file() and _stamp().read_text() == _pins() and bigquery_command().is_file()


def install() -> str:
    """Make the environment, unless it is there; returns a line about it.

    Raises `RuntimeError` when no fitting Python is found, naming the places.
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
    """A Python of the version that the emulator runs on; `TROUPE_EMULATOR_PYTHON` names one."""
    named = os.environ.get("TROUPE_EMULATOR_PYTHON")
    candidates = [Path(named)] if named else _candidates()
    return next((python for python in candidates if _fits(python)), None)


def missing() -> str:
    """What was looked for, and where."""
    places = ", ".join(str(place) for place in _candidates()) or "the PATH"
    wanted = ".".join(map(str, WANTED))
    return (
        f"the BigQuery emulator needs Python {wanted} with venv; looked at {places}. "
        "Install one, or name it: TROUPE_EMULATOR_PYTHON=/path/to/python3.13"
    )


def _candidates() -> list[Path]:
    found = [shutil.which(name) for name in ("python3.13", "python3", "python")]
    on_path = [Path(each) for each in found if each]
    return list(dict.fromkeys([*on_path, *_elsewhere()]))


def _elsewhere() -> Iterator[Path]:
    """Where version managers keep theirs."""
    home = Path.home()
    roots = [
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        home / ".local" / "share" / "uv" / "python",
        home / ".asdf" / "installs" / "python",
    ]
    for root in roots:
        yield from sorted(root.glob("*3.13*/bin/python3.13"), reverse=True)


def _fits(python: Path) -> bool:
    look = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != {WANTED})"
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
