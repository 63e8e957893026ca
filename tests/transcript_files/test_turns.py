"""Conversations that are given as turns."""

from typing import Any

import pytest

from troupe.transcript_files.errors import Refused
from troupe.transcript_files.turns import text_of


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ([{"speaker": "agent", "text": "Hi."}, {"speaker": "Customer", "text": "Hello."}],
         "AGENT: Hi.\nCUSTOMER: Hello."),
        ([{"role": "END_USER", "content": "a"}, {"role": "HUMAN_AGENT", "content": "b"}],
         "CUSTOMER: a\nAGENT: b"),
        ([{"Participant_Role": "caller", "Message": "a"}], "CUSTOMER: a"),
        ([{"speaker": 0, "text": "a"}, {"speaker": "B", "text": "b"}], "SPEAKER 0: a\nSPEAKER B: b"),
        ([{"speaker": "SPEAKER_01", "text": " a "}], "SPEAKER_01: a"),
        ([{"channel": 2, "utterance": "a"}], "CHANNEL 2: a"),
        ([{"channel": 2, "speaker": "agent", "text": "a"}], "AGENT: a"),
        ([{"sender": {"type": "agent", "id": 7}, "body": "a"}], "AGENT: a"),
        ([{"text": "a"}, {"text": None}, {"text": ""}, {"speaker": None, "text": "b"}], "a\nb"),
        (["AGENT: a", "CUSTOMER: b"], "AGENT: a\nCUSTOMER: b"),
        ({"turns": [{"speaker": "bot", "text": "a"}], "language": "en"}, "BOT: a"),
        ([], ""),
        ('[{"speaker": "agent", "text": "a"}]', "AGENT: a"),
        ('[{"speaker": "agent"}]', '[{"speaker": "agent"}]'),
        ("[{noise}] hello", "[{noise}] hello"),
        ("a text", "a text"),
        (None, None),
    ],
)  # fmt: skip
def test_turns_become_lines_with_their_speakers(turns: Any, text: str | None) -> None:
    """Under the usual names, and with one name for each side."""
    assert text == text_of(turns)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (7, "expected a text or a list of turns"),
        ({"a": 1}, "expected a text or a list of turns"),
        ([7], "turn 0: expected an object"),
        ([{"text": "a"}, {"speaker": "agent"}], "turn 1: it has no text"),
        ([{"text": ["a"]}], "turn 0: its text is not text"),
    ],
)
def test_what_is_no_conversation_is_refused(value: Any, problem: str) -> None:
    """With the number of the turn."""
    with pytest.raises(Refused, match=problem):
        text_of(value)
