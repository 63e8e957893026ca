"""Any bytes at all: rows, or one line of text that says why not, and nothing else."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.files import files_in
from tests.transcript_files.making import rows_of, zstd
from troupe.transcript_files.columns import COLUMNS
from troupe.transcript_files.errors import BadFile

EXAMPLES = files_in(Path(__file__).parents[2] / "docs" / "examples" / "files")
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
STARTS = st.sampled_from(
    [b"", b"{", b"[", b'{"id": 1, "text": ', b"id,text\n", b"PAR1", b"PK\x03\x04", b"\x1f\x8b\x08",
     b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\0{", b"sep=;\n"]
)  # fmt: skip


def check(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    problem, rows = "", list[dict[str, Any]]()
    try:
        rows = rows_of(file)
    except BadFile as bad:
        problem = str(bad)
    assert not problem or (problem.startswith(file.name) and "\n" not in problem)
    for row in rows:
        assert all(isinstance(row[name], str) for name in row.keys() & {*COLUMNS})
        assert all(isinstance(value, str | int | float) for value in row.values())
        assert row.get("interactionId") or row.get("referenceId")


@given(STARTS, st.binary(max_size=200))
@ONE_FOLDER
def test_any_bytes_are_read_or_refused(tmp_path: Path, start: bytes, rest: bytes) -> None:
    check(tmp_path / "calls", start + rest)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
@given(data=st.data())
@settings(ONE_FOLDER, max_examples=25)
def test_a_file_with_damaged_bytes_is_read_or_refused(
    tmp_path: Path, example: Path, data: Any
) -> None:
    """A few bytes are others, a part is missing, or the end is."""
    content = bytearray(example.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        end = data.draw(st.sampled_from([at + 1, at + 7, len(content)]))
        content[at:end] = data.draw(st.binary(max_size=4))
        if not content:
            break
    pack = data.draw(st.sampled_from([bytes, gzip.compress, zstd.compress]))

    check(tmp_path / "calls", pack(bytes(content)))
