"""The pages *Records* and *Record*."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.analysis.own import folder_of
from tests.console.client import Answer, Browser, Site
from tests.console.prepared import MIXED, OWN, SINCE, folder, opened
from tests.harness import LocalHarness, call, calls, id_of, ran
from troupe.backends.local.operations import add_analysis
from troupe.cli.target import Target
from troupe.operations.find_records import find_records

MOST_BYTES = 100_000


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(Target(folder("searched"))) as opened_site:
        yield opened_site


@pytest.fixture
def browser(site: Site) -> Browser:
    signed_in = site.browser()
    signed_in.get("/records")
    return signed_in


def ids(answer: Answer) -> list[str]:
    """The records of the table, in its order."""
    assert answer.status == 200, answer.text
    table = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return re.findall(r'href="/records/([0-9a-f]{32})"', table)


def links(answer: Answer) -> list[str]:
    return [html.unescape(each) for each in re.findall(r'href="([^"]+)"', answer.text)]


def test_the_newest_records_are_listed_with_a_link_for_each_state(browser: Browser) -> None:
    page = browser.get(f"/records{SINCE}")

    assert 27 == len(ids(page))
    assert "27 records of of_any_kind_v1" in page.text
    (failed,) = [each for each in links(page) if "state=failed" in each]
    assert {id_of(call(3)), id_of(call(4))} == set(ids(browser.get(failed)))
    assert len(page.body) < MOST_BYTES


def test_a_closed_value_is_searched_by_an_address(browser: Browser) -> None:
    """The form shows what was chosen."""
    page = browser.get(f"/records{SINCE}&where=mood%3Dbad&where=settled%3Dfalse")

    assert 7 == len(ids(page))
    assert '<option value="mood=bad" selected>mood: bad</option>' in page.text
    assert '<option value="settled=false" selected>settled: no</option>' in page.text


def test_a_form_without_personal_text_leads_to_an_address_that_can_be_kept(
    browser: Browser,
) -> None:
    sent = browser.post(
        "/records",
        {"run": "r1", "state": "failed", "where": ["", ""], "id": "", "analysis": OWN, "since": ""},
    )

    assert (303, "/records?analysis=of_any_kind_v1&run=r1&state=failed") == (
        sent.status, sent.header("location"),
    )  # fmt: skip
    assert 2 == len(ids(browser.follow(sent)))


@pytest.mark.parametrize(
    "fields",
    [{"id": "int-6"}, {"id": "tok_000003"}, {"words": "My line 6 is", "run": "r1"},
     {"attribute": "agent", "is": "Agent 6"}],
)  # fmt: skip
def test_personal_text_is_searched_by_the_body_of_a_form_alone(
    browser: Browser, fields: dict[str, str]
) -> None:
    """No address of the answer holds it, and the next page is a form as well."""
    found = browser.post("/records", {"since": "2026-02-01"} | fields)

    assert id_of(call(6)) in ids(found)
    assert found.header("location") == ""
    text = next(value for name, value in fields.items() if name in ("id", "words", "is"))
    for address in links(found):
        assert text not in address
        assert not {"id", "words", "is"} & parse_qs(urlsplit(address).query).keys()
    assert text not in re.findall(r"<title>(.*?)</title>", found.text)[0]


@pytest.mark.parametrize("name", ["id", "words", "is", "attribute"])
def test_an_address_that_names_a_personal_field_searches_nothing_by_it(
    browser: Browser, name: str
) -> None:
    """By any caller: it stays in histories and logs."""
    assert 27 == len(ids(browser.get(f"/records{SINCE}&{name}=int-6")))


def test_a_record_id_leads_to_its_page(browser: Browser) -> None:
    sent = browser.post("/records", {"id": f"  {id_of(call(6))} "})

    assert f"/records/{id_of(call(6))}" == sent.header("location")


def test_a_record_id_may_be_in_capitals(browser: Browser) -> None:
    """As some spreadsheets write it."""
    capitals = id_of(call(6)).upper()

    sent = browser.post("/records", {"id": capitals})

    assert f"/records/{id_of(call(6))}" == sent.header("location")
    assert 200 == browser.get(f"/records/{capitals}").status


@pytest.mark.parametrize("fields", [{"attribute": "agent"}, {"is": "Agent 6"}])
def test_half_a_search_by_attribute_is_refused(browser: Browser, fields: dict[str, str]) -> None:
    """It would list all records."""
    found = browser.post("/records", fields)

    assert 400 == found.status
    assert "give both" in found.text


@pytest.mark.parametrize(
    "fields",
    [{"grade": "Ann Smith"}, {"state": "Ann Smith"}, {"analysis": "Ann Smith"},
     {"where": "mood=My name is Ann"}, {"where": "Ann Smith"}, {"where": "Ann=good"},
     {"where": "mood=My name is Ann", "id": "int-6"}],
)  # fmt: skip
def test_a_text_in_a_closed_field_leads_to_no_address(
    browser: Browser, fields: dict[str, str]
) -> None:
    found = browser.post("/records", fields)

    assert (400, "") == (found.status, found.header("location"))


@pytest.mark.parametrize(
    ("fields", "says"),
    [({"run": "Maria Huber"}, "invalid run"), ({"error": "<b>"}, "invalid error"),
     ({"since": "soon"}, "invalid since"), ({"words": "x" * 201}, "invalid words"),
     ({"id": "x" * 10_000}, "invalid id"), ({"attribute": "x", "is": "y"}, "invalid attribute"),
     ({"run": "r9", "id": "x"}, "run r9 is not planned here")],
)  # fmt: skip
def test_a_search_that_cannot_be_done_says_why(
    browser: Browser, fields: dict[str, str], says: str
) -> None:
    found = browser.post("/records", fields)

    assert 400 == found.status
    assert says in html.unescape(found.text)
    assert "<b>" not in found.text.partition("<main")[2].replace("</b>", "")


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_day_beyond_all_calls_is_refused(browser: Browser, name: str, day: str) -> None:
    """In an address, in a form, and on the page of answers."""
    found = [
        browser.get(f"/records?{name}={day}"),
        browser.post("/records", {"id": "x", name: day}),
        browser.get(f"/answers?{name}={day}"),
    ]

    assert [400] * 3 == [each.status for each in found]
    assert all(f"invalid {name}" in each.text for each in found)


@pytest.mark.parametrize("day", ["1970-01-01", "9999-01-01"])
def test_the_first_and_the_last_day_can_be_asked_for(browser: Browser, day: str) -> None:
    assert 200 == browser.get(f"/records?since={day}&until={day}").status
    assert 200 == browser.post("/records", {"id": "x", "since": day, "until": day}).status
    assert 200 == browser.get(f"/records?until={day}").status
    assert 200 == browser.get(f"/answers?until={day}").status


def test_pages_follow_each_other_by_address_and_by_form(site: Site, tmp_path: Path) -> None:
    """A page has fifty records."""
    home = tmp_path / "home"
    harness = opened("searched", home)
    harness.sql(
        "INSERT INTO of_any_kind SELECT of_any_kind.* REPLACE (md5(record_id || i) AS record_id) "
        "FROM of_any_kind, range(3) AS r(i)"
    )
    harness.close()
    with Site(Target(home)) as larger:
        browser = larger.browser()
        first = browser.get(f"/records{SINCE}")
        (following,) = [each for each in links(first) if "after=" in each]
        second = browser.get(following)
        form = browser.post("/records", {"since": "2026-02-01", "words": "line", "run": "r1"})
        after = re.findall(r'name="after" value="([^"]+)"', form.text)
        rest = browser.post(
            "/records",
            {"since": "2026-02-01", "words": "line", "run": "r1", "after": after[0]},
        )

    assert (50, 43) == (len(ids(first)), len(ids(second)))
    assert not {*ids(first)} & {*ids(second)}
    assert (50, 40) == (len(ids(form)), len(ids(rest)))
    assert not {*ids(form)} & {*ids(rest)}


def test_a_record_shows_its_answer_beside_its_transcript(browser: Browser) -> None:
    """The summary's words that the transcript has are marked, and the others are named."""
    page = browser.get(f"/records/{id_of(call(6))}")

    assert page.status == 200
    assert "<mark>line</mark>" in page.text
    assert "<mark>broken</mark>" in page.text
    assert "Not in it, of the summary's words: says, zanzibar" in page.text
    assert "The line is broken, says Zanzibar." in page.text
    assert '<a href="/runs/r1">' in page.text
    assert f"<title>Record {id_of(call(6))} · Troupe</title>" in page.text
    assert len(page.body) < MOST_BYTES


