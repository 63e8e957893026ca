"""The page on which a person judges a sample: one file that needs nothing else and asks nothing."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

import msgspec

from troupe.operations.quality.review_sample import ReviewRecord, ReviewSample
from troupe.report import labels
from troupe.report.html.elements import text

from .grounded_words import grounded_words

_IN_SCRIPT = str.maketrans(
    {sign: f"\\u{ord(sign):04x}" for sign in ("<", ">", "&", "\u2028", "\u2029")}
)
"""JSON in a `script` element ends at `</script`, and some readers end a line at U+2028."""


def render_page(sample: ReviewSample) -> str:
    """The page. What the records say is in it as JSON alone, which its script shows as text."""
    style, script = _file("review.css"), _file("review.js")
    return Template(_file("review.html")).substitute(
        title=text(f"Review of run {sample.run_id}"),
        about=text(about(sample)),
        style=style,
        style_hash=_hash(style),
        script=script,
        script_hash=_hash(script),
        data=json_in_script(page_data(sample)),
    )


def about(sample: ReviewSample) -> str:
    """One sentence on what the sample is."""
    against = f" from {sample.against}" if sample.against else ""
    return (
        f"{len(sample.records):,} of {sample.eligible:,} rows of {sample.analysis}, "
        f"answered by {labels.model(sample.model, sample.answered_by)}, drawn by {sample.by}{against} with seed {sample.seed}; "
        f"sample {sample.sample_id}."
    )


def page_data(sample: ReviewSample) -> dict[str, Any]:
    """What the script of the page reads."""
    summaries = [column.name for column in sample.columns if column.is_summary]
    return {
        "sample": sample.sample_id,
        "run": sample.run_id,
        "columns": [msgspec.to_builtins(column) for column in sample.columns],
        "records": [_record(record, summaries) for record in sample.records],
    }


def _record(record: ReviewRecord, summaries: list[str]) -> dict[str, Any]:
    summary = " ".join(str(record.answer.get(name) or "") for name in summaries)
    words = grounded_words(summary, record.transcript or "")
    return {
        "id": record.record_id,
        "stratum": record.stratum,
        "grade": record.grade,
        "grounding": record.grounding,
        "attributes": json.loads(record.attributes) if record.attributes else {},
        "transcript": None if record.transcript is None else words.parts,
        "absent": [] if record.transcript is None else words.absent,
        "answer": record.answer,
    }


def json_in_script(value: object) -> str:
    """Write JSON that can stand in a `script` element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
