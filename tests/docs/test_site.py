"""The documentation site builds without warnings and loads nothing from other hosts."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.site_pages import list_items_moved, without_outside_links
from tests.files import files_in

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
NOT_PAGES = {"examples"}
"""Folders below docs/ whose files are not pages."""
REPOSITORY_FILE = re.compile(
    r"\b((?:analysis|benchmarks|events|handlers|infra|scripts|tests|tracking|troupe)"
    r"/[\w./-]+\.(?:json|py|sql|tf))\b"
)
TO_BE_WRITTEN = {"handlers/mail_plan.py", "tracking/queries/events/deliveries_by_handler.sql"}
"""Files that the examples of CONTRIBUTING.md create."""
BUILD = """
import socket, sys
def refuse(*_): raise OSError("the site is built without network")
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from properdocs.__main__ import cli
cli(["build", "--strict", "--site-dir", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def built_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built with `--strict`: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def pages() -> list[Path]:
    files = files_in(DOCS, "**/*.md")
    return [page for page in files if page.relative_to(DOCS).parts[0] not in NOT_PAGES]


def test_every_page_becomes_a_page_of_the_site(built_site: Path) -> None:
    """Files that pages link to are copied as well."""
    built = {str(file.relative_to(built_site)) for file in files_in(built_site, "**/*.html")}
    wanted = {str(page.relative_to(DOCS).with_suffix(".html")) for page in pages()}

    assert set() == wanted - built
    assert (built_site / "reference" / "asyncapi.json").is_file()


def test_the_site_loads_nothing_from_other_hosts(built_site: Path) -> None:
    """No script, style, font or picture: the site can be read without network."""
    external = re.compile(
        r"""(?:src=|<link[^>]*href=|url\(|@import\s)["']?(?:https?:)?//[^"')\s]+"""
    )
    loads = [
        f"{file.relative_to(built_site)}: {hit.group()[:80]}"
        for file in files_in(built_site)
        if file.suffix in (".html", ".css", ".svg")
        for hit in external.finditer(file.read_text(encoding="utf-8"))
    ]

    assert [] == loads


def test_no_page_is_an_orphan() -> None:
    """Every page is in the navigation of properdocs.yml."""
    config = (ROOT / "properdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r": ([\w/-]+\.md)$", config, re.M))
    existing = {page.relative_to(DOCS).as_posix() for page in pages()}
    existing = {name for name in existing if not name.startswith("decisions/0")}  # in their index

    assert {"no such page": set(), "orphans": set()} == {
        "no such page": named - existing,
        "orphans": existing - named,
    }


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *pages()],
    ids=lambda page: page.stem,
)
def test_every_link_leads_to_an_existing_file(page: Path) -> None:
    """As on a code host."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    targets = re.findall(r"\[[^\]]+\]\(([^)#\s]+)", text)

    assert [] == [
        target
        for target in targets
        if not re.match(r"https?:|mailto:", target) and not (page.parent / target).exists()
    ]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *pages()], ids=lambda page: page.stem
)
def test_every_file_that_a_document_names_exists(page: Path) -> None:
    """Paths from the root of the repository; a moved file is found here."""
    named = set(REPOSITORY_FILE.findall(page.read_text(encoding="utf-8")))

    assert [] == [file for file in sorted(named - TO_BE_WRITTEN) if not (ROOT / file).exists()]


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
    """On the site only, where it would lead nowhere."""
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
def test_blocks_of_a_list_item_are_indented_for_the_generator(written: str, shown: str) -> None:
    """A code host expects the column of the item's text, the generator four columns."""
    assert shown == list_items_moved(written)


def test_no_fenced_block_is_shown_as_text(built_site: Path) -> None:
    """A block that the generator does not recognise becomes inline code."""
    unrecognised = re.compile(r"<code>(?:sh|console|json|text)\n|<p>```|```</p>")
    broken = [
        str(file.relative_to(built_site))
        for file in files_in(built_site, "**/*.html")
        if unrecognised.search(file.read_text(encoding="utf-8"))
    ]

    assert [] == broken
