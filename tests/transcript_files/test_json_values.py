"""JSON Lines, arrays, pretty-printed and concatenated objects: one reader, in blocks of any size."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troupe.transcript_files import json_values as module
from troupe.transcript_files.json_values import RefusedLine, json_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=5)


def cut(text: bytes, size: int) -> Iterator[bytes]:
    yield from (text[at : at + size] for at in range(0, len(text), size))


@given(OBJECTS, st.integers(1, 40), st.sampled_from([None, 0, 2]), st.sampled_from(["\n", "\r\n"]))
def test_every_way_to_write_objects_gives_the_same(
    objects: list[Any], size: int, indent: int | None, end: str
) -> None:
    """In lines, behind one another or as an array, in blocks of any size."""
    # The first one decides whether each line is an object: `{}` is one with any indentation.
    objects = [{"first": 1}, *objects]
    texts = [json.dumps(each, indent=indent) for each in objects]
    arrays = (json.dumps(objects, indent=indent), f"[{','.join(texts)}]")

    for whole in (end.join(texts), *arrays):
        text = whole.replace("\n", end).encode()
        found = [json.loads(value) for _, value in json_values(cut(text, size))]
        assert objects == found


@given(OBJECTS, st.integers(1, 40))
def test_the_line_of_each_object_is_known(objects: list[Any], size: int) -> None:
    """Where it begins."""
    text = json.dumps(objects, indent=1)
    lines = text.split("\n")

    for line, value in json_values(cut(text.encode(), size)):
        assert lines[line - 1].lstrip().startswith(value.split(b"\n")[0].decode().rstrip(",]"))


@given(OBJECTS.filter(bool), st.integers(1, 40), st.data())
def test_a_file_that_is_cut_off_is_never_whole(objects: list[Any], size: int, data: Any) -> None:
    """Of an array, of which no part is a file of its own."""
    text = json.dumps(objects, indent=1).encode()
    end = data.draw(st.integers(1, len(text) - 1))

    with pytest.raises(RefusedLine):
        list(json_values(cut(text[:end], size)))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('[{"a": 1},\n]', 2, "JSON is malformed"),
        ('[{"a": 1}\n{"a": 2}]', 2, "JSON is malformed"),
        ('[{"a": 1}]\n[{"a": 2}]', 2, "JSON is malformed"),
        ('{\n"a": 1}\n, {"a": 2}', 3, "JSON is malformed"),
        ("[\n,]", 2, "expected an object"),
        ("[\n1]", 2, "expected an object"),
        ('\n\n{"a": [1}\n{"a": 1}', 3, "has no end: the file is cut off"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_by_its_line(
    text: str, line: int, problem: str
) -> None:
    with pytest.raises(RefusedLine, match=problem) as refused:
        list(json_values(iter([text.encode()])))

    assert line == refused.value.line


@pytest.mark.parametrize("start", [b'{"a": "', b'[{"a": "', b'[\n {"a": "'])
def test_an_object_over_the_limit_is_not_kept(
    monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    """On one line, or in an array."""
    monkeypatch.setattr(module, "LONGEST", 1_000)

    def endless() -> Iterator[bytes]:
        yield start
        for _ in range(100):
            yield b"x" * 100
        pytest.fail("the whole object was read")

    with pytest.raises(RefusedLine, match="longer than 1,000 bytes, the limit of"):
        list(json_values(endless()))


def test_an_array_on_one_line_may_be_longer_than_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is that of an object."""
    monkeypatch.setattr(module, "LONGEST", 100)
    text = json.dumps([{"a": n} for n in range(1_000)]).encode()

    assert 1_000 == len(list(json_values(cut(text, 64))))
