"""Every deterministic id is built here, so that two spellings of one thing cannot exist.

Parts are joined by `__`, which no part can contain: a run id matches `[a-z0-9-]{1,40}`.
"""

import hashlib
import json
import re
from dataclasses import dataclass

END = r"(?![\s\S])"
"""The very end: `$` would let a line break through."""
RUN_ID = rf"^[a-z0-9][a-z0-9-]{{0,39}}{END}"
DEPLOYMENT_ID = re.compile(r"^[a-z0-9]{1,8}$")

_JSON_ESCAPES = str.maketrans({"\u2028": "\\u2028", "\u2029": "\\u2029"})


def record_id(phone_number_token: object, interaction_id: object, reference_id: object) -> str:
    """The opaque name of one source row: 32 hex digits over its three identifying columns.

    SQL computes the same with `TO_JSON_STRING`, which writes UTF-8 as it is but escapes
    U+2028 and U+2029 (source: `JsonEscapeString` in google/zetasql, common/json_util.cc).
    """
    ids = [
        None if part is None else str(part)
        for part in (phone_number_token, interaction_id, reference_id)
    ]
    text = json.dumps(ids, ensure_ascii=False, separators=(",", ":")).translate(_JSON_ESCAPES)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def short_hash(text: str) -> str:
    """Twelve hex digits that stand for a longer text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Deployment:
    """Builds the ids of one deployment; its own id is made once and kept in the dataset."""

    id: str

    def __post_init__(self) -> None:
        if not DEPLOYMENT_ID.fullmatch(self.id):
            raise ValueError(f"deployment id {self.id!r}: expected 1 to 8 of a-z and 0-9")

    def event(self, topic: str, *place: object) -> str:
        """An event's id: what happened, and where in the run."""
        return join(self.id, topic, *place)

    def job(self, transaction: str, *place: object) -> str:
        """The id of a BigQuery job: exactly one caller can create it."""
        return join("troupe", transaction, self.id, *place)

    def attempt(self, run_id: str, batch: int, attempt: int) -> str:
        """Names an attempt in Vertex labels (at most 63 signs) and object names."""
        return join(self.id, run_id, batch, attempt)


def join(*parts: object) -> str:
    return "__".join(str(part) for part in parts)