def test_what_the_model_wrote_is_shown_as_text(browser: Browser) -> None:
    """An answer may hold a script."""
    page = browser.get(f"/records/{id_of(call(2))}")

    assert f"the model wrote: {html.escape(MIXED).replace('&#x27;', '&#39;')}" in page.text
    assert "<script>alert" not in page.text


def test_a_failed_record_shows_its_errors_and_can_be_asked_again(browser: Browser) -> None:
    """The button names the record; the preview of the action counts it."""
    page = browser.get(f"/records/{id_of(call(4))}")

    assert "attempts_exhausted" in page.text
    assert 'action="/actions/reprocess/preview"' in page.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    preview = browser.post("/actions/reprocess/preview", fields)
    assert (200, True) == (preview.status, "1 record" in preview.text)
    assert "reprocess" not in browser.get(f"/records/{id_of(call(6))}").text


@pytest.mark.parametrize("record_id", ["0" * 32, "r1", "%3Cscript%3E", "0" * 5_000])
def test_an_unknown_record_is_not_found(browser: Browser, record_id: str) -> None:
    page = browser.get(f"/records/{record_id}")

    assert 404 == page.status
    assert "<script>" not in page.text


def test_without_texts_no_page_holds_one() -> None:
    with Site(Target(folder("searched")), no_text=True) as site:
        browser = site.browser()
        pages = [browser.get(f"/records{SINCE}")]
        pages += [browser.get(f"/records/{id_of(call(number))}") for number in (2, 4, 6)]
        words = browser.post("/records", {"words": "line", "run": "r1"})
        attribute = browser.post("/records", {"attribute": "agent", "is": "Agent 6"})
        found = browser.post("/records", {"id": "int-6", "since": "2026-02-01"})

    assert (403, 403, 200) == (words.status, attribute.status, found.status)
    for page in [*pages, found]:
        assert page.status == 200
        for text in ("CUSTOMER", "broken", "Zanzibar", "alert", "Agent "):
            assert text not in page.text


