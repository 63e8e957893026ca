"""Write the example files of docs/examples: invented calls, as people and services write them.

    python -m scripts.sample_files

A test compares them with what this makes.
"""

import base64
import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from scripts.workbook import ExcelTime, write_workbook
from troupe.demo_data import generate

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
CALLS = 30
_SEED, _OTHER_SEED = 18, 34
"""Of generated calls none of which is empty or a hang-up; the demo has others."""
Row = dict[str, Any]


def texts() -> dict[str, str]:
    """Return the files that are text, by their names below docs/examples."""
    rows = list(other_calls())
    table = [row for row in rows if _is_western(row["transcript"])][:3]
    others = (row for row in rows if row not in table)
    ready = {
        "calls.jsonl": _lines(sample_calls()),
        "files/calls.csv": _csv(table),
        "files/bigquery-export.json": _lines(_exported(row) for row in islice(others, 3)),
        "files/interactions.json": _json([_nested(row) for row in islice(others, 2)]),
        "files/predictions.jsonl": _predictions(),
    }
    for name, form in SERVICES.items():
        ready[f"files/{name}.json"] = _json(form(next(others)))
    return ready


def sample_calls() -> list[Row]:
    """The calls of `calls.jsonl`, in the columns of the source table."""
    return list(generate(_SEED, CALLS))


def other_calls() -> Iterator[Row]:
    """Calls that `calls.jsonl` does not have."""
    return generate(_OTHER_SEED, CALLS)


def table_calls() -> list[Row]:
    """The calls of the Parquet file and of the workbook, two each."""
    return list(other_calls())[20:24]


def write_tables(folder: Path) -> None:
    """Write the files that are no text: other versions of DuckDB write other bytes."""
    rows = table_calls()
    calls = folder / "calls.jsonl.part"
    calls.write_text(_lines(rows[:2]), encoding="utf-8")
    duckdb.execute(
        f"COPY (SELECT * REPLACE (event_timestamp::TIMESTAMPTZ AS event_timestamp) "  # noqa: S608
        f"FROM read_json('{calls}')) TO '{folder / 'calls.parquet'}' (FORMAT parquet)"
    )
    calls.unlink()
    header = ["Call ID", "Customer phone", "Text", "Start time"]
    cells = [
        [row["interactionId"], row["phone_number_token"], row["transcript"], _excel_time(row)]
        for row in rows[2:]
    ]
    write_workbook(folder / "calls.xlsx", [["Calls of January"], [], header, *cells])


def _excel_time(row: Row) -> ExcelTime:
    since = _time(row).replace(tzinfo=None) - datetime(1899, 12, 30)  # noqa: DTZ001
    return ExcelTime(since.total_seconds() / 86_400)


def _time(row: Row) -> datetime:
    return datetime.fromisoformat(row["event_timestamp"])


def _turns(row: Row) -> list[tuple[str, str]]:
    lines = (line.partition(": ") for line in row["transcript"].split("\n"))
    return [(speaker, text) for speaker, _, text in lines]


def _is_western(text: str) -> bool:
    """Whether Windows' old encoding has every sign of a text, and not all of them are ASCII."""
    return not text.isascii() and text.encode("cp1252", "ignore").decode("cp1252") == text


def _lines(rows: Any) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _csv(rows: list[Row]) -> str:
    """A table as a spreadsheet saves it: with semicolons, and times without a zone."""
    text = io.StringIO()
    table = csv.writer(text, delimiter=";", lineterminator="\r\n")
    table.writerow(["Call ID", "Customer phone", "Start time", "Text", "Queue"])
    for row in rows:
        time = _time(row).strftime("%Y-%m-%d %H:%M:%S")
        table.writerow(
            [row["interactionId"], row["phone_number_token"], time, row["transcript"], "lines"]
        )
    return text.getvalue()


def _exported(row: Row) -> Row:
    """A row as BigQuery exports it: without nulls, and with `UTC` behind the time."""
    time = _time(row).strftime("%Y-%m-%d %H:%M:%S UTC")
    return {name: value for name, value in row.items() if name != "referenceId"} | {
        "event_timestamp": time
    }


def _nested(row: Row) -> Row:
    return {
        "interaction": {"number": row["interactionId"], "begin": row["event_timestamp"]},
        "person": {"token": row["phone_number_token"]},
        "turns": [{"speaker": speaker.lower(), "text": text} for speaker, text in _turns(row)],
    }


def _insights(row: Row) -> Row:
    roles = {"AGENT": "HUMAN_AGENT", "CUSTOMER": "END_USER"}
    return {
        "name": f"projects/p/locations/eu/conversations/{row['interactionId']}",
        "startTime": row["event_timestamp"],
        "transcript": {
            "transcriptSegments": [
                {"text": text, "segmentParticipant": {"role": roles[speaker]}}
                for speaker, text in _turns(row)
            ]
        },
    }


