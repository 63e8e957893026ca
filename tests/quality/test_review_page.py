"""The review page: one file, readable by its owner, that no transcript can break."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.quality.review_samples import TRANSCRIPT, record, sample
from troupe.cli.output import write_private
from troupe.quality.review_page import page_data, render_page

HOSTILE = [
    "</script><script>document.title = 'broken'</script>",
    "<!--<script>",
    "]]></SCRIPT >",
    "\u2028\u2029 and \x00 and \x1b[31m",
    "<img src=https://example.com onerror=alert(1)>",
    "&lt;b&gt; & $data ${script} \\u003c/script>",
    "👩‍👩‍👧 \u202e desrever \U0010ffff",
    '"}]} \\" \n\r\t',
]


class Parts(HTMLParser):
    """The elements of a page, and the text of its scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self._inside = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.texts:
            self.texts[self._inside][-1] += data


def data_of(page: str) -> Any:
    return json.loads(Parts(page).texts["script"][0])


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_record_says_stays_text(text: str) -> None:
    """In transcripts, answers, attributes and names of strata."""
    found = sample(record(1, text, call_summary=text, products=[{"name": text, "context": None}]))
    page = render_page(found)

    assert ["title", "style", "script", "script"] == [
        tag for tag, _ in Parts(page).tags if tag in ("title", "style", "script", "img", "b")
    ]
    assert page_data(found) == data_of(page)
    assert text == "".join(data_of(page)["records"][0]["transcript"])
    assert not re.search("[\u2028\u2029]", page)


def test_the_page_asks_nothing_from_anywhere() -> None:
    """Its policy allows its own script and style by their hashes, and nothing else."""
    parts = Parts(render_page(sample()))
    (policy,) = [each["content"] for tag, each in parts.tags if each.get("http-equiv")]

    def hash_of(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    assert policy == (
        f"default-src 'none'; script-src 'sha256-{hash_of(parts.texts['script'][1])}'; "
        f"style-src 'sha256-{hash_of(parts.texts['style'][0])}'; "
        "base-uri 'none'; form-action 'none'"
    )
    named = {name for _, attributes in parts.tags for name in attributes}
    assert not named & {"src", "href", "style", "onclick"}
    assert not re.search(r"https?:|innerHTML|\beval\b", render_page(sample()))


def test_the_title_names_the_run_alone() -> None:
    """A browser shows titles in its history."""
    assert ["Review of run r1"] == Parts(render_page(sample())).texts["title"]


def test_the_page_says_what_was_drawn_and_who_answered() -> None:
    """Simulated answers say so."""
    assert (
        "3 of 12 rows of call_review_v1, answered by stand-in for gemini-3.5-flash-lite, "
        "drawn by random with seed 0; sample 0123456789ab."
    ) in render_page(sample())


def test_words_of_the_summary_are_marked() -> None:
    """And those that the transcript lacks are named."""
    (found,) = page_data(sample(record(1)))["records"]

    assert ["CUSTOMER", "cannot", "CONNECT", "router", "Router", "customer"] == found["transcript"][
        1::2
    ]
    assert (TRANSCRIPT, ["refund", "promised"]) == ("".join(found["transcript"]), found["absent"])


def test_an_expired_transcript_marks_nothing() -> None:
    """No word of the summary is called absent then."""
    (found,) = page_data(sample(record(1, None)))["records"]

    assert (None, []) == (found["transcript"], found["absent"])


def test_only_the_owner_can_read_the_file(tmp_path: Path) -> None:
    """Also where another file with other permissions was."""
    file = tmp_path / "page.html"
    file.write_text("x" * 100, encoding="utf-8")
    file.chmod(0o644)

    write_private(file, "äöü")

    assert (0o600, "äöü") == (file.stat().st_mode & 0o777, file.read_text(encoding="utf-8"))
