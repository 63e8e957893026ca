"""The review page in a real browser: a person judges every record by keyboard, and comes back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.browser import Page, View
from tests.harness import LocalHarness, calls
from tests.quality.review_samples import ANSWER, REVIEW, record, sample
from tests.quality.reviewer import Reviewer
from tests.quality.test_review_page import HOSTILE
from tests.report.test_looks import LOOKS, VIEWS
from troupe.operations.quality.golden_add import add_golden
from troupe.operations.quality.review_sample import review_sample
from troupe.quality.labels import read_labels

COLUMNS = [*ANSWER]


@pytest.fixture
def reviewer(browser_tab: Page, tmp_path: Path) -> Iterator[Reviewer]:
    made = Reviewer(browser_tab.browser, tmp_path)
    yield made
    made.close()


@pytest.fixture
def other_reviewer(browser_tab: Page, tmp_path: Path) -> Iterator[Reviewer]:
    (tmp_path / "elsewhere").mkdir()
    made = Reviewer(browser_tab.browser, tmp_path / "elsewhere")
    yield made
    made.close()


def labels_of(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_sample_of_a_run_is_judged_by_keyboard_and_read_as_labels(
    reviewer: Reviewer, harness: LocalHarness
) -> None:
    """From the first record to the last: all right but one wrong tone in each."""
    harness.load(calls(4))
    harness.run("r1")
    found = review_sample(harness.backend, "r1")
    reviewer.open(found)
    tone = COLUMNS.index("call_tone")

    reviewer.press("n", "p")
    for at in range(4):
        reviewer.press(*["1"] * tone, "2", *["1"] * (len(COLUMNS) - tone - 1))
        assert f"Record {at + 1} of 4: 15 of 15 columns judged. Complete: {at + 1}." == (
            reviewer.text("#status")
        )
        reviewer.press("Enter")
    file = reviewer.exported()
    labels = read_labels(file, REVIEW)

    expected = {
        each.record_id: each.answer | {"call_tone": {"not": each.answer["call_tone"]}}
        for each in found.records
    }
    assert expected == {row.key[0]: row.values for row in labels.rows}
    assert (1, 4) == (
        add_golden(harness.backend, "reviewed", str(file)).version,
        harness.one("SELECT count(*) FROM golden_labels"),
    )


def test_values_are_corrected_by_a_choice_a_text_and_lines(reviewer: Reviewer) -> None:
    """A correction counts when it is another value, and one that the schema has."""
    reviewer.open(sample(record(1)))
    at = {name: number for number, name in enumerate(COLUMNS)}

    def correct(column: str) -> None:
        reviewer.page.run(f"document.querySelector('#column-{at[column]} input').focus()")
        reviewer.press("3")

    correct("call_summary")
    assert "0 of 15" in reviewer.text("#status")
    reviewer.write("A customer's <b>router</b> is broken; \u2028 né.")
    reviewer.press("Escape")
    assert "call_summary" == reviewer.focus()
    correct("call_tone")
    reviewer.choose("angry")
    correct("agent_response_resolved")
    reviewer.choose(False)
    correct("call_sentiment_outgoing")
    reviewer.choose(None)
    correct("language_code")
    reviewer.write("ENGLISH")
    assert "it does not match" in reviewer.text(f"#problem-{at['language_code']}")
    correct("reason_for_call_summary")
    reviewer.write("")
    correct("products")
    reviewer.write('[{"name": "Router"}, {"name": "Cable", "context": "lost"}]')
    reviewer.press("Escape")

    (labels,) = read_labels(reviewer.exported(), REVIEW).rows
    assert {
        "call_summary": "A customer's <b>router</b> is broken; \u2028 né.",
        "call_tone": "angry",
        "agent_response_resolved": False,
        "call_sentiment_outgoing": None,
        "reason_for_call_summary": None,
        "products": [
            {"name": "Router", "context": None}, {"name": "Cable", "context": "lost"},
        ],
    } == labels.values  # fmt: skip
    assert "1 corrections are not valid and are left out" in reviewer.text("#message")


def test_what_was_judged_is_there_after_the_page_is_opened_again(
    reviewer: Reviewer, other_reviewer: Reviewer
) -> None:
    """In this browser; elsewhere an exported file is imported, and says the same."""
    reviewer.open(sample())
    reviewer.press("1", "2", "j", "3")
    reviewer.write("Why it changed.")
    reviewer.press("Escape", "n", "0", "1")
    before, status = reviewer.checked(), reviewer.text("#status")

    reviewer.again()

    assert (before, status) == (reviewer.checked(), reviewer.text("#status"))
    exported = labels_of(reviewer.exported())
    other_reviewer.open(sample())
    assert {} == other_reviewer.checked()
    lines = "".join(json.dumps(each) + "\r\n" for each in exported)
    assert "Took over 4 labels." == other_reviewer.imports(lines)
    assert exported == labels_of(other_reviewer.exported())


def test_the_first_unjudged_column_is_found_and_the_rest_is_right(reviewer: Reviewer) -> None:
    """A column that was judged stays as it is."""
    reviewer.open(sample())
    reviewer.press("a", "n", "2", "a")
    assert ("wrong", 15) == (reviewer.checked()["call_summary"], len(reviewer.checked()))

    reviewer.press("p", "u")

    assert "Record 3 of 3: 0 of 15 columns judged. Complete: 2." == reviewer.text("#status")
    assert "call_summary" == reviewer.focus()
    reviewer.press("j", "1", "u")
    assert "call_summary" == reviewer.focus()


def test_a_value_that_the_schema_does_not_have_cannot_be_right(reviewer: Reviewer) -> None:
    """Null where a value is required, and a blank text, which is no label."""
    reviewer.open(sample(record(1, products=[], call_summary=" ", reason_for_call_product="")))
    reviewer.press("1", "2")
    assert {} == reviewer.checked()

    reviewer.press("a")

    assert len(COLUMNS) - 2 == len(reviewer.checked())
    assert "reason_for_call_product" not in read_labels(reviewer.exported(), REVIEW).columns


def test_single_keys_can_be_switched_off(reviewer: Reviewer) -> None:
    """And do nothing in a text field; modified keys belong to the browser."""
    reviewer.open(sample())
    reviewer.press("?")
    assert "Corrected: choose or write" in reviewer.text("dialog[open] #keys")
    reviewer.page.run("document.getElementById('single-keys').click()")
    reviewer.press("Escape", "1")
    assert {} == reviewer.checked()
    reviewer.page.run("document.getElementById('single-keys').click()")
    reviewer.page.run("document.getElementById('reviewer').focus()")
    reviewer.press("1", "a")

    assert {} == reviewer.checked()
    assert "1a" == reviewer.page.run("document.getElementById('reviewer').value")
    reviewer.page.run("document.activeElement.blur()")
    reviewer.press("1")
    assert "labels-r1-0123456789ab-1a.jsonl" == reviewer.exported().name


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_transcript_is_shown_as_text(reviewer: Reviewer, text: str) -> None:
    """It neither ends the page nor changes it."""
    reviewer.open(
        sample(record(1, text, call_summary=text, products=[{"name": text, "context": text}]))
    )

    assert text == reviewer.page.run("document.getElementById('transcript').textContent")
    assert text == reviewer.text("#value-0")
    assert ("Review of run r1", 0) == tuple(
        reviewer.page.run(
            "[document.title, document.querySelectorAll('img, b, main script').length]"
        )
    )


def test_a_browser_without_storage_says_so_and_warns_before_leaving(reviewer: Reviewer) -> None:
    """Until the labels are exported."""
    reviewer.open(sample())
    reviewer.page.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    leave = (
        "(() => { const event = new Event('beforeunload', {cancelable: true});"
        " return !dispatchEvent(event); })()"
    )
    reviewer.press("1")

    assert reviewer.page.run("document.getElementById('storage').checkVisibility()")
    assert reviewer.page.run(leave)
    reviewer.exported()
    assert not reviewer.page.run(leave)


def test_the_page_runs_no_other_script(reviewer: Reviewer) -> None:
    """Its policy refuses one that is added, and every request."""
    reviewer.open(sample())

    refused = reviewer.page.run(
        "new Promise(ok => { const seen = [];"
        " document.addEventListener('securitypolicyviolation', event => {"
        "   seen.push(event.effectiveDirective); if (seen.length === 2) ok(seen.sort()); });"
        " const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        " document.body.append(script); fetch('https://example.com').catch(() => 0); })"
    )

    assert ["connect-src", "script-src-elem"] == refused
    assert reviewer.page.run("window.ran === undefined")


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_of_the_page_overflows_overlaps_or_pales(reviewer: Reviewer, view: str) -> None:
    """Also at 200 % on a window of 1,280, which has the width of 640, and with a correction."""
    reviewer.open(sample(record(1, "word" * 200, call_summary="x" * 300)))
    reviewer.press("3", "Escape", "j", "3")

    for each in (VIEWS[view], View(640, dark=VIEWS[view].dark)):
        reviewer.page.set_view(each)
        assert [] == reviewer.page.run(LOOKS)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("not JSON", "Line 1 is no labels with a record_id: nothing was taken over."),
        (
            '\n{"call_tone": "calm"}',
            "Line 2 is no labels with a record_id: nothing was taken over.",
        ),
        ('{"record_id": 1}', "Line 1 is no labels with a record_id: nothing was taken over."),
        (
            json.dumps({"record_id": "f" * 32, "call_tone": "calm"}),
            "Took over 0 labels. 1 are of other records, columns or values.",
        ),
        (
            json.dumps({"record_id": f"{1:032x}", "x": 1, "call_tone": {"not": "angry"}}),
            "Took over 0 labels. 2 are of other records, columns or values.",
        ),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(
    reviewer: Reviewer, lines: str, says: str
) -> None:
    """It says which line, or how many labels it left."""
    reviewer.open(sample())

    assert (says, {}) == (reviewer.imports(lines), reviewer.checked())
