"""`python -m bench.real_cases DIR`: real and damaged inputs, read or refused, counted.

DIR holds `malformed.jsonl` (input or input_base64, expected, expected_type, kind) and
`vertex_samples.jsonl` (line, expected_outcome, expected_text), either or both. Each case ends
as stated by its source, refused with a named error, or differing. The last must not happen.
"""

import base64
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from analysis import ERRORS
from analysis.contract import Contract, Unfit
from analysis.envelope import Envelope, answer_text
from analysis.ladder import read_answer, read_strictly
from analysis.reader import Reader
from analysis.salvage import salvage
from analysis.schema import read_schema
from analysis.strict import Malformed, Repeated, parse
from analysis.verdict import read_whole
from bench import samples

Case = dict[str, Any]
STATED, REFUSED, DIFFERS = "as stated", "refused", "DIFFERS"


def judge_text(case: Case) -> tuple[str, str]:
    """A damaged text, read as any object: what the ladder would take, before the schema."""
    text = _text_of(case)
    if text is None:
        return REFUSED, "json_parse_error (no UTF-8)"
    try:
        found = _object_in(text)
    except Unfit as unfit:
        return REFUSED, unfit.error_type
    if _same(found, case["expected"]):
        return STATED, "read"
    return DIFFERS, f"{case['kind']}: {case['name']}"
