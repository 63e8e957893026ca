"""One small conversation in the JSON of each service, as its documentation shows it."""

from typing import Any

CCAI = {
    "name": "projects/p/locations/l/conversations/c-1",
    "createTime": "2026-03-02T00:00:00Z",
    "startTime": "2026-03-01T08:53:00.123456789Z",
    "obfuscatedUserId": "tok",
    "transcript": {
        "transcriptSegments": [
            {"text": "My line is dead.", "channelTag": 1,
             "segmentParticipant": {"dialogflowParticipant": "x", "role": "END_USER"}},
            {"text": "I repair it.", "channelTag": 2, "segmentParticipant": {"role": "HUMAN_AGENT"}},
        ]
    },
}  # fmt: skip
CCAI_UPLOAD = {
    "conversation_info": {"categories": [{"display_name": "Lines"}]},
    "entries": [
        {"start_timestamp_usec": 1772355180000000, "text": "My line is dead.", "role": "CUSTOMER",
         "user_id": 1},
        {"start_timestamp_usec": 1772355185000000, "text": "I repair it.", "role": "AGENT",
         "user_id": 2},
    ],
}  # fmt: skip
CONTACT_LENS = {
    "Version": "1.1.0", "AccountId": "123456789012", "Channel": "VOICE", "JobStatus": "COMPLETED",
    "LanguageCode": "en-US",
    "Participants": [
        {"ParticipantId": "p1", "ParticipantRole": "CUSTOMER"},
        {"ParticipantId": "p2", "ParticipantRole": "AGENT"},
    ],
    "ConversationCharacteristics": {"TotalConversationDurationMillis": 32110},
    "CustomerMetadata": {
        "ContactId": "c-1", "InstanceId": "i",
        "InputS3Uri": "s3://bucket/2026/03/01/c-1_20260301T08:53_UTC.wav",
    },
    "Transcript": [
        {"BeginOffsetMillis": 0, "EndOffsetMillis": 10, "Id": "a", "ParticipantId": "p1",
         "Content": "My line is dead.", "Sentiment": "NEGATIVE"},
        {"BeginOffsetMillis": 20, "EndOffsetMillis": 30, "Id": "b", "ParticipantId": "p2",
         "Content": "I repair it."},
    ],
}  # fmt: skip
CONTACT_LENS_CHAT = {
    "Version": "CHAT-2022-11-30", "Channel": "CHAT", "JobStatus": "COMPLETED",
    "Participants": CONTACT_LENS["Participants"], "CustomerMetadata": {"ContactId": "c-1"},
    "Transcript": [
        {"AbsoluteTime": "2026-03-01T08:53:00.000Z", "ParticipantId": "p1", "Type": "EVENT",
         "ContentType": "application/vnd.amazonaws.connect.event.participant.joined"},
        {"AbsoluteTime": "2026-03-01T08:53:01.000Z", "ParticipantId": "p1", "Type": "MESSAGE",
         "ContentType": "text/plain", "Content": "My line is dead."},
        {"AbsoluteTime": "2026-03-01T08:53:02.000Z", "ParticipantId": "p2", "Type": "MESSAGE",
         "ContentType": "text/plain", "Content": "I repair it."},
    ],
}  # fmt: skip


def _said(text: str, speaker: int, start: float) -> list[dict[str, Any]]:
    return [
        {"word": word.lower().strip("."), "punctuated_word": word, "speaker": speaker,
         "start": start + n / 10, "end": start + (n + 1) / 10, "confidence": 0.9}
        for n, word in enumerate(text.split())
    ]  # fmt: skip


