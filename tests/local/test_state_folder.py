"""The state folder is its user's alone, whatever the umask is and whatever was there before."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import ENVIRONMENT, TROUPE
from tests.files import files_in
from tests.harness import LocalHarness, ran
from troupe.backends.local.state_folder import HomeInUse, InvalidHome, lock_home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no file modes there")


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """Everything is created for everybody, unless the code says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def all_below(home: Path) -> list[Path]:
    """Files and folders."""
    files = files_in(home)
    folders = {parent for file in files for parent in file.parents if home in parent.parents}
    return sorted([*files, *folders])


def modes(home: Path) -> dict[str, int]:
    """The modes of everything in a folder, and of the folder itself."""
    found = {str(path.relative_to(home)): mode(path) for path in all_below(home)}
    return {**found, ".": mode(home)}


def assert_private(home: Path) -> None:
    found = modes(home)
    wanted = {name: 0o700 if (home / name).is_dir() else 0o600 for name in found}
    assert wanted == found
    assert len(found) > 5


def test_everything_that_a_run_writes_is_private(tmp_path: Path) -> None:
    """Database, its log, request files, answers and jobs, while the folder is owned and after."""
    home = tmp_path / "home"
    harness = LocalHarness(home)
    harness.begin_after(ran, 3)
    for file in files_in(home, "*.jsonl"):
        file.unlink()  # written by the test
    assert "warehouse.duckdb.wal" in modes(home)
    assert_private(home)
    harness.close()
    assert_private(home)


def test_a_folder_that_was_open_to_others_is_closed_with_its_content(tmp_path: Path) -> None:
    """An earlier version, or the user, made it so."""
    home = tmp_path / "home"
    harness = LocalHarness(home)
    harness.begin_after(ran, 3)
    harness.close()
    for path in (home, *all_below(home)):
        path.chmod(0o777 if path.is_dir() else 0o666)
    mine = home / "my calls.jsonl"
    mine.write_text("")

    lock_home(home).release()
    assert 0o666 == mode(mine), "a file that the user put there is the user's"
    for file in files_in(home, "*.jsonl"):
        file.unlink()
    assert_private(home)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """Others could have planted it while the folder was open to them."""
    home, outside = tmp_path / "home", tmp_path / "outside"
    (home / "bucket").mkdir(parents=True)
    outside.mkdir(mode=0o755)
    (outside / "file").touch(0o644)
    (home / "vertex").symlink_to(outside)
    (home / "bucket" / "linked").symlink_to(outside / "file")

    lock_home(home).release()

    assert (0o755, 0o644) == (mode(outside), mode(outside / "file"))
    assert (0o700, 0o700) == (mode(home), mode(home / "bucket"))


def test_files_outside_of_the_folder_keep_the_mode_that_their_user_chose(tmp_path: Path) -> None:
    """Reports and rows are written where the user asks for them, after the folder is released."""
    owned = [lock_home(tmp_path / name) for name in ("one", "two")]
    (tmp_path / "meanwhile").touch()
    for each in owned:
        each.release()
        each.release()
    (tmp_path / "after").touch()

    assert (0o600, 0o666) == (mode(tmp_path / "meanwhile"), mode(tmp_path / "after"))


def test_a_folder_that_cannot_be_owned_leaves_the_umask_as_it_was(tmp_path: Path) -> None:
    """In use, or a file."""
    owned = lock_home(tmp_path / "home")
    with pytest.raises(HomeInUse):
        lock_home(tmp_path / "home")
    owned.release()
    (tmp_path / "file").touch()
    with pytest.raises(InvalidHome, match="a file is there"):
        lock_home(tmp_path / "file")

    assert 0o666 == mode(tmp_path / "file")
    (tmp_path / "after").touch()
    assert 0o666 == mode(tmp_path / "after")


def test_a_folder_that_several_users_share_is_refused(tmp_path: Path) -> None:
    """Such as the one for temporary files: closing it would lock everybody else out."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)

    with pytest.raises(InvalidHome, match="several users share"):
        lock_home(shared)
    assert (0o1777, []) == (mode(shared), list(shared.iterdir()))


def test_a_folder_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode cannot be changed, so others could read the transcripts."""
    home = tmp_path / "home"
    home.mkdir(mode=0o777)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", denied)
    with pytest.raises(InvalidHome, match="open to others"):
        lock_home(home)
    assert [] == list(home.iterdir())


def test_the_commands_keep_the_folder_private_and_give_reports_the_usual_mode(
    tmp_path: Path,
) -> None:
    """Into a folder that exists and is open; the log and the kept report are private too."""
    home, report = tmp_path / "home", tmp_path / "report.html"
    home.mkdir(mode=0o755)
    words = ["demo", "--limit", "3", "--home", str(home), "--report", str(report)]
    done = subprocess.run(
        [*TROUPE, *words], env=ENVIRONMENT, umask=0o022, capture_output=True, text=True, check=True
    )

    assert "report: " in done.stdout
    assert {"log.jsonl", "reports", "generated.jsonl", "owner.lock"} <= {
        path.name for path in home.iterdir()
    }
    assert_private(home)
    assert 0o644 == mode(report)
