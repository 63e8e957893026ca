"""Conversations that are given as turns, written as text: `AGENT: …`, a line for each turn."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from analysis.strict_json import NotStrict, parse

from .errors import Refused
from .names import plain

TEXTS = (
    "decoratedtext", "text", "content", "message", "utterance", "transcript", "transcription",
    "sentence", "body", "messagetext", "line",
)  # fmt: skip
"""Names of the text of a turn, without case and hyphens; the first one that is there counts."""
SPEAKERS = (
    "speaker", "role", "speakerrole", "participantrole", "participant", "segmentparticipant",
    "participantpurpose", "participanttype", "speakerlabel", "speakertype", "speakerid", "sender",
    "sendertype", "senderrole", "from", "author", "party", "who", "userrole", "user",
    "participantid", "displayname", "name",
)  # fmt: skip
CHANNELS = ("channel", "channelid", "channeltag", "mediachannel")
LISTS = (
    "turns", "messages", "utterances", "segments", "entries", "transcriptsegments", "phrases",
    "sentences", "dialogue", "dialog", "transcript",
)  # fmt: skip
"""Names of a list of turns inside an object."""
_SIDES = {
    **dict.fromkeys(
        ("agent", "humanagent", "agentparticipant", "advisor", "operator", "representative", "rep",
         "employee", "internal", "assistant"), "AGENT",
    ),
    **dict.fromkeys(
        ("customer", "client", "caller", "enduser", "user", "external", "consumer"), "CUSTOMER"
    ),
    **dict.fromkeys(("automatedagent", "virtualagent", "bot", "ivr"), "BOT"),
}  # fmt: skip


def text_of(value: Any) -> str | None:
    """Return a conversation as text: a text as it is, a list of turns with their speakers.

    A text that is such a list in JSON, as in a cell of a table, counts as the list. Raises
    `Refused` for anything else.
    """
    if isinstance(value, str):
        return _text_of_json(value) if value.startswith("[{") else value
    if value is None:
        return None
    if isinstance(value, Mapping):
        value = _list_inside(value)
    if not isinstance(value, (list, tuple)):
        raise Refused("expected a text or a list of turns")
    return "\n".join(_lines(value))


def _text_of_json(text: str) -> str:
    try:
        return "\n".join(_lines(parse(text)))
    except (NotStrict, Refused):
        return text


def _list_inside(value: Mapping[str, Any]) -> Any:
    found = {plain(name): inner for name, inner in value.items()}
    lists = (found[name] for name in LISTS if isinstance(found.get(name), list))
    return next(lists, None)


def _lines(turns: Iterable[Any]) -> Iterable[str]:
    for number, turn in enumerate(turns):
        if isinstance(turn, str):
            yield turn
            continue
        if not isinstance(turn, Mapping):
            raise Refused(f"turn {number}: expected an object with a speaker and a text")
        text_key, speaker_key, is_channel = _keys(tuple(turn))
        if text_key is None:
            raise Refused(f"turn {number}: it has no text, such as `text` or `content`")
        text = turn[text_key]
        if text is None or text == "":
            continue
        if not isinstance(text, str):
            raise Refused(f"turn {number}: its {text_key} is not text")
        speaker = _label(turn[speaker_key], is_channel=is_channel) if speaker_key else ""
        yield f"{speaker}: {text.strip()}" if speaker else text.strip()


@lru_cache(maxsize=1_000)
def _keys(names: tuple[str, ...]) -> tuple[str | None, str | None, bool]:
    """Return the names of the text and of the speaker, and whether the latter is a channel."""
    found = {plain(name): name for name in reversed(names)}
    text = next((found[name] for name in TEXTS if name in found), None)
    speaker = next((found[name] for name in SPEAKERS if name in found), None)
    channel = next((found[name] for name in CHANNELS if name in found), None)
    return text, speaker or channel, speaker is None


def _label(speaker: Any, *, is_channel: bool) -> str:
    """Return the speaker in capitals: AGENT, CUSTOMER or BOT, or what the file calls them."""
    if isinstance(speaker, Mapping):
        inner = {plain(name): value for name, value in speaker.items()}
        speaker = next(
            (inner[name] for name in ("role", "type", "name", "id") if name in inner), None
        )
    if speaker is None or isinstance(speaker, (list, Mapping)):
        return ""
    text = " ".join(str(speaker).split())
    side = _SIDES.get(plain(text))
    if side or not text:
        return side or ""
    # A number or a letter alone is hard to tell from the text of the turn.
    return f"{'CHANNEL' if is_channel else 'SPEAKER'} {text}" if len(text) <= 2 else text.upper()
