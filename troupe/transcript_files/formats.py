"""Transcripts in the JSON of services for telephony and speech recognition.

Each is found by its shape. Their documentation, as read in November 2026, stands beside each.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .errors import Refused
from .turns import text_of

Fields = Mapping[str, Any]
"""One conversation in the service's JSON."""


@dataclass(frozen=True)
class Format:
    """One service. `read` returns what it finds under our column names."""

    name: str
    title: str
    fits: Callable[[Fields], bool]
    read: Callable[[Fields], dict[str, Any]]


def _has(fields: Fields, kind: type, *names: str) -> bool:
    return all(isinstance(fields.get(name), kind) for name in names)


def _at(fields: Any, *path: str) -> Any:
    for name in path:
        fields = fields.get(name) if isinstance(fields, Mapping) else None
    return fields


def _objects(value: Any, name: str) -> list[Fields]:
    """Return a list of objects. Raises `Refused` for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, Mapping) for each in value):
        raise Refused(f"{name}: expected a list of objects")
    return value


def _number(value: Any) -> float:
    """Return a number to sort by; 0 for anything else."""
    return float(value) if isinstance(value, (int, float)) and abs(value) < 1e18 else 0.0


def _roles(people: Any, name: str, role: str) -> dict[str, Any]:
    """Return the roles of the people of a conversation by their names, or numbers, as text."""
    listed = people if isinstance(people, list) else []
    return {str(each.get(name)): each.get(role) for each in listed if isinstance(each, Mapping)}


# Customer Experience Insights (CCAI Insights), Google Cloud.
# The resource: cloud.google.com/contact-center/insights/docs/reference/rest/v1/projects.locations.conversations
# A file for upload: cloud.google.com/contact-center/insights/docs/conversation-data-format


def _fits_insights(fields: Fields) -> bool:
    segments = _insights_segments(fields)
    return segments is not None or (
        _has(fields, list, "entries")
        and any(isinstance(each, Mapping) and "role" in each for each in fields["entries"])
    )


def _insights_segments(fields: Fields) -> Any:
    transcript = fields.get("transcript")
    camel = _at(transcript, "transcriptSegments")
    return camel if camel is not None else _at(transcript, "transcript_segments")


def _read_insights(fields: Fields) -> dict[str, Any]:
    segments = _insights_segments(fields)
    if segments is not None:
        return {
            "interactionId": str(fields.get("name") or "").rpartition("/")[2] or None,
            "phone_number_token": fields.get("obfuscatedUserId", fields.get("obfuscated_user_id")),
            "transcript": _objects(segments, "transcript.transcriptSegments"),
            "event_timestamp": fields.get("startTime", fields.get("start_time")),
        }
    entries = _objects(fields["entries"], "entries")
    microseconds = entries[0].get("start_timestamp_usec") if entries else None
    seconds = int(str(microseconds)) / 1e6 if str(microseconds).isdecimal() else None
    # The numbers of the examples are near 0, which no other time is: they count as unknown.
    known = seconds if seconds is not None and seconds >= 10**8 else None
    return {"transcript": entries, "event_timestamp": known}


# Contact Lens for Amazon Connect, calls and chats, and Transcribe Call Analytics.
# docs.aws.amazon.com/connect/latest/adminguide/contact-lens-example-output-files.html


def _fits_contact_lens(fields: Fields) -> bool:
    return _has(fields, list, "Transcript") and any(
        name in fields
        for name in ("Participants", "CustomerMetadata", "ConversationCharacteristics")
    )


_STARTED = re.compile(r"_(\d{8}T\d{2}:\d{2})_UTC")
"""The time in the name of a recording, as Amazon Connect names it."""


def _read_contact_lens(fields: Fields) -> dict[str, Any]:
    if fields.get("JobStatus", "COMPLETED") != "COMPLETED":
        raise Refused("JobStatus: the analysis is not COMPLETED, so the transcript may be missing")
    turns = _objects(fields["Transcript"], "Transcript")
    roles = _roles(fields.get("Participants"), "ParticipantId", "ParticipantRole")
    recording = _STARTED.search(str(_at(fields, "CustomerMetadata", "InputS3Uri")))
    times = [turn["AbsoluteTime"] for turn in turns if turn.get("AbsoluteTime")]
    started = f"{recording[1]}Z" if recording else next(iter(times), None)
    spoken = [turn for turn in turns if turn.get("Type", "MESSAGE") == "MESSAGE"]
    return {
        "interactionId": _at(fields, "CustomerMetadata", "ContactId") or fields.get("JobName"),
        "transcript": [
            {
                "speaker": turn.get("ParticipantRole")
                or roles.get(str(turn.get("ParticipantId")))
                or turn.get("ParticipantId"),
                "text": turn.get("Content"),
            }
            for turn in spoken
        ],
        "event_timestamp": started,
    }


# Deepgram, recorded audio: developers.deepgram.com/docs/utterances, /docs/multichannel, /docs/diarization


def _fits_deepgram(fields: Fields) -> bool:
    return _has(fields, Mapping, "metadata", "results") and _has(
        fields["results"], list, "channels"
    )


def _read_deepgram(fields: Fields) -> dict[str, Any]:
    results = fields["results"]
    channels = _objects(results["channels"], "results.channels")
    utterances = results.get("utterances")
    if utterances:
        turns = _objects(utterances, "results.utterances")
        spoken = [
            (_spoken_by(turn, turn.get("channel"), channels), turn.get("transcript"))
            for turn in turns
        ]
    else:
        spoken = _turns_of_words(channels)
    return {
        "interactionId": _at(fields, "metadata", "request_id"),
        "transcript": [{"speaker": speaker, "text": text} for speaker, text in spoken],
        "event_timestamp": _at(fields, "metadata", "created"),
    }


def _spoken_by(turn: Fields, channel: Any, channels: Sequence[Any]) -> str | None:
    parts = [f"CHANNEL {channel}"] if len(channels) > 1 else []
    speaker = turn.get("speaker")
    if speaker is not None and not (parts and speaker == 0):
        parts.append(f"SPEAKER {speaker}")
    return " ".join(parts) or None


def _turns_of_words(channels: Sequence[Fields]) -> list[tuple[str | None, Any]]:
    """Put the words of all channels in the order of time, and join those of one speaker."""
    words = []
    for number, channel in enumerate(channels):
        best = (_objects(channel.get("alternatives") or [{}], "alternatives"))[0]
        said = _objects(best.get("words") or [], "words")
        if best.get("transcript") and not any("speaker" in each for each in said):
            if len(channels) == 1:
                return [(None, best["transcript"])]
            if not said:
                words.append((0.0, _spoken_by({}, number, channels), best["transcript"]))
        words += [
            (
                _number(each.get("start")),
                _spoken_by(each, number, channels),
                str(each.get("punctuated_word") or each.get("word") or ""),
            )
            for each in said
        ]
    words.sort(key=lambda word: word[0])
    return [
        (speaker, " ".join(text for _, _, text in said))
        for speaker, said in groupby(words, key=lambda word: word[1])
    ]


# AssemblyAI: assemblyai.com/docs/pre-recorded-audio (speaker diarization, multichannel)


def _fits_assemblyai(fields: Fields) -> bool:
    return (
        "utterances" in fields
        and "status" in fields
        and ("audio_url" in fields or "words" in fields)
    )


def _read_assemblyai(fields: Fields) -> dict[str, Any]:
    if fields["status"] != "completed":
        raise Refused("status: it is not completed, so there is no transcript")
    return {
        "interactionId": fields.get("id"),
        "transcript": fields["utterances"] or fields.get("text"),
    }


# Whisper with speakers, as WhisperX writes it: github.com/m-bain/whisperX


def _fits_whisper(fields: Fields) -> bool:
    return _has(fields, list, "segments") and any(
        isinstance(each, Mapping) and {"start", "end", "text"} <= each.keys()
        for each in fields["segments"]
    )


def _read_whisper(fields: Fields) -> dict[str, Any]:
    """Join the segments of one speaker that follow each other."""
    segments = _objects(fields["segments"], "segments")
    return {
        "transcript": [
            {
                "speaker": speaker,
                "text": " ".join(str(each.get("text") or "").strip() for each in said),
            }
            for speaker, said in groupby(segments, key=lambda each: each.get("speaker"))
        ]
    }


# Twilio: twilio.com/docs/conversation-intelligence-classic/api/transcript-sentence-subresource


def _fits_twilio(fields: Fields) -> bool:
    return _has(fields, list, "sentences") and (
        "meta" in fields or str(fields.get("sid")).startswith("GT")
    )


_TRANSCRIPT_SID = re.compile(r"/Transcripts/(GT\w+)")


def _read_twilio(fields: Fields) -> dict[str, Any]:
    meta = fields.get("meta") or {}
    if _at(meta, "next_page_url") or _at(meta, "previous_page_url"):
        raise Refused("meta: this is one page of several; request them as one (PageSize=1000)")
    sentences = _objects(fields["sentences"], "sentences")
    sid = _TRANSCRIPT_SID.search(str(_at(meta, "url")))
    roles = _roles(_at(fields, "channel", "participants"), "channel_participant", "role")
    ordered = sorted(sentences, key=lambda each: _number(each.get("sentence_index")))
    return {
        "interactionId": fields.get("sid") or (sid[1] if sid else None),
        "transcript": [
            {
                "speaker": roles.get(str(each.get("media_channel")))
                or f"CHANNEL {each.get('media_channel')}",
                "text": each.get("transcript"),
            }
            for each in ordered
        ],
        "event_timestamp": fields.get("media_start_time") or fields.get("date_created"),
    }


# Genesys Cloud, speech and text analytics (transcript URL):
# developer.genesys.cloud/forum/t/voice-transcription-api-response/10653


def _fits_genesys(fields: Fields) -> bool:
    return _has(fields, list, "transcripts") and any(
        isinstance(each, Mapping) and isinstance(each.get("phrases"), list)
        for each in fields["transcripts"]
    )


def _read_genesys(fields: Fields) -> dict[str, Any]:
    parts = _objects(fields["transcripts"], "transcripts")
    phrases = [
        phrase for part in parts for phrase in _objects(part.get("phrases") or [], "phrases")
    ]
    phrases.sort(key=lambda phrase: _number(phrase.get("startTimeMs")))
    return {
        "interactionId": fields.get("conversationId"),
        "referenceId": fields.get("communicationId"),
        "transcript": phrases,
        "event_timestamp": fields.get("conversationStartTime") or fields.get("startTime"),
    }


FORMATS = {
    each.name: each
    for each in (
        Format("ccai-insights", "CX Insights (CCAI Insights)", _fits_insights, _read_insights),
        Format(
            "contact-lens", "Amazon Connect Contact Lens", _fits_contact_lens, _read_contact_lens
        ),
        Format("deepgram", "Deepgram", _fits_deepgram, _read_deepgram),
        Format("assemblyai", "AssemblyAI", _fits_assemblyai, _read_assemblyai),
        Format("twilio", "Twilio", _fits_twilio, _read_twilio),
        Format("genesys", "Genesys Cloud", _fits_genesys, _read_genesys),
        Format("whisper", "Whisper", _fits_whisper, _read_whisper),
    )
}
"""By the name that --format takes, in the order in which a conversation is compared with them."""


def read_as(form: Format, fields: Fields) -> dict[str, Any]:
    """Read one conversation of a service. Raises `Refused` if it has another shape."""
    if not form.fits(fields):
        raise Refused(f"this is no conversation of {form.title}: leave --format out, or correct it")
    found = form.read(fields)
    return {"provider": form.name, **found, "transcript": text_of(found["transcript"])}
