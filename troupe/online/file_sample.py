"""Some transcripts of files, chosen as `queries/sample_of_source.sql` chooses them from the table."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from analysis.attributes import Attributes
from events.ids import record_id
from troupe.transcript_files.errors import BadOption

from .file_attributes import attributes_of
from .trial import Sample

_Rank = tuple[bool, float, int, str]


class _Chosen(msgspec.Struct):
    rank: _Rank
    text: str
    row: Mapping[str, Any]


def sample_of_rows(
    rows: Iterable[Mapping[str, Any]],
    most: int,
    seed: str,
    record_ids: Sequence[str] = (),
    attributes: Attributes | None = None,
) -> list[Sample]:
    """Return `most` records by chance, the same ones for the same seed, or those with these ids.

    Memory does not grow with the rows. Raises `BadOption` for an id that no row has, and for call
    attributes that the rows lack.
    """
    chosen: dict[str, _Chosen] = {}
    places: dict[str, str] = {}
    for row in rows:
        text = row["transcript"] or ""
        id_ = record_id(row["phone_number_token"], row["interactionId"], row["referenceId"])
        if (id_ not in record_ids) if record_ids else (not text or text.isspace()):
            continue
        rank = _rank(row["event_timestamp"], text)
        if id_ in chosen:
            if rank < chosen[id_].rank:
                chosen[id_] = _Chosen(rank, text, row)
            continue
        places[id_] = hashlib.sha256(f"{seed} {id_}".encode()).hexdigest()
        chosen[id_] = _Chosen(rank, text, row)
        if not record_ids and len(chosen) > most:
            # A record whose place is beyond the last one stays there, whatever follows.
            last = max(places, key=lambda each: places[each])
            del chosen[last], places[last]
    missing = set(record_ids) - chosen.keys()
    if missing:
        raise BadOption(
            f"invalid --record {min(missing)}: no row of the file has this record id; leave the "
            "option out, and each try shows the ids of its records"
        )
    in_order = [(id_, chosen[id_]) for id_ in sorted(chosen, key=lambda each: places[each])]
    return [
        Sample(id_, each.text, attributes_of(each.row, attributes or {})) for id_, each in in_order
    ]


def _rank(time: str | None, text: str) -> _Rank:
    """Sort the rows of one identity as a plan does: the newest first, then the longest."""
    age = 0.0 if time is None else -datetime.fromisoformat(f"{time}+00:00").timestamp()
    return time is None, age, -len(text.encode(errors="surrogatepass")), _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
