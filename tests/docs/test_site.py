"""The documents are a site: whole, without a warning, and without anything from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.site_pages import list_items_moved, without_outside_links

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NO_PAGES = {"examples"}
"""Folders below docs/ whose files are shown as they are."""
BUILD = """
import socket, sys
def refuse(*_): raise OSError("the site is built without network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from properdocs.__main__ import cli
cli(["build", "--strict", "--site-dir", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built strictly: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages() -> list[Path]:
    found = sorted(DOCS.rglob("*.md"))
    return [page for page in found if page.relative_to(DOCS).parts[0] not in NO_PAGES]


def test_every_page_becomes_a_page_of_the_site(site: Path) -> None:
    """And the files that they show or offer come along."""
    made = {str(file.relative_to(site)) for file in site.rglob("*.html")}
    wanted = {str(page.relative_to(DOCS).with_suffix(".html")) for page in pages()}

    assert set() == wanted - made
    assert (site / "reference" / "asyncapi.json").is_file()


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    """No script, style, font or picture of another host: it can be read without network."""
    asked = re.compile(r"""(?:src=|<link[^>]*href=|url\(|@import\s)["']?(?:https?:)?//[^"')\s]+""")
    found = [
        f"{file.relative_to(site)}: {hit.group()[:80]}"
        for file in site.rglob("*")
        if file.suffix in (".html", ".css", ".svg")
        for hit in asked.finditer(file.read_text(encoding="utf-8"))
    ]

    assert [] == found


def test_no_page_is_an_orphan() -> None:
    """A page that the navigation does not name is found by nobody: add it to properdocs.yml."""
    config = (ROOT / "properdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([\w/-]+\.md)$", config, re.M))
    there = {page.relative_to(DOCS).as_posix() for page in pages()}
    there = {name for name in there if not name.startswith("decisions/0")}  # their index has them

    assert {"no such page": set(), "orphans": set()} == {
        "no such page": named - there,
        "orphans": there - named,
    }


@pytest.mark.parametrize("page", [ROOT / "README.md", *pages()], ids=lambda page: page.stem)
def test_every_link_leads_to_a_file_that_is_there(page: Path) -> None:
    """Beside the code, as on a code host."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\[[^\]]+\]\(([^)#\s]+)", text)

    assert [] == [
        target
        for target in targets
        if not re.match(r"https?:|mailto:", target) and not (page.parent / target).exists()
    ]


@pytest.mark.parametrize(
    ("page", "written", "shown"),
    [
        ("deploy.md", "see [tracking/](../tracking)", "see tracking/"),
        ("how-to/a.md", "see [b](../b.md#c)", "see [b](../b.md#c)"),
        ("how-to/a.md", "see [b](../../b.md#c)", "see b"),
        ("a.md", "see [b](https://b.example/c)", "see [b](https://b.example/c)"),
        ("a.md", "![b](../b.png)", "![b](../b.png)"),
    ],
)
def test_a_link_out_of_the_documents_becomes_text(page: str, written: str, shown: str) -> None:
    """On the site alone."""
    assert shown == without_outside_links(written, page)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("1. a\n\n   ```sh\n   b\n   ```\n", "1. a\n\n    ```sh\n    b\n    ```\n"),
        ("- a\n  b\n\nc\n", "- a\n    b\n\nc\n"),
        ("10. a\n\n    b\n", "10. a\n\n    b\n"),
        ("```text\n- a\n  b\n```\n  c\n", "```text\n- a\n  b\n```\n  c\n"),
    ],
)
def test_what_belongs_to_a_list_item_is_moved_below_it(written: str, shown: str) -> None:
    """A code host takes the column of the item's text; the generator takes four."""
    assert shown == list_items_moved(written)


def test_no_fence_is_shown_as_text(site: Path) -> None:
    """A block that the generator does not see turns into code in the running text."""
    strange = re.compile(r"<code>(?:sh|console|json|text)\n|<p>```|```</p>")
    found = [
        str(file.relative_to(site))
        for file in site.rglob("*.html")
        if strange.search(file.read_text(encoding="utf-8"))
    ]

    assert [] == found
