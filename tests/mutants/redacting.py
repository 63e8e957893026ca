"""Mutants of redaction: what is sent, and which text is judged."""

from .mutant import Mutant

_SELECTION = "tracking/fragments/plan/source_selection.sql"
_PLAN = "tracking/transactions/plan_run.sql"
_TESTS = "tests/tracking/test_redaction.py"

REDACTING = (
    Mutant(
        name="the original is frozen and sent",
        where=_PLAN,
        old="s.event_timestamp, {sent_text} AS text",
        new="s.event_timestamp, s.transcript AS text",
        tests=(f"{_TESTS}::test_the_text_that_is_frozen_is_redacted",),
    ),
    Mutant(
        name="an estimate looks at the originals",
        where="tracking/queries/runs/sample_of_plan.sql",
        old="ANY_VALUE({sent_text})",
        new="ANY_VALUE(s.transcript)",
        tests=(f"{_TESTS}::test_an_estimate_looks_at_texts_as_they_are_sent",),
    ),
    Mutant(
        name="an answer must belong to the original",
        where=_PLAN,
        old="TO_HEX(SHA256(ANY_VALUE(t.text)))",
        new="t.fingerprint",
        tests=(f"{_TESTS}::test_an_answer_belongs_to_the_text_that_was_sent",),
    ),
    Mutant(
        name="a transcript has changed when the rules have",
        where="tracking/transactions/close_attempt.sql",
        old="m.interaction_id, m.original_fingerprint,",
        new="m.interaction_id, m.text_fingerprint,",
        tests=(f"{_TESTS}::test_a_transcript_is_processed_by_its_original",),
    ),
    Mutant(
        name="empty is judged before redaction",
        where=_SELECTION,
        old="s.text IS NULL OR NOT REGEXP_CONTAINS(s.text, r'\\S') AS is_empty",
        new="s.transcript IS NULL OR NOT REGEXP_CONTAINS(s.transcript, r'\\S') AS is_empty",
        tests=(f"{_TESTS}::test_empty_is_judged_on_what_is_sent",),
    ),
    Mutant(
        name="too large is judged before redaction",
        where=_SELECTION,
        old="BYTE_LENGTH(TO_JSON_STRING(s.text))",
        new="BYTE_LENGTH(TO_JSON_STRING(s.transcript))",
        tests=(f"{_TESTS}::test_too_large_is_judged_on_what_is_sent",),
    ),
    Mutant(
        name="a changed transcript that is asked again is taken for empty",
        where=_SELECTION,
        old="AND (p.record_id IS NULL OR @changed), {sent_text}, NULL",
        new="AND p.record_id IS NULL, {sent_text}, NULL",
        tests=(f"{_TESTS}::test_a_changed_transcript_is_redacted_when_it_is_asked_again",),
    ),
    Mutant(
        name="a text is not folded",
        where="tracking/redaction.py",
        old='return fragment("folded_text", text=text) if self.rules else text',
        new="return text",
        tests=(f"{_TESTS}::test_foreign_digits_and_split_letters_hide_nothing",),
    ),
    Mutant(
        name="a rule less is applied than there are",
        where="tracking/redaction.py",
        old="        for number in range(1, len(self.rules) + 1):\n            text =",
        new="        for number in range(1, len(self.rules)):\n            text =",
        tests=(f"{_TESTS}::test_the_text_that_is_frozen_is_redacted",),
    ),
    Mutant(
        name="a rule counts in the text before the rules before it",
        where="tracking/fragments/redaction/redaction_step.sql",
        old="REGEXP_REPLACE(r.text, @pattern_{number}, @replacement_{number}) AS text",
        new="r.text AS text",
        tests=(f"{_TESTS}::test_a_report_counts_what_each_rule_replaced",),
    ),
    Mutant(
        name="a plan that does not count says that nothing was replaced",
        where="tracking/redaction.py",
        old="if self.counted and self.rules",
        new="if self.rules",
        tests=(f"{_TESTS}::test_without_a_report_nothing_is_counted",),
    ),
    Mutant(
        name="rules that are off are applied",
        where="analysis/redaction.py",
        old='return () if self.redact == "off" else self.rules',
        new="return self.rules",
        tests=("tests/analysis/test_redaction.py",),
    ),
    Mutant(
        name="a plus between two numbers begins a telephone number",
        where="analysis/redaction_rules.py",
        old="((?:^|[^0-9{_BLANK}])[{_BLANK}]*)",
        new="((?:^|[^{_BLANK}])[{_BLANK}]*)",
        tests=("tests/redaction/test_rules.py::test_a_rule_finds_what_its_vectors_say",),
    ),
    Mutant(
        name="an amount of millions is a telephone number",
        where="analysis/redaction_rules.py",
        old="(?:{_WIDE}0)?{_WIDE}[1-9]",
        new="(?:{_WIDE}0)?{_WIDE}[0-9]",
        tests=("tests/redaction/test_rules.py::test_a_rule_finds_what_its_vectors_say",),
    ),
    Mutant(
        name="an EAN is a card",
        where="analysis/redaction_rules.py",
        old="(?:{_GAP}{_N}){{13,18}}|3{_GAP}[046-9]",
        new="(?:{_GAP}{_N}){{12,18}}|3{_GAP}[046-9]",
        tests=("tests/redaction/test_rules.py::test_a_rule_finds_what_its_vectors_say",),
    ),
    Mutant(
        name="a full-width letter is not folded",
        where="tracking/redaction.py",
        old='_WIDE = f"{_LETTERS}{_LETTERS.upper()}+@.-_"',
        new='_WIDE = "+@.-_"',
        tests=(f"{_TESTS}::test_foreign_digits_and_split_letters_hide_nothing",),
    ),
    Mutant(
        name="what is folded is not brought into NFC",
        where="tracking/fragments/redaction/folded_text.sql",
        old="NORMALIZE(TRANSLATE({text}, @foreign_signs, @ascii_signs), NFC)",
        new="TRANSLATE(NORMALIZE({text}, NFC), @foreign_signs, @ascii_signs)",
        tests=(f"{_TESTS}::test_foreign_digits_and_split_letters_hide_nothing",),
    ),
    Mutant(
        name="a rule may replace nearly everything",
        where="troupe/redactor.py",
        old="if number > MOST_REPLACED * characters",
        new="if number > characters",
        tests=(
            "tests/redaction/test_rules.py::test_a_rule_that_replaces_most_of_a_conversation_is_refused",
        ),
    ),
    Mutant(
        name="redaction may be on without a rule",
        where="analysis/redaction.py",
        old='if not file.rules and file.redact != "off":',
        new='if not file.rules and file.redact == "off":',
        tests=("tests/analysis/test_redaction.py",),
    ),
    Mutant(
        name="an edge beside a letter that is not ASCII is allowed",
        where="analysis/redaction_patterns.py",
        old="            if part.is_edge and not (_first(parts[at + 1 :]) or _last(parts[:at])):",
        new="            if part.is_edge and at > 99:",
        tests=("tests/analysis/test_redaction.py",),
    ),
    Mutant(
        name="a large repeat of a broad class is allowed",
        where="analysis/redaction_patterns.py",
        old="limit = MOST_BROAD_REPEATS if part.broad else MOST_REPEATS",
        new="limit = MOST_REPEATS",
        tests=("tests/analysis/test_redaction.py",),
    ),
)