def _contact_lens(row: Row) -> Row:
    people = {"AGENT": "a-1", "CUSTOMER": "c-1"}
    time = _time(row).strftime("%Y%m%dT%H:%M")
    return {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "Participants": [
            {"ParticipantId": id_, "ParticipantRole": role} for role, id_ in people.items()
        ],
        "CustomerMetadata": {
            "ContactId": row["interactionId"],
            "InputS3Uri": f"s3://recordings/{row['interactionId']}_{time}_UTC.wav",
        },
        "Transcript": [
            {"Id": str(number), "ParticipantId": people[speaker], "Content": text,
             "BeginOffsetMillis": number * 4000, "EndOffsetMillis": number * 4000 + 3000}
            for number, (speaker, text) in enumerate(_turns(row))
        ],
    }  # fmt: skip


def _deepgram(row: Row) -> Row:
    numbers = {"AGENT": 0, "CUSTOMER": 1}
    return {
        "metadata": {"request_id": row["interactionId"], "created": row["event_timestamp"]},
        "results": {
            "channels": [{"alternatives": [{"transcript": ""}]}],
            "utterances": [
                {"transcript": text, "speaker": numbers[speaker], "channel": 0,
                 "start": number * 4.0, "end": number * 4.0 + 3}
                for number, (speaker, text) in enumerate(_turns(row))
            ],
        },
    }  # fmt: skip


def _assemblyai(row: Row) -> Row:
    letters = {"AGENT": "A", "CUSTOMER": "B"}
    return {
        "id": row["interactionId"],
        "status": "completed",
        "audio_url": "https://example.com/call.mp3",
        "text": " ".join(text for _, text in _turns(row)),
        "utterances": [
            {"speaker": letters[speaker], "text": text} for speaker, text in _turns(row)
        ],
    }


def _twilio(row: Row) -> Row:
    channels = {"AGENT": 1, "CUSTOMER": 2}
    sid = f"GT{row['interactionId'].replace('-', '')}"
    address = f"https://intelligence.twilio.com/v2/Transcripts/{sid}/Sentences?PageSize=1000&Page=0"
    return {
        "sentences": [
            {"media_channel": channels[speaker], "sentence_index": number, "transcript": text}
            for number, (speaker, text) in enumerate(_turns(row))
        ],
        "meta": {"key": "sentences", "page": 0, "next_page_url": None, "url": address},
    }


def _genesys(row: Row) -> Row:
    purposes = {"AGENT": "internal", "CUSTOMER": "external"}
    start = round(_time(row).timestamp() * 1000)
    return {
        "conversationId": row["interactionId"],
        "communicationId": f"{row['interactionId']}-1",
        "conversationStartTime": start,
        "transcripts": [
            {
                "phrases": [
                    {"text": text, "participantPurpose": purposes[speaker], "phraseIndex": number,
                     "startTimeMs": start + number * 4000}
                    for number, (speaker, text) in enumerate(_turns(row))
                ]
            }
        ],
    }  # fmt: skip


def _whisper(row: Row) -> Row:
    speakers = {"AGENT": "SPEAKER_00", "CUSTOMER": "SPEAKER_01"}
    return {
        "segments": [
            {"start": number * 4.0, "end": number * 4.0 + 3, "text": f" {text}",
             "speaker": speakers[speaker]}
            for number, (speaker, text) in enumerate(_turns(row))
        ],
        "language": "en",
    }  # fmt: skip


SERVICES = {
    "ccai-insights": _insights,
    "contact-lens": _contact_lens,
    "deepgram": _deepgram,
    "assemblyai": _assemblyai,
    "twilio": _twilio,
    "genesys": _genesys,
    "whisper": _whisper,
}
"""How each service writes a call, by the name of its format."""


def _predictions() -> str:
    """Answers as the earlier system kept them: three to known calls, and two without a call."""
    known, (unknown, *_) = sample_calls()[:3], list(other_calls())[-1:]
    keys = [_composite_key(row) for row in (*known, unknown)] + ["not-a-key"]
    return "".join(_prediction(key) + "\n" for key in keys)


def _composite_key(row: Row) -> str:
    token = base64.b64encode(row["phone_number_token"].encode()).decode()
    return f"{token}|{row['interactionId']}"


_ANSWER: Row = {
    "callSummary": "The customer asks about an order, and the agent explains when it comes.",
    "callSentiment": {"incoming": "neutral", "outgoing": "positive"},
    "callSentimentSummary": "The answer is welcome.",
    "callTone": "calm",
    "languageCode": "en",
    "reasonForCall": {
        "summary": "An order is late.",
        "intent": "delivery",
        "inquiryQuestion": "When does my order come?",
        "product": "router",
        "productCategory": "network",
    },
    "agentResponse": {"resolved": True, "summary": "Explained it.", "action": "None."},
    "products": [{"name": "router", "context": "ordered"}],
}


def _prediction(key: str) -> str:
    part = {"text": json.dumps(_ANSWER)}
    candidate = {"content": {"parts": [part]}, "finishReason": "STOP"}
    return json.dumps({"key": key, "status": "", "response": {"candidates": [candidate]}})


if __name__ == "__main__":
    (EXAMPLES / "files").mkdir(exist_ok=True)
    for name, text in texts().items():
        (EXAMPLES / name).write_bytes(text.encode())
    write_tables(EXAMPLES / "files")
