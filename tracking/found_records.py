"""The SQL of a search for records: which tables are read, and what a record of each has to fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .attributes import path_of
from .statements import column_name, fragment, table_name

ANALYSED, OPEN = "analysed", "open"
ERROR_STATES = ("failed", "released", "cleared")
"""States that an error of the record tells."""
STATES = (ANALYSED, *ERROR_STATES, OPEN)
_DAY = (
    "({row}.event_timestamp >= TIMESTAMP(@since) OR {row}.event_timestamp IS NULL) AND "
    "DATE(IF({row}.event_timestamp <= {moment}, {row}.event_timestamp, {moment})) BETWEEN @since AND @until"
)
"""The first line follows from the second: with a constant on its other side it skips rows in the scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a found record has to fit; what is empty or None is not asked for."""

    states: Sequence[str] = STATES
    record_ids: Sequence[str] | None = None
    """None: of any id."""
    error_type: str | None = None
    """The type of its error, or the cause behind that."""
    grade: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Call attribute to its value as text."""
    values: Mapping[str, str | None] = field(default_factory=dict)
    """Closed column of the answer to its value; None: it has none."""
    by_day: bool = False
    """Whether the call has to be of a day from @since to @until."""
    open_runs: Sequence[str] = ()
    """The runs that are not completed: only they hold open records."""
    of_run: bool = False
    """Whether only the records of @run_id are searched, which was planned on @planned_on."""
    words: str | None = None
    """A text that the transcript or a text of the answer holds, in any case."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """The tables that are read, by the alias: rows `t`, errors `e` and open members `m`."""
        asked = {
            "t": ANALYSED in self.states and self.error_type is None,
            "e": any(each in self.states for each in ERROR_STATES) and not self._of_answers,
            "m": OPEN in self.states
            and bool(self.open_runs)
            and not self._of_answers
            and self.error_type is None,
        }
        return tuple(alias for alias, is_read in asked.items() if is_read)

    @property
    def _of_answers(self) -> bool:
        return bool(self.values) or self.grade is not None

    def params(self) -> dict[str, Any]:
        """Return the parameters of the conditions."""
        texts = [*self.attributes.values(), *(v for v in self.values.values() if v is not None)]
        return {
            "states": list(self.states),
            "record_ids": list(self.record_ids or ()),
            "record_id": self.record_ids[0] if self.record_ids else None,
            "error_type": self.error_type,
            "grade": self.grade,
            "open_runs": list(self.open_runs),
            "filter_texts": texts,
            "words": self.words,
        }


def found_names(
    search: Search, output: str, closed: Sequence[str], texts: Sequence[str]
) -> dict[str, str]:
    """Name the parts of `found_records` and `found_counts`. Without a table to read it is an error.

    `closed` are the columns whose values are returned, `texts` those that @words are looked for in.
    """
    pages, states = [], []
    for alias in search.kinds:
        names = {
            "output": table_name(output),
            "answers_in_t": ", ".join(
                f"t.{column_name(name)} AS answer_{at}" for at, name in enumerate(closed)
            )
            or "NULL AS answer_0",
            "answers_of_g": _as_json(closed),
            f"conditions_on_{alias}": " AND ".join(_conditions(search, alias, texts)) or "TRUE",
        }
        if alias == "t":
            pages.append(fragment("found_rows", **names))
            fitting = fragment("fitting_rows", **names)
        else:
            file = "fitting_errors" if alias == "e" else "fitting_members"
            fitting = fragment(file, **names)
            pages.append(fragment("found_others", fitting_others=fitting))
        states.append(fragment("found_states", fitting=fitting))
    return {
        "pages_of_found": "\nUNION ALL\n".join(pages),
        "states_of_found": "\nUNION ALL\n".join(states),
    }


def counted_names(columns: Sequence[str]) -> dict[str, str]:
    """Name the parts of `answers_over_time` and `answers_by_value` that count these columns.

    A column of the answer may have any name, so inside the statement each has a number.
    """
    return {
        "t_counted_columns": ", ".join(
            f"t.{column_name(name)} AS counted_{at}" for at, name in enumerate(columns)
        ),
        "s_counted_columns": ", ".join(f"s.counted_{at}" for at in range(len(columns))),
        "answers_of_r": ", ".join(
            f"STRUCT('{name}' AS column_name, CAST(r.counted_{at} AS STRING) AS answer)"
            for at, name in enumerate(columns)
        ),
    }


def _as_json(closed: Sequence[str]) -> str:
    values = ", ".join(
        f"CAST(g.answer_{at} AS STRING) AS {column_name(name)}" for at, name in enumerate(closed)
    )
    return f"TO_JSON_STRING(STRUCT({values}))" if values else "CAST(NULL AS STRING)"


def _conditions(search: Search, alias: str, texts: Sequence[str]) -> list[str]:
    found = list[str]()
    if search.record_ids is not None:
        # One record is looked up much quicker than a list.
        one = len(search.record_ids) == 1
        found.append(f"{alias}.record_id {'= @record_id' if one else 'IN UNNEST(@record_ids)'}")
    if alias == "e":
        if search.error_type is not None:
            found.append("(e.error_type = @error_type OR e.cause = @error_type)")
        of_member = _of_call(search, "m", "e.happened_at", texts)
        if of_member:
            joined = " AND ".join(of_member)
            found.append(fragment("member_of_error", conditions_on_member=joined))
        return found
    if alias == "m":
        return found + _of_call(search, "m", "r.planned_at", texts)
    if search.grade is not None:
        found.append("t.grade = @grade")
    return [*found, *_of_values(search), *_of_call(search, "t", "t.analysed_at", texts)]


def _of_call(search: Search, row: str, moment: str, texts: Sequence[str]) -> list[str]:
    """What a call has to fit: its day, its attributes and its words."""
    found = [_DAY.format(row=row, moment=moment)] if search.by_day else []
    found += [
        f"JSON_VALUE({row}.attributes, {path_of(name)}) = @filter_texts[OFFSET({at})]"
        for at, name in enumerate(search.attributes)
    ]
    return [*found, _of_words(search, row, texts)] if search.words is not None else found


def _of_values(search: Search) -> list[str]:
    found, at = list[str](), len(search.attributes)
    for name, value in search.values.items():
        column = f"t.{column_name(name)}"
        if value is None:
            found.append(f"{column} IS NULL")
            continue
        found.append(f"CAST({column} AS STRING) = @filter_texts[OFFSET({at})]")
        at += 1
    return found


def _of_words(search: Search, row: str, texts: Sequence[str]) -> str:
    if row != "t":
        return "STRPOS(LOWER(m.transcript), LOWER(@words)) > 0"
    checks = [f"STRPOS(LOWER(t.{column_name(name)}), LOWER(@words)) > 0" for name in texts]
    of_plan = "words_in_run" if search.of_run else "words_in_transcript"
    return f"({' OR '.join([*checks, fragment(of_plan)])})"