_METADATA = {
    "request_id": "c-1",
    "created": "2026-03-01T08:53:00.000Z",
    "duration": 9.0,
    "channels": 1,
}
_WORDS = [*_said("My line is dead.", 0, 0), *_said("I repair it.", 1, 2)]
DEEPGRAM = {
    "metadata": _METADATA,
    "results": {
        "channels": [{"alternatives": [{"transcript": "…", "confidence": 0.9, "words": _WORDS}]}],
        "utterances": [
            {"start": 0, "end": 1, "channel": 0, "transcript": "My line is dead.", "speaker": 0},
            {"start": 2, "end": 3, "channel": 0, "transcript": "I repair it.", "speaker": 1},
        ],
    },
}
DEEPGRAM_WORDS = {"metadata": _METADATA, "results": {"channels": DEEPGRAM["results"]["channels"]}}
DEEPGRAM_TEXT = {
    "metadata": _METADATA,
    "results": {"channels": [{"alternatives": [
        {"transcript": "My line is dead.", "words": [{"word": "my", "start": 0.0, "end": 1.0}]}
    ]}]},
}  # fmt: skip
DEEPGRAM_CHANNELS = {
    "metadata": _METADATA | {"channels": 2},
    "results": {
        "channels": [
            {"alternatives": [{"transcript": "…", "words": _said("My line is dead.", 0, 0)}]},
            {"alternatives": [{"transcript": "…", "words": _said("I repair it.", 0, 2)}]},
        ]
    },
}
ASSEMBLYAI = {
    "id": "c-1", "status": "completed", "audio_url": "https://example.com/a.mp3",
    "text": "My line is dead. I repair it.", "words": [], "audio_duration": 5,
    "utterances": [
        {"speaker": "A", "text": "My line is dead.", "start": 0, "end": 9, "confidence": 0.9},
        {"speaker": "B", "text": "I repair it.", "start": 10, "end": 19, "confidence": 0.9},
    ],
}  # fmt: skip
WHISPER = {
    "segments": [
        {"start": 0.0, "end": 1.0, "text": " My line", "speaker": "SPEAKER_00", "words": []},
        {"start": 1.0, "end": 2.0, "text": " is dead.", "speaker": "SPEAKER_00", "words": []},
        {"start": 2.0, "end": 3.0, "text": " I repair it.", "speaker": "SPEAKER_01", "words": []},
    ],
    "word_segments": [], "language": "en",
}  # fmt: skip
_SENTENCES = [
    {"media_channel": 2, "sentence_index": 1, "start_time": "2.0", "transcript": "I repair it."},
    {
        "media_channel": 1,
        "sentence_index": 0,
        "start_time": "0.0",
        "transcript": "My line is dead.",
    },
]
TWILIO = {
    "sentences": _SENTENCES,
    "meta": {
        "key": "sentences", "page": 0, "page_size": 50, "next_page_url": None,
        "previous_page_url": None,
        "url": "https://intelligence.twilio.com/v2/Transcripts/GT0123456789abcdef0123456789abcdef/Sentences?PageSize=50&Page=0",
    },
}  # fmt: skip
TWILIO_WHOLE = {
    "sid": "GT0123456789abcdef0123456789abcdef", "date_created": "2026-03-02T00:00:00Z",
    "media_start_time": "2026-03-01T08:53:00Z",
    "channel": {"participants": [
        {"channel_participant": 1, "role": "Customer"}, {"channel_participant": 2, "role": "Agent"}
    ]},
    "sentences": _SENTENCES,
}  # fmt: skip
GENESYS = {
    "organizationId": "o", "conversationId": "c-1", "communicationId": "m-1",
    "conversationStartTime": 1772355180000, "startTime": 1772355190000,
    "transcripts": [
        {"transcriptId": "t", "language": "en-us", "phrases": [
            {"text": "my line is dead", "decoratedText": "My line is dead.",
             "participantPurpose": "external", "startTimeMs": 1772355190000, "phraseIndex": 0},
            {"text": "i repair it", "decoratedText": "I repair it.",
             "participantPurpose": "internal", "startTimeMs": 1772355195000, "phraseIndex": 1},
        ]},
    ],
}  # fmt: skip
