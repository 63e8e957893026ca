"""One file of transcripts, read into rows of the source table."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from analysis.strict_json import check_unique
from events.ids import has_identity

from .columns import Columns, Mapped
from .content import LONGEST, Content, Kind, opened
from .csv_file import csv_rows
from .errors import BadFile, Refused
from .excel_file import excel_rows
from .formats import FORMATS, Format, read_as
from .further_columns import Chosen, FurtherColumns
from .json_values import RefusedLine, json_values
from .names import plain

AS_COLUMNS = "columns"
"""The format of a file that has rows with columns, and none of a service."""
_WRAPPERS = (
    "rows", "data", "records", "items", "results", "value", "conversations", "calls", "contacts",
    "interactions", "transcripts",
)  # fmt: skip
"""Properties under which an interface lists its rows."""
_OF_A_TURN = ("speaker", "speakerlabel", "speakerrole", "participantrole", "participant", "role")


class ReadOptions(NamedTuple):
    """How files are to be understood, beyond what they show themselves."""

    mapped: Mapped = ()
    zone: tzinfo | None = None
    format: str = ""
    """A name of `FORMATS`, `columns`, or empty: found by the shape."""
    further: Sequence[Chosen] = ()
    """Further columns whose name and type are given."""

    @property
    def named(self) -> list[str]:
        """Columns of the file that --map names."""
        return [*(source for source, _ in self.mapped), *(each.source for each in self.further)]


Located = tuple[str, Mapping[str, Any] | bytes]
"""Where a row is in its file, such as `line 7`, and its fields, which may be JSON still."""


class TranscriptFile:
    """Reads one file. What it understood is known when all rows are read."""

    def __init__(self, path: Path, name: str, options: ReadOptions) -> None:
        """`name` is what errors call the file; its stem may become an id, unless it is `-`."""
        self.path, self.name, self.options = path, name, options
        self.further = FurtherColumns(options.further, options.zone)
        self.columns = Columns(options.mapped, options.zone, self.further)
        self.formats: dict[str, None] = {}
        self.description = ""
        """Kind, packing and encoding, such as `CSV, gzip`."""
        self.notes: list[str] = []
        """Sentences about what is not read."""
        self.is_named_by_file = False
        """Whether the id of its one conversation is the name of the file."""
        self._of_services = Columns(options.mapped, options.zone, self.further, only_ids=True)
        self._before: tuple[Any, str | None] = (None, None)
        """Ids and text of the row before."""
        self._repeats = False
        """Whether two rows that follow each other have the same ids, and other texts."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the rows in the columns of the source table.

        Raises `BadFile`, which names the file and the line or row. Nothing is loaded then.
        """
        where, number = "", 0
        try:
            for place, fields in self._located():
                where = place
                for row in self._rows_of(
                    decode_object(fields) if isinstance(fields, bytes) else fields
                ):
                    number += 1
                    yield self._checked(row)
        except RefusedLine as refused:
            raise BadFile(
                f"{self.name}, line {refused.line}: {refused}; nothing was loaded"
            ) from refused
        except Refused as refused:
            place = f", {where}" if where else ""
            raise BadFile(f"{self.name}{place}: {refused}; nothing was loaded") from refused
        self._check_all(number)

    # Rows of each kind of file

    def _located(self) -> Iterator[Located]:
        with opened(self.path, self.name) as content:
            shown = (content.kind, content.packing, content.encoding.replace("utf-8", "").upper())
            self.description = ", ".join(part for part in shown if part)
            if content.kind is Kind.JSON:
                for line, text in json_values(content.blocks):
                    yield f"line {line}", text
                return
        self.further.is_untyped = content.kind is Kind.CSV
        word = "line" if content.kind is Kind.CSV else "row"
        named, note = self.options.named, self.notes.append
        for number, row in table_rows(
            content, self.path, self.name, named, self.columns.find, note
        ):
            yield f"{word} {number}", row

    # From the fields of a row to our columns

    def _rows_of(
        self, fields: Mapping[str, Any], *, inside: bool = False
    ) -> Iterable[dict[str, Any]]:
        if self.columns.knows(fields):  # nothing is left to find out, as for almost every row
            return (self.columns.row(fields),)
        form = self._format_of(fields)
        if form is not None:
            self.formats[form.name] = None
            return (self._row_of_service(form, fields),)
        wrapped = None if inside else self._wrapped(fields)
        if wrapped is not None:
            return chain.from_iterable(self._rows_of(each, inside=True) for each in wrapped)
        self.formats[AS_COLUMNS] = None
        return (self.columns.row(fields),)

    def _format_of(self, fields: Mapping[str, Any]) -> Format | None:
        if self.options.format == AS_COLUMNS:
            return None
        if self.options.format:
            return FORMATS[self.options.format]
        return next((each for each in FORMATS.values() if each.fits(fields)), None)

    def _row_of_service(self, form: Format, fields: Mapping[str, Any]) -> dict[str, Any]:
        row = self._of_services.converted(read_as(form, fields))
        # What --map names, and ids beside the service's own JSON, count more.
        named = self._of_services.row(fields)
        row = named | row | {name: value for name, value in named.items() if value is not None}
        if not has_identity(row["interactionId"], row["referenceId"]):
            row["interactionId"] = self._id_from_name()
        return row

    def _id_from_name(self) -> str:
        stem = Path(self.name).name.partition(".")[0]
        if self.is_named_by_file or self.name == "-" or not stem:
            raise Refused(
                "the conversation has no id, and the name of the file can give one only: give each "
                "conversation a file, or name a property with --map PROPERTY=interactionId"
            )
        self.is_named_by_file = True
        return stem

    def _wrapped(self, fields: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
        """Return the rows of an object that only lists them; None for a row."""
        if self.columns.has(fields, "transcript"):
            return None
        lists = [
            value
            for name, value in fields.items()
            if plain(name) in _WRAPPERS
            and isinstance(value, list)
            and all(isinstance(each, Mapping) for each in value)
        ]
        return lists[0] if len(lists) == 1 else None

    # Checks

    def _checked(self, row: dict[str, Any]) -> dict[str, Any]:
        identity = (row["phone_number_token"], row["interactionId"], row["referenceId"])
        if not has_identity(*identity[1:]):
            self._check_mapped()
            self._check_bound("interactionId", "referenceId")
            raise Refused("interactionId and referenceId are blank: give one of them")
        if row["transcript"] is not None and len(row["transcript"]) > LONGEST:
            raise Refused(f"transcript: longer than {LONGEST:,} characters, the limit of a text")
        ids, text = self._before
        self._repeats = self._repeats or (identity == ids and row["transcript"] != text)
        self._before = identity, row["transcript"]
        return row

    def _check_all(self, rows: int) -> None:
        if not rows:
            return
        try:
            self._check_mapped()
            self._check_bound("transcript")
            self.columns.check_chosen()
        except Refused as refused:
            raise BadFile(f"{self.name}: {refused}; nothing was loaded") from refused
        turns = [name for name in self.columns.others if plain(name) in _OF_A_TURN]
        if self._repeats and turns:
            raise BadFile(
                f"{self.name}: it has a row for each turn (column {turns[0]}): put the turns of a "
                "conversation into one row, as a text or a list; nothing was loaded"
            )

    def _check_mapped(self) -> None:
        """Check that every column that --map names was found in some row. Raises `Refused`."""
        for source, column in self.options.mapped:
            if column not in self.columns.bound and column not in self._of_services.bound:
                raise Refused(f"--map {source}={column}: there is no {source}; {self._found()}")
        seen = {*self.columns.seen, *self._of_services.seen}
        for source, name, kind in self.options.further:
            if source not in seen and source.partition(".")[0] not in seen:
                raise Refused(
                    f"--map {source}={name}:{kind}: there is no {source}; {self._found()}"
                )

    def _check_bound(self, *columns: str) -> None:
        """Check that one of these columns was found. Raises `Refused` with those that there are."""
        if self.formats.keys() - {AS_COLUMNS} or any(
            each in self.columns.bound for each in columns
        ):
            return
        raise Refused(
            f"there is no column for {' or '.join(columns)}; {self._found()}; name it with "
            f"--map COLUMN={columns[0]}"
        )

    def _found(self) -> str:
        # What is long or has many words is probably no name, but text of a file without a header.
        names = [name for name in self.columns.seen if len(name) <= 40 and len(name.split()) <= 4]
        return f"it has {', '.join(names[:20]) or 'no names that can be shown'}"


def table_rows(
    content: Content,
    path: Path,
    name: str,
    named: Sequence[str],
    choose: Callable[[list[str]], Mapping[str, str]],
    note: Callable[[str], None],
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Return number and fields of each row of a file that was recognised as CSV, Excel or Parquet.

    `named` are columns that it certainly has, `choose` those of Parquet that are read, and `note`
    takes a sentence about what is not read. Raises `BadFile` and `Refused`.
    """
    if content.kind is Kind.CSV:
        return csv_rows(lambda: opened(path, name), named)
    if content.packing:
        raise BadFile(f"{name}: it is {content.kind} in {content.packing}: unpack it first")
    if content.kind is Kind.EXCEL:
        return excel_rows(path, name, named, note)
    from .parquet_file import parquet_rows  # DuckDB, which the image of a service has not

    return parquet_rows(path, name, choose)


_decode = msgspec.json.Decoder().decode


def decode_object(text: bytes) -> Mapping[str, Any]:
    """Decode one object strictly. Raises `Refused` without quoting it."""
    try:
        fields = _decode(text)
        check_unique(text)
    except RecursionError as error:
        raise Refused("it is nested too deep") from error
    except (msgspec.MsgspecError, ValueError) as error:
        hint = " (NaN is not JSON: write null)" if b"NaN" in text else ""
        raise Refused(f"{error}{hint}") from error
    if not isinstance(fields, dict):
        raise Refused("expected an object")
    return fields
