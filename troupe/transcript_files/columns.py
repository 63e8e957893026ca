"""Which column of a file is which column of the source table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from .errors import BadOption, Refused
from .further_columns import FurtherColumns
from .names import plain
from .times import utc_time
from .turns import text_of

COLUMNS = (
    "phone_number_token", "referenceId", "interactionId", "transcript", "direction", "provider",
    "event_timestamp",
)  # fmt: skip
SYNONYMS: dict[str, tuple[str, ...]] = {
    "phone_number_token": (
        (
            "phonetoken phonenumber customerphone customerphonenumber phone callerphone callernumber"
            " callerid ani msisdn customernumber"
        ),
        "customertoken customerid obfuscateduserid",
    ),
    "referenceId": ("reference refid ref externalid externalreference ticketid caseid casenumber",),
    "interactionId": (
        "conversationid callid contactid conversationname callsid ucid calluuid",
        "id uuid guid sessionid recordid transcriptid",
    ),
    "transcript": (
        (
            "transcripttext transcription transcriptiontext calltranscript conversationtranscript"
            " fulltranscript conversationtext fulltext"
        ),
        "text content body conversation dialogue dialog messages turns utterances segments chat",
    ),
    "direction": ("calldirection conversationdirection interactiondirection initiationmethod",),
    "provider": ("vendor platform sourcesystem telephonyprovider",),
    "event_timestamp": (
        (
            "eventtime timestamp starttime startedat starttimestamp startdatetime conversationstart"
            " conversationstarttime callstart callstarttime callstartedat calltime calltimestamp"
            " contactstart initiationtimestamp"
        ),
        (
            "datetime dateandtime date time calldate createdat created createtime datecreated"
            " creationdate starttimestamputc"
        ),
    ),
}
"""Other names, as `names.plain` writes them; a name of an earlier line is taken before later ones."""
_OWN, _MAPPED = 1, 0
_RANKS = {plain(column): (column, _OWN) for column in COLUMNS} | {
    name: (column, rank)
    for column, lines in SYNONYMS.items()
    for rank, line in enumerate(lines, start=_OWN + 1)
    for name in line.split()
}
_IDS = ("phone_number_token", "referenceId", "interactionId", "direction")
_MOST_NAMES = 1_000
"""Names and combinations of names that are kept of a file whose names are data."""
_EXACT = 2**53
"""Above it a floating-point number may have lost digits of an id."""

Convert = Callable[[Any], Any]
Mapped = Sequence[tuple[str, str]]
"""Pairs of --map: a column of the file, and one of ours."""


def read_map(pairs: Iterable[str]) -> list[tuple[str, str]]:
    """Read `source=column` pairs. Raises `BadOption`."""
    read: list[tuple[str, str]] = []
    for pair in pairs:
        source, equals, ours = pair.rpartition("=")
        column = next((each for each in COLUMNS if plain(each) == plain(ours)), None)
        if not equals or not source or column is None:
            raise BadOption(
                f"invalid --map {pair!r}: use COLUMN=OURS, where OURS is one of {', '.join(COLUMNS)}, "
                "or COLUMN=NAME:TYPE for a further column, such as queue:text"
            )
        if column in (known for _, known in read):
            raise BadOption(f"invalid --map {pair!r}: {column} is mapped twice")
        read.append((source, column))
    return read


class Columns:
    """The columns of one file. Rows of JSON may have different ones; each is bound once."""

    def __init__(
        self,
        mapped: Mapped,
        zone: tzinfo | None,
        further: FurtherColumns | None = None,
        *,
        only_ids: bool = False,
    ) -> None:
        """`further` keeps the other columns. `only_ids`: bind ids, a direction and what is mapped."""
        self.further = further or FurtherColumns((), zone)
        self.bound: dict[str, str] = {}
        """The name in the file of each of our columns that was found."""
        self.seen: dict[str, None] = {}
        """All names of the file, in their order."""
        self._ranks: dict[str, int] = {}
        self._mapped = mapped
        self._columns = _IDS if only_ids else COLUMNS
        self._keeps_all = further is not None and not only_ids
        self._plans: dict[tuple[str, ...], list[tuple[str, str, Convert]]] = {}
        self._converts = _converts(zone)

    @property
    def unused(self) -> list[str]:
        """The names that no column was taken from."""
        kept = {name for column in self.further.kept() for name in _tops(column.source)}
        return [name for name in self.others if name not in kept]

    @property
    def others(self) -> list[str]:
        """The names that no column of ours was taken from, further columns included."""
        used = {top for name in self.bound.values() for top in _tops(name)}
        return sorted(name for name in self.seen if name not in used)

    def row(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row in our columns. Raises `Refused`, which names the column."""
        names = tuple(fields)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans[names] = list(self._plan(names))
            if len(self._plans) > _MOST_NAMES:
                self._plans.clear()
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        name = ""
        try:
            for column, name, convert in plan:
                row[column] = convert(fields[name])
        except Refused as refused:
            raise Refused(f"{name}: {refused}") from None
        return row

    def converted(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """Convert values that stand under our column names already. Raises `Refused`."""
        row = {}
        for column, value in found.items():
            try:
                row[column] = self._converts[column](value)
            except Refused as refused:
                raise Refused(f"{column}: {refused}") from None
        return row

    def knows(self, fields: Mapping[str, Any]) -> bool:
        """Whether a row of such columns was read before, so that it is none of a service."""
        return tuple(fields) in self._plans

    def has(self, fields: Mapping[str, Any], column: str) -> bool:
        """Whether one of the names may hold this column."""
        for source, mapped in self._mapped:
            if mapped == column:
                return not fields.keys().isdisjoint((source, source.partition(".")[0]))
        return bool(self._candidates(column, tuple(fields))[1])

    def find(self, names: Iterable[str]) -> dict[str, str]:
        """Bind the names of a table; return the name of each of our columns that it has."""
        return {column: name for column, name, _ in self._plan(tuple(names))}

    def check_chosen(self) -> None:
        """Check the columns that --map gives a type. Raises `Refused`."""
        for column in self.further.chosen:
            self.further.check_chosen(column)

    def _plan(self, names: tuple[str, ...]) -> Iterator[tuple[str, str, Convert]]:
        if len(self.seen) < _MOST_NAMES:
            self.seen |= dict.fromkeys(names)
        mapped = {column for _, column in self._mapped}
        for column in COLUMNS:
            if column not in self._columns and column not in mapped:
                continue
            name = self._bind(column, names)
            if name in names:
                yield column, name, self._converts[column]
            elif name is not None:
                top, *below = name.split(".")
                yield column, top, partial(self._convert_below, column, name, below)
        yield from self._further_plan(names)

    def _further_plan(self, names: tuple[str, ...]) -> Iterator[tuple[str, str, Convert]]:
        take = self.further.take
        used = {*self.bound.values(), *(source for source, _ in self._mapped)}
        for source, name, _ in self.further.chosen:
            top, *below = (source,) if source in names else source.split(".")
            used |= {source, top}
            if top in names:
                key = name.lower()
                yield key, top, partial(_take_below, partial(take, key), below)
        used |= {name.partition(".")[0] for name in used}
        for source in names if self._keeps_all else ():
            # A synonym that was not taken may be the number of a person, or another transcript.
            is_other = source not in used and plain(source) not in _RANKS
            known = self.further.name_of(source, names) if is_other else None
            if known is not None:
                yield known, source, partial(take, known)

    def _convert_below(self, column: str, path: str, names: list[str], value: Any) -> Any:
        """Convert what a dotted path of --map leads to; None where the path ends early."""
        for name in names:
            if not isinstance(value, Mapping) or name not in value:
                return None
            value = value[name]
        self.bound[column] = path
        return self._converts[column](value)

    def _bind(self, column: str, names: tuple[str, ...]) -> str | None:
        """Return the name that holds a column in rows with these names; None without one."""
        for source, mapped in self._mapped:
            if mapped == column:
                if source in names:
                    self.bound[column] = source
                return source if {source, source.partition(".")[0]} & {*names} else None
        rank, found = self._candidates(column, names)
        known = self.bound.get(column)
        if known is not None and rank > self._ranks[column]:
            return None
        if known is not None and found and found != [known]:
            raise Refused(
                f"{column} is in {known} in earlier rows, and in {found[0]} here: choose one with "
                f"--map {found[0]}={column}"
            )
        if len(found) > 1:
            raise Refused(
                f"{column} may be in {found[0]} or in {found[1]}: choose one with "
                f"--map {found[0]}={column}"
            )
        if not found:
            return None
        self.bound[column], self._ranks[column] = found[0], rank
        return found[0]

    def _candidates(self, column: str, names: tuple[str, ...]) -> tuple[int, list[str]]:
        """Return the names of the best rank that fit a column, and that rank."""
        if column in names and column not in (source for source, _ in self._mapped):
            return _OWN, [column]
        taken = {source for source, _ in self._mapped}
        ranked = [
            (known[1], name)
            for name in names
            if name not in taken and (known := _RANKS.get(plain(name))) and known[0] == column
        ]
        best = min((rank for rank, _ in ranked), default=99)
        return best, [name for rank, name in ranked if rank == best]


def _take_below(take: Convert, names: list[str], value: Any) -> Any:
    """Take what a dotted path of --map leads to; None where the path ends early."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return take(value)


def _tops(name: str) -> tuple[str, str]:
    """A name of --map, and the property of the row in which a path begins."""
    return name, name.partition(".")[0]


def known_names(names: Iterable[str], mapped: Sequence[str]) -> int:
    """Count the names that are a column of ours, a synonym, or given with --map."""
    return sum(1 for name in names if name in mapped or plain(name) in _RANKS)


def _converts(zone: tzinfo | None) -> dict[str, Convert]:
    return {
        **dict.fromkeys(COLUMNS, word),
        "transcript": text_of,
        "event_timestamp": partial(_time, zone),
    }


def word(value: Any) -> str | None:
    """Return an id or a word as text; whole numbers keep all digits.

    Raises `Refused` for a number that may have lost digits, and for what is neither a number nor text.
    """
    if value is None or isinstance(value, str):
        return value
    if value != value:  # NaN, as pandas writes a missing number
        return None
    if isinstance(value, (float, Decimal)) and value == value // 1:
        if isinstance(value, float) and abs(value) > _EXACT:
            raise Refused("the number has lost digits: export the column as text")
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, (int, UUID)):
        raise Refused("expected a text or a whole number")
    return str(value)


def _time(zone: tzinfo | None, value: Any) -> str | None:
    time = utc_time(value, zone)
    return None if time is None else time.isoformat(" ").removesuffix("+00:00")
