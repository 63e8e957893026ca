"""Some transcripts of files, chosen as `queries/quality/sample_of_source.sql` chooses them from the table."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from analysis.attributes import Attributes
from events.ids import record_id
from troupe.transcript_files.errors import BadOption

from .trial import Sample

_BOOLEANS = {"true": True, "false": False}
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
        Sample(id_, each.text, _attributes_of(each.row, attributes or {})) for id_, each in in_order
    ]


def _rank(time: str | None, text: str) -> _Rank:
    """Sort the rows of one identity as a plan does: the newest first, then the longest."""
    age = 0.0 if time is None else -datetime.fromisoformat(f"{time}+00:00").timestamp()
    return time is None, age, -len(text.encode(errors="surrogatepass")), _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _attributes_of(row: Mapping[str, Any], attributes: Attributes) -> str | None:
    """Return the values of these attributes; None for an analysis without any.

    Rows have further columns in lower case, and those of CSV as text. Raises `BadOption` for a
    column that the file lacks, and for a value of another type.
    """
    if not attributes:
        return None
    values = {name: _value(row, name, kind) for name, kind in attributes.items()}
    return msgspec.json.encode(values).decode()


def _value(row: Mapping[str, Any], name: str, kind: str) -> Any:
    if name.lower() not in row:
        raise BadOption(
            f"invalid --file: it has no column {name}, a call attribute of the analysis; name one "
            f"with --map COLUMN={name}:{kind}, or remove it from attributes of analysis.json"
        )
    value = row[name.lower()]
    if value is None or value == "":
        return None
    try:
        return _as(kind, value)
    except (ValueError, TypeError, KeyError):
        raise BadOption(f"invalid --file: column {name} holds a value that is no {kind}") from None


def _as(kind: str, value: Any) -> Any:
    if kind == "integer":
        return int(value)
    if kind == "number":
        return float(value)
    if kind == "boolean":
        return value if isinstance(value, bool) else _BOOLEANS[str(value).lower()]
    if kind == "time":
        time = datetime.fromisoformat(str(value).removesuffix(" UTC"))
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        return time.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    return str(value)
