"""The JSON of services for telephony and speech recognition."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transcript_files import samples
from tests.transcript_files.making import rows_of
from troupe.transcript_files.errors import BadFile, Refused
from troupe.transcript_files.formats import FORMATS, read_as

SIDES = "CUSTOMER: My line is dead.\nAGENT: I repair it."
TIME = "2026-03-01 08:53:00"


def read(folder: Path, *conversations: Any, mapped: tuple[str, ...] = (), form: str = "") -> Any:
    file = folder / "call-17.json"
    file.write_text("\n".join(map(json.dumps, conversations)), encoding="utf-8")
    return rows_of(file, *mapped, form=form)


def row(provider: str, interaction: str, transcript: str, **more: str) -> dict[str, str]:
    return {
        "provider": provider, "interactionId": interaction, "transcript": transcript, **more
    }  # fmt: skip


EXPECTED = {
    "CCAI": row("ccai-insights", "c-1", SIDES, phone_number_token="tok",  # noqa: S106
                event_timestamp="2026-03-01 08:53:00.123456"),
    "CCAI_UPLOAD": row("ccai-insights", "call-17", SIDES, event_timestamp=TIME),
    "CONTACT_LENS": row("contact-lens", "c-1", SIDES, event_timestamp=TIME),
    "CONTACT_LENS_CHAT": row("contact-lens", "c-1", SIDES, event_timestamp=TIME),
    "DEEPGRAM": row("deepgram", "c-1", "SPEAKER 0: My line is dead.\nSPEAKER 1: I repair it.",
                    event_timestamp=TIME),
    "DEEPGRAM_WORDS": row("deepgram", "c-1", "SPEAKER 0: My line is dead.\nSPEAKER 1: I repair it.",
                          event_timestamp=TIME),
    "DEEPGRAM_TEXT": row("deepgram", "c-1", "My line is dead.", event_timestamp=TIME),
    "DEEPGRAM_CHANNELS": row("deepgram", "c-1",
                             "CHANNEL 0: My line is dead.\nCHANNEL 1: I repair it.",
                             event_timestamp=TIME),
    "ASSEMBLYAI": row("assemblyai", "c-1", "SPEAKER A: My line is dead.\nSPEAKER B: I repair it."),
    "WHISPER": row("whisper", "call-17", "SPEAKER_00: My line is dead.\nSPEAKER_01: I repair it."),
    "TWILIO": row("twilio", "GT0123456789abcdef0123456789abcdef",
                  "CHANNEL 1: My line is dead.\nCHANNEL 2: I repair it."),
    "TWILIO_WHOLE": row("twilio", "GT0123456789abcdef0123456789abcdef", SIDES,
                        event_timestamp=TIME),
    "GENESYS": row("genesys", "c-1", SIDES, referenceId="m-1", event_timestamp=TIME),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_a_conversation_of_a_service_is_found_by_its_shape(tmp_path: Path, name: str) -> None:
    """With its id, its speakers and its time, as far as it has them."""
    assert [EXPECTED[name]] == read(tmp_path, getattr(samples, name))
    assert [EXPECTED[name]] == read(
        tmp_path, getattr(samples, name), form=EXPECTED[name]["provider"]
    )


def test_every_format_has_a_sample() -> None:
    assert {*FORMATS} == {each["provider"] for each in EXPECTED.values()}


def test_several_conversations_may_be_in_one_file(tmp_path: Path) -> None:
    """In lines, in a list of the interface, or in an array."""
    second = samples.CCAI | {"name": "projects/p/locations/l/conversations/c-2"}

    for conversations in (
        (samples.CCAI, second),
        ({"conversations": [samples.CCAI, second], "nextPageToken": "x"},),
        ([samples.CCAI, second],),
    ):
        assert ["c-1", "c-2"] == [row["interactionId"] for row in read(tmp_path, *conversations)]


def test_ids_beside_the_json_of_a_service_and_mapped_ones_count_more(tmp_path: Path) -> None:
    """A row may hold the answer of a speech service in columns of its own."""
    own = {"call_id": "own", "customer": {"phone": "tok"}} | samples.WHISPER

    (row,) = read(tmp_path, own, mapped=("customer.phone=phone_number_token",))
    assert ("own", "tok", "whisper") == (
        row["interactionId"], row["phone_number_token"], row["provider"]
    )  # fmt: skip


def test_the_name_of_a_file_is_the_id_of_one_conversation_only(tmp_path: Path) -> None:
    """The second one would hide the first."""
    with pytest.raises(
        BadFile, match="line 2: the conversation has no id, and the name of the file"
    ):
        read(tmp_path, samples.WHISPER, samples.WHISPER)


@pytest.mark.parametrize(
    ("conversation", "problem"),
    [
        (
            samples.CONTACT_LENS | {"JobStatus": "FAILED"},
            "JobStatus: the analysis is not COMPLETED",
        ),
        (samples.ASSEMBLYAI | {"status": "error"}, "status: it is not completed"),
        (
            samples.TWILIO | {"meta": {"next_page_url": "https://example.com"}},
            "meta: this is one page of several",
        ),
        (
            samples.CCAI | {"transcript": {"transcriptSegments": [1]}},
            "transcript.transcriptSegments",
        ),
    ],
)
def test_a_conversation_that_is_not_whole_is_refused(
    tmp_path: Path, conversation: Any, problem: str
) -> None:
    """A part of it would be analysed as if it were all."""
    with pytest.raises(BadFile, match=problem):
        read(tmp_path, conversation)


def test_a_conversation_of_another_service_than_the_chosen_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        BadFile, match="line 1: this is no conversation of Deepgram: leave --format"
    ):
        read(tmp_path, samples.WHISPER, form="deepgram")


def test_columns_may_be_chosen_where_a_service_would_be_found(tmp_path: Path) -> None:
    """Then the names of columns count, as for any other file."""
    (row,) = read(tmp_path, samples.ASSEMBLYAI, form="columns", mapped=("text=transcript",))

    assert ("c-1", "My line is dead. I repair it.") == (row["interactionId"], row["transcript"])
    assert "completed" == row["status"]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@pytest.mark.parametrize("name", EXPECTED)
@given(data=st.data())
def test_a_damaged_conversation_is_read_or_refused(name: str, data: Any) -> None:
    """Whatever stands in place of one of its values: no other error, and no traceback."""
    value: Any = json.loads(json.dumps(getattr(samples, name)))
    whole, path = value, value
    while isinstance(path, (dict, list)) and path:
        keys = sorted(path) if isinstance(path, dict) else range(len(path))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(path[key], (dict, list)) or not path[key] or data.draw(st.booleans()):
            path[key] = data.draw(SCALARS | st.lists(SCALARS, max_size=2) | st.just({}))
            break
        path = path[key]

    found: list[Any] = []
    for form in FORMATS.values():
        with suppress(Refused):
            found.append(read_as(form, whole)["transcript"])
    assert [] == [text for text in found if not isinstance(text, str | None)]