def test_a_read_only_console_searches_and_offers_no_action() -> None:
    with Site(Target(folder("searched")), read_only=True) as site:
        browser = site.browser()
        page = browser.get(f"/records/{id_of(call(4))}")
        found = browser.post("/records", {"id": "int-6", "since": "2026-02-01"})

    assert (200, 200) == (page.status, found.status)
    assert "/actions/" not in page.text


def test_a_long_transcript_is_cut_unless_the_whole_is_asked_for(tmp_path: Path) -> None:
    """A page stays below 100 KB."""
    home, text = tmp_path / "home", "word ünïcode <b>\x1b[31m " * 40_000
    harness = opened("searched", home)
    harness.sql("UPDATE batch_records SET transcript = ?", text)
    harness.sql("UPDATE of_any_kind SET verdict = ?", "v" * 200_000)
    harness.close()
    with Site(Target(home)) as site:
        browser = site.browser()
        page = browser.get(f"/records/{id_of(call(6))}")
        whole = browser.get(f"/records/{id_of(call(6))}?whole")

    assert len(page.body) < MOST_BYTES
    assert "whole text" in page.text
    assert whole.text.count("ünïcode") == 40_000
    assert "v" * 200_000 in whole.text
    assert "whole text" not in whole.text


def test_an_empty_folder_has_no_record(tmp_path: Path) -> None:
    harness = LocalHarness(tmp_path / "home")
    assert find_records(harness.backend).total == 0
    harness.close()
    with Site(Target(tmp_path / "home")) as site:
        page = site.browser().get("/records")

    assert "No record fits this search." in page.text


def test_what_the_stand_in_wrote_is_marked_wherever_it_stands(tmp_path: Path) -> None:
    """Its answers and their costs; the prepared folder has answers of a model that is paid."""
    harness = LocalHarness(tmp_path / "home")
    harness.begin_after(ran, 2)
    harness.close()
    with Site(Target(tmp_path / "home")) as simulated:
        browser = simulated.browser()
        pages = [
            browser.get(path)
            for path in (
                f"/records{SINCE}", f"/records/{id_of(call(0))}", f"/answers{SINCE}", "/costs",
            )
        ]  # fmt: skip
    with Site(Target(folder("searched"))) as paid:
        browser = paid.browser()
        others = [
            browser.get(path)
            for path in (
                f"/records{SINCE}", f"/records/{id_of(call(6))}", f"/answers{SINCE}", "/costs",
            )
        ]  # fmt: skip

    assert [True] * 4 == ["simulated" in page.text.lower() for page in pages]
    assert [False] * 4 == ["simulated" in page.text.lower() for page in others]


def test_thirty_closed_columns_stay_below_the_size_of_a_page(tmp_path: Path) -> None:
    """The list shows the first eight; the form asks for all."""
    closed = {
        f"judgement_number_{at}": {"type": "STRING", "enum": ["good", "bad", "neither of both"]}
        for at in range(30)
    }
    harness = LocalHarness(tmp_path / "home")
    add_analysis(harness.backend, str(folder_of(tmp_path, closed)))
    harness.load(calls(2))
    harness.complete("r1", analysis=OWN)
    harness.sql(
        "INSERT INTO of_any_kind SELECT of_any_kind.* REPLACE (md5(record_id || i) AS record_id) "
        "FROM of_any_kind, range(30) AS r(i)"
    )
    harness.close()
    with Site(Target(tmp_path / "home")) as site:
        page = site.browser().get(f"/records{SINCE}")
        answers = site.browser().get(f"/answers{SINCE}")

    assert 50 == len(ids(page))
    assert '<option value="judgement_number_29=bad">' in page.text
    assert len(page.body) < MOST_BYTES
    assert len(answers.body) < MOST_BYTES
