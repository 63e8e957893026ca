"""Redaction in a plan: what is frozen is what is sent; what has changed is judged by the original."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator

import pytest

from analysis.redaction import MOST_RULES
from events import RunRequested
from handlers.runs.plan_params import plan_params
from tests.tracking.harness import ANALYSIS, TrackingHarness, call, good, id_of, stopped
from tests.tracking.test_planning import completed, skipped
from tracking import Redaction, RedactionCount, RedactionRule, parameters
from tracking.redaction import ASCII_SIGNS, FOREIGN_SIGNS, UNFOLDED
from tracking.statements import fragment
from tracking.tables import columns_of

DIGITS = RedactionRule("digits", "[0-9]{4,}", "[N]")
NAMES = RedactionRule("names", r"(?i)(^|[^\pL])anna($|[^\pL])", r"\1[NAME]\2")
TEXT = "call Anna at 12345, Anna"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def redacting(harness: TrackingHarness) -> Iterator[TrackingHarness]:
    harness.redaction = Redaction(rules=[DIGITS, NAMES])
    yield harness
    harness.redaction = Redaction()


def test_the_text_that_is_frozen_is_redacted(redacting: TrackingHarness) -> None:
    """Beside it stand the fingerprints of what is sent and of the original."""
    redacting.source([call(1, TEXT)])

    redacting.plan()

    sent = "call [NAME] at [N], [NAME]"
    assert [(sent, sha(sent), sha(TEXT))] == redacting.sql(
        "SELECT transcript, text_fingerprint, original_fingerprint FROM batch_records"
    )


def test_rules_are_applied_in_their_order(harness: TrackingHarness) -> None:
    """The second one sees what the first one left."""
    harness.source([call(1, "ab")])
    rules = [RedactionRule("a", "a", "c"), RedactionRule("c", "c", "d")]

    harness.redaction = Redaction(rules=rules)
    harness.plan("r1", dry_run=True)
    harness.plan("r2")

    assert "db" == harness.one("SELECT transcript FROM batch_records")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("num ４１１１ end", "num [N] end"),
        ("num ٤١١١ end", "num [N] end"),
        ("num 𝟒𝟏𝟏𝟏 end", "num [N] end"),
        ("Annä 1234", "Annä [N]"),
        ("cafe\u0301 1234", "caf\u00e9 [N]"),
        ("ｃａｌｌ １２３４", "call [N]"),
        ("\uff45\u0301 1234", "\u00e9 [N]"),
        ("ａ＠ｂ．ｃ ﹢1234，。：", "a@b.c +[N]，。："),
        ("“quoted” – €5 👍", "“quoted” – €5 👍"),
    ],
)
def test_foreign_digits_and_split_letters_hide_nothing(
    redacting: TrackingHarness, text: str, sent: str
) -> None:
    """Rules see NFC and ASCII digits, and so does the model."""
    redacting.source([call(1, text)])

    redacting.plan()

    assert sent == redacting.one("SELECT transcript FROM batch_records")


def test_a_plan_without_rules_keeps_the_text_as_it_is(harness: TrackingHarness) -> None:
    """Split letters and foreign digits included."""
    harness.source([call(1, "cafe\u0301 ４")])

    harness.plan()

    assert [("cafe\u0301 ４", sha("cafe\u0301 ４"))] == harness.sql(
        "SELECT transcript, original_fingerprint FROM batch_records"
    )


def test_empty_is_judged_on_what_is_sent(harness: TrackingHarness) -> None:
    """A text that the rules leave nothing of is not paid for."""
    harness.source([call(1, "12345"), call(2, "12345 more")])
    harness.redaction = Redaction(rules=[RedactionRule("digits", "[0-9]{4,}", "")])

    plan = harness.plan()

    assert (1, {"empty_transcript": 1}) == (plan.records, skipped(plan))


def test_too_large_is_judged_on_what_is_sent(harness: TrackingHarness) -> None:
    """Also the bytes of a batch, in the preview as in the plan."""
    harness.source([call(1, "1" * 500), call(2, "x" * 500), call(3, "12")])
    harness.redaction = Redaction(rules=[DIGITS, RedactionRule("two", "12", "x" * 500)])
    params = plan_params(RunRequested(run_id="r1"), "m1", ANALYSIS) | {"max_transcript_bytes": 400}

    preview = harness.tracking.preview_plan(params, harness.redaction)
    harness.tracking.plan_run("r1", params, harness.redaction)

    plan = harness.tracking.plan_of("r1")
    assert plan is not None
    assert (1, {"request_too_large": 2}) == (plan.records, skipped(plan))
    assert (plan.records, plan.bytes) == (preview["records"], preview["bytes"])
    assert ANALYSIS.line_overhead_bytes + len("[N]") == plan.bytes


def test_an_estimate_looks_at_texts_as_they_are_sent(redacting: TrackingHarness) -> None:
    """A look at some texts is a look at redacted ones, and changes nothing."""
    redacting.source([call(1, TEXT), call(2, "hello")])
    params = plan_params(RunRequested(run_id="r1"), "m1", ANALYSIS) | {"sample": 9}

    texts = redacting.tracking.sample_of_plan(params, redacting.redaction)

    assert ["call [NAME] at [N], [NAME]", "hello"] == sorted(texts)


def test_an_answer_belongs_to_the_text_that_was_sent(redacting: TrackingHarness) -> None:
    """An echo of the redacted text proves it; an echo of the original is of another request."""
    rows = [call(1, TEXT), call(2, TEXT + "!")]
    redacting.source(rows)
    redacting.plan()

    sent = good(rows[0], 1, text_fingerprint=sha("call [NAME] at [N], [NAME]"))
    closing = redacting.close([sent, good(rows[1], 2)])

    assert (1, 1) == (closing.analysed, closing.open)
    assert [("key_mismatch", None, 1)] == redacting.errors()
    assert [(id_of(rows[0]),)] == redacting.sql("SELECT record_id FROM processed_records")


def analysed(harness: TrackingHarness) -> None:
    harness.source([call(1, TEXT)])
    harness.plan()
    harness.close([good(call(1, TEXT), 1, text_fingerprint=None)])
    harness.record(completed())


def test_a_transcript_is_processed_by_its_original(redacting: TrackingHarness) -> None:
    """Other rules change nothing; another number, which the rules hide, is another transcript."""
    analysed(redacting)
    redacting.redaction = Redaction(rules=[NAMES])

    plan = redacting.plan("r2")
    redacting.sql("UPDATE transcription_pass_2 SET transcript = 'call Anna at 99999, Anna'")
    redacting.redaction = Redaction(rules=[DIGITS, NAMES])
    later = redacting.plan("r3")

    assert ({"processed": 1}, {"changed": 1}) == (skipped(plan), skipped(later))
    assert [(sha(TEXT),)] == redacting.sql("SELECT original_fingerprint FROM processed_records")


def test_a_changed_transcript_is_redacted_when_it_is_asked_again(
    redacting: TrackingHarness,
) -> None:
    """`reprocess --changed` plans it with the rules."""
    analysed(redacting)
    redacting.sql("UPDATE transcription_pass_2 SET transcript = 'call Anna at 99999'")

    redacting.reprocess("r2", changed=True)

    assert [("call [NAME] at [N]",)] == redacting.sql(
        "SELECT transcript FROM batch_records WHERE run_id = 'r2'"
    )


def test_a_released_transcript_is_redacted_by_the_next_plan(redacting: TrackingHarness) -> None:
    """As if it were seen for the first time."""
    redacting.source([call(1, TEXT)])
    redacting.plan()
    redacting.record(stopped("operator"))
    redacting.close(ending="cancelled")
    redacting.record(completed())
    redacting.redaction = Redaction(rules=[DIGITS])

    redacting.plan("r2")

    assert [("call Anna at [N], Anna",)] == redacting.sql(
        "SELECT transcript FROM batch_records WHERE run_id = 'r2'"
    )


def test_of_copies_the_chosen_one_is_redacted(redacting: TrackingHarness) -> None:
    """The newest, and the choice is made on the originals."""
    redacting.source(
        [
            call(1, "old 1111", event_timestamp="2026-03-01 11:00:00"),
            call(1, "new 2222", event_timestamp="2026-03-01 12:00:00"),
            call(1, "new 3333", event_timestamp="2026-03-01 11:30:00"),
        ]
    )

    plan = redacting.plan()

    assert {"conflicting_copies": 2} == skipped(plan)
    assert [("new [N]", sha("new 2222"))] == redacting.sql(
        "SELECT transcript, original_fingerprint FROM batch_records"
    )


def test_a_report_counts_what_each_rule_replaced(redacting: TrackingHarness) -> None:
    """In the planned records, after the rules before it; what the plan leaves out is not counted."""
    rows = [call(1, TEXT), call(2, "5555 6666"), call(3, "[N]")]
    redacting.source(rows)
    rules = [DIGITS, NAMES, RedactionRule("mark", r"\[N\]", "<N>")]
    redacting.redaction = Redaction(rules=rules, counted=True)

    plan = redacting.plan()
    limited = redacting.plan("r2", mode="single", record_ids=[id_of(rows[1])], dry_run=True)

    def counts(*found: tuple[str, int, int]) -> tuple[RedactionCount, ...]:
        return tuple(RedactionCount(rule=r, replacements=n, records=m) for r, n, m in found)

    assert counts(("digits", 3, 2), ("names", 2, 1), ("mark", 4, 3)) == plan.redactions
    assert counts(("digits", 0, 0), ("names", 0, 0), ("mark", 0, 0)) == limited.redactions


def test_without_a_report_nothing_is_counted(redacting: TrackingHarness) -> None:
    """Counting costs as much again as redacting."""
    redacting.source([call(1, TEXT)])

    assert () == redacting.plan().redactions


def test_the_selection_of_one_record_is_that_of_the_plan(redacting: TrackingHarness) -> None:
    """`troupe explain` asks for it."""
    redacting.source([call(1, TEXT), call(2, "")])
    params = plan_params(RunRequested(run_id="r1"), "m1", ANALYSIS)

    def selection(row: dict[str, object]) -> str | None:
        asked = {**params, "record_id": id_of(row)}
        return redacting.tracking.selection_of_record(asked, redacting.redaction)

    assert ["pending", "empty_transcript", None] == [selection(call(n)) for n in (1, 2, 3)]


def test_every_character_that_is_not_folded_stays_as_it_is_in_nfc() -> None:
    """The class leaves out what most texts have, and nothing that NFC would change."""
    unfolded = re.compile(
        re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", UNFOLDED)
    )
    every = "".join(chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    kept = [*unfolded.sub("", every)]

    assert 1_000 < len(kept) < 4_000
    assert [] == [s for s in kept if unicodedata.normalize("NFC", s) != s]
    assert [] == [s for s in kept if unicodedata.combining(s) or s in FOREIGN_SIGNS]
    seconds = {
        parts[1]
        for text in map(unicodedata.decomposition, every)
        if text and len(parts := text.split()) == 2 and "<" not in parts[0]
    }
    assert [] == [s for s in kept if f"{ord(s):04X}" in seconds]


def test_every_foreign_sign_has_its_value() -> None:
    """A digit that of its script, any other sign that of the form NFKC."""
    assert len(FOREIGN_SIGNS) == len(set(FOREIGN_SIGNS)) == len(ASCII_SIGNS)
    assert [*ASCII_SIGNS] == [
        str(unicodedata.decimal(sign, unicodedata.normalize("NFKC", sign)))
        for sign in FOREIGN_SIGNS
    ]


def test_every_rule_of_an_analysis_has_typed_parameters() -> None:
    assert MOST_RULES == parameters.MOST_RULES


def test_counts_have_the_fields_of_the_table_in_its_order() -> None:
    """BigQuery assigns the fields of a struct by their position, and two of them are numbers."""
    (column,) = [each for each in columns_of("run_plans") if each.name == "redactions"]
    fields = [each.name for each in column.fields]

    assert fields == re.findall(r" AS (\w+)", fragment("redaction_count", number="1"))
    assert fields == re.findall(r"(\w+) (?:STRING|INT64)", fragment("no_redactions"))
    assert (*fields,) == RedactionCount.__struct_fields__
