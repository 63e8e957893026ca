"""An analysis is stored with a plan as texts, and made from them again by any version."""

import hashlib
import json

import msgspec
import pytest

from analysis import (
    AnalysisError,
    Reader,
    Request,
    decode_analysis,
    encode_analysis,
    encode_reading,
    load_analysis,
    render,
)
from analysis.analysis_files import ANALYSIS_FILES, REQUEST_FILE, SETTINGS_FILE, _Settings
from analysis.reading.answer_parsing import READER_VERSION
from tests.analysis.making import ANSWER, CALL_REVIEW, RECORD, candidate, prediction

NAME = CALL_REVIEW.name
TEXTS: dict[str, str] = json.loads(encode_analysis(CALL_REVIEW))


def stored(**changed: str) -> str:
    return json.dumps(TEXTS | changed)


def test_a_stored_analysis_renders_the_same_lines_and_has_the_same_fingerprints() -> None:
    """Nothing but the texts is needed."""
    made = decode_analysis(NAME, encode_analysis(CALL_REVIEW))
    request = [Request(RECORD, "Hello?\n", 512)]

    assert list(render(CALL_REVIEW, request)) == list(render(made, request))
    assert CALL_REVIEW.prompt_fingerprint("gemini") == made.prompt_fingerprint("gemini")
    assert CALL_REVIEW.reader_fingerprint == made.reader_fingerprint
    assert CALL_REVIEW.output_columns == made.output_columns
    assert encode_analysis(CALL_REVIEW) == encode_analysis(made)


def test_every_setting_is_stored_also_those_left_to_their_defaults() -> None:
    """A version with another default must not change a run in flight."""
    settings = {"name": "small_v1", "table": "small", "summary": "text", "columns": {"text": "t"}}
    small = load_analysis(
        "small_v1",
        {
            SETTINGS_FILE: json.dumps(settings),
            "schema.json": '{"type": "OBJECT", "properties": {"t": {"type": "STRING"}}, "required": ["t"]}',
            "system.md": "Read it.",
            "user.md": "<c {{record}}>{{transcript}}</c {{record}}>",
        },
    )

    texts = json.loads(encode_analysis(small))

    assert {*ANALYSIS_FILES, REQUEST_FILE} == texts.keys()
    assert {f.name for f in msgspec.structs.fields(_Settings)} == json.loads(
        texts[SETTINGS_FILE]
    ).keys()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (stored(**{SETTINGS_FILE: '{"redaction": []}'}), "unknown field `redaction`"),
        (stored(**{"rules.json": "{}"}), "rules.json is unknown"),
        (stored(**{"schema.json": '{"type": "TUPLE"}'}), "schema.json: the schema"),
        (json.dumps({k: v for k, v in TEXTS.items() if k != REQUEST_FILE}), "request.json is"),
        ("[]", "Expected `object`"),
    ],
)
def test_what_this_version_does_not_know_is_named(text: str, named: str) -> None:
    """With the way out: a newer version."""
    with pytest.raises(AnalysisError) as error:
        decode_analysis(NAME, text)

    assert named in str(error.value)


def test_a_check_that_became_stricter_does_not_end_a_run() -> None:
    """The checks of `load_analysis` were made when the run was planned."""
    settings = json.loads(TEXTS[SETTINGS_FILE]) | {"max_transcript_bytes": 30_000_000}
    with pytest.raises(AnalysisError, match="max_transcript_bytes"):
        load_analysis(NAME, {**CALL_REVIEW.files, SETTINGS_FILE: json.dumps(settings)})

    made = decode_analysis(NAME, stored(**{SETTINGS_FILE: json.dumps(settings)}))

    assert 30_000_000 == made.max_transcript_bytes


@pytest.mark.parametrize(
    ("file", "old", "new", "asks", "reads"),
    [
        ("system.md", "the", "every", True, False),
        ("user.md", "\n", "\n\n", True, True),
        ("schema.json", '"description": "', '"description":  "', False, False),
        ("schema.json", '"description": "', '"description": "Now: ', True, True),
        (SETTINGS_FILE, '"MINIMAL"', '"LOW"', True, False),
        (SETTINGS_FILE, '"output_cap":8192', '"output_cap":3000', True, False),
        (SETTINGS_FILE, '"English":"en"', '"English":"de"', False, True),
        (SETTINGS_FILE, '"transcription_analyzed_transcripts"', '"elsewhere"', False, False),
    ],
)
def test_a_fingerprint_changes_with_what_it_is_of(
    file: str, old: str, new: str, asks: bool, reads: bool
) -> None:
    """What is asked, and how the answer is read. A setting of neither changes none."""
    assert old in CALL_REVIEW.files[file]
    files = {**CALL_REVIEW.files, file: CALL_REVIEW.files[file].replace(old, new, 1)}

    changed = load_analysis(NAME, files)

    assert asks == (changed.prompt_fingerprint("m") != CALL_REVIEW.prompt_fingerprint("m"))
    assert reads == (changed.reader_fingerprint != CALL_REVIEW.reader_fingerprint)


def test_another_model_is_another_prompt() -> None:
    """A request may name a model of its own."""
    assert CALL_REVIEW.prompt_fingerprint("m1") != CALL_REVIEW.prompt_fingerprint("m2")


WHOLE = json.dumps(ANSWER)
ANSWERS = (
    WHOLE,
    f"```json\n{WHOLE}\n```",
    f"Here it is: {WHOLE} Anything else?",
    "\ufeff" + WHOLE,
    WHOLE[:-1] + ",}",
    WHOLE.replace("Traced it", "Traced\n\tit"),
    WHOLE.replace('"', "'"),
    WHOLE.replace("(VIP)", '"VIP"'),
    WHOLE.replace('", "callTone', '" "callTone'),
    WHOLE[: len(WHOLE) // 2],
    WHOLE.replace('"frustrated"', '"Frustrated"'),
    WHOLE.replace('"frustrated"', '"exuberant"'),
    WHOLE.replace('"resolved": true', '"resolved": "yes"'),
    WHOLE.replace('"resolved": true', '"resolved": true, "resolved": false'),
    json.dumps({"callSummary": "Hello."}),
    json.dumps({"callTone": "calm"}),
    "no answer",
    "",
)
READINGS = "91ac276fa6d6e146"
"""Hash of the readings of these answers by version 2 of the reader."""


def test_a_change_of_the_readings_is_a_new_version_of_the_reader() -> None:
    """Rows carry the version in their fingerprint, so raise `READER_VERSION` with the hash."""
    reader = Reader(CALL_REVIEW)
    lines = [prediction(text) for text in ANSWERS]
    lines += [
        prediction(WHOLE, response={"candidates": [candidate(WHOLE, finish)]})
        for finish in ("MAX_TOKENS", "SAFETY", None)
    ]
    lines += [prediction(WHOLE, key="k-1"), prediction(WHOLE, response={}), lines[0][:-40]]
    read = b"".join(encode_reading(reader.read_line(line, 1)[0]) for line in lines)

    assert (3, READINGS) == (READER_VERSION, hashlib.sha256(read).hexdigest()[:16])
