"""The pictures of the documentation are small, whole by themselves, and shown somewhere."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scripts.pictures import IMAGES, MAX_BYTES
from tests.files import files_in

PICTURES = files_in(IMAGES)
DOCS = IMAGES.parent


@pytest.mark.parametrize("picture", PICTURES, ids=lambda file: file.name)
def test_a_picture_is_small(picture: Path) -> None:
    """It travels with every clone."""
    assert 1_000 < picture.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize(
    "picture", [each for each in PICTURES if each.suffix == ".svg"], ids=lambda file: file.name
)
def test_a_drawn_terminal_fetches_nothing(picture: Path) -> None:
    """No font and no picture from elsewhere; and it is well-formed."""
    text = picture.read_text(encoding="utf-8")
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}

    assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314
    assert set(re.findall(r"https?://[^\"' )]+", text)) <= namespaces
    assert "@font-face" not in text


def test_every_picture_is_shown_on_a_page() -> None:
    """By the name under which `scripts/pictures.py` makes it; and no page shows another."""
    shown = {
        Path(name).name
        for page in files_in(DOCS, "**/*.md")
        for name in re.findall(r"\]\([^)]*images/([^)]+)\)", page.read_text(encoding="utf-8"))
    }

    assert shown == {each.name for each in PICTURES}
