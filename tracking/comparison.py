"""SQL that compares two sides record by record, whatever columns their analyses have.

A side is a subquery with one row per record: its values as text, number or list, and for each
column a state, which is 1 for a value, -1 for one that a label rejects, and NULL without a label.
The main query pairs the rows and unnests each pair into a list of pairs of values, one for each
column, so that each side is read once and no text is grouped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .statements import column_name, fragment, table_name

Kind = Literal["closed", "number", "text", "list"]
"""How a column is compared: by its values, as numbers, by words, or as a set of entries."""
Letter = Literal["a", "b"]
"""The side; the parameters of a side end with it."""

MOST_RECORDS = 100
"""Records that a comparison names, of those with equally many differing columns."""
RECORD = "record_id"
"""Names the pair of the whole record among the pairs of its columns."""
MOST_WITH_WORDS = 50_000
"""Records whose texts are compared word by word; of more, about so many: `@words_below`."""
FIGURES = ("cost", "prompt_tokens", "answer_tokens", "grounding")
"""Numbers of stored rows that are summed on each side."""
VALUE, NOT, OTHER_THAN = 1, -1, 10
"""States of a compared value: an answer or a label; a label that rejects one value; a label that takes
any other value. No two sums are equal."""
_ID_FIELDS = {
    "phone_number_token": "phone_number_token",
    "interactionId": "interaction_id",
    "referenceId": "reference_id",
}
"""Column of an output table to the field of a label in `@labels_a`."""
_WORDS = r"r'[\pL]{4,}'"


@dataclass(frozen=True, slots=True)
class Compared:
    """A column that both sides have."""

    name: str
    kind: Kind
    field: str | None = None
    """Of a list of records: the field whose values are compared."""
    is_shown: bool = False
    """Whether its values name no person, so that they may be shown without being asked for."""
    near: float | None = None
    """Numbers count as near up to this difference; None: up to a twentieth of the larger one."""


def rows_of_run(
    letter: Letter, output: str, columns: Sequence[Compared], keys: Sequence[str] = (RECORD,)
) -> str:
    """Write the rows of a run, `@run_a` and `@planned_on_a`, as a side.

    `keys` are the columns by which the other side names a record.
    """
    return fragment("side_of_run", **_stored(letter, output, columns, keys))


def rows_of_version(
    letter: Letter,
    output: str,
    columns: Sequence[Compared],
    keys: Sequence[str] = (RECORD,),
    *,
    repeated: bool = True,
) -> str:
    """Write the newest row of each record of an analysis version, `@analysis_a`, as a side.

    `repeated`: some record has several rows. To sort them costs more than all else.
    """
    newest = f"\n{fragment('newest_row')}" if repeated else ""
    names = _stored(letter, output, columns, keys)
    return fragment("side_of_version", **names, newest=newest)


def rows_of_golden(letter: Letter, columns: Sequence[Compared]) -> str:
    """Write a version of a golden set, `@golden_a` and `@version_a`, as a side."""
    return fragment("side_of_golden", values=_label_values(columns), letter=letter)


def rows_of_labels(letter: Letter, columns: Sequence[Compared], keys: Sequence[str]) -> str:
    """Write the labels of a file, `@labels_a`, as a side; `keys` are its id columns."""
    return fragment(
        "side_of_labels",
        values=_label_values(columns),
        pair_key=_pair_key([f"g.{_ID_FIELDS.get(key, key)}" for key in keys]),
        letter=letter,
    )


def comparison_names(side_a: str, side_b: str, columns: Sequence[Compared]) -> dict[str, str]:
    """Return what `queries/quality/compare_sides.sql` is composed of."""
    differing = (
        f"IF(COALESCE(q.relation_{at} IN ('differs', 'rejected'), FALSE), 1, 0)"
        for at, _ in enumerate(columns)
    )
    pairs = [*_record_pairs(), *(_pair(at, each) for at, each in enumerate(columns))]
    return {
        **_relations(side_a, side_b, columns),
        "differing": " + ".join(differing) or "0",
        "pairs": ",\n    ".join(pairs),
    }


def record_names(side_a: str, side_b: str, columns: Sequence[Compared]) -> dict[str, str]:
    """Return what `queries/quality/compare_records.sql` is composed of."""
    pairs = (
        f"STRUCT('{each.name}' AS column_name, {_as_text('a', at, each)} AS a, "
        f"{_as_text('b', at, each)} AS b, r.relation_{at} AS relation)"
        for at, each in enumerate(columns)
    )
    return {**_relations(side_a, side_b, columns), "text_pairs": ",\n    ".join(pairs)}


def _as_text(letter: Letter, at: int, column: Compared) -> str:
    value = f"r.{letter}_{at}"
    if column.kind == "list":
        return f"ARRAY_TO_STRING({value}, ', ')"
    return f"CAST({value} AS STRING)" if column.kind == "number" else value


def _relations(side_a: str, side_b: str, columns: Sequence[Compared]) -> dict[str, str]:
    """What `fragments/quality/compared_relations.sql` is composed of."""
    numbered = list(enumerate(columns))
    entries = (_entries(at, each.kind) for at, each in numbered)
    names = {
        "side_values": _listed(
            f"a.value_{at} AS a_{at}, b.value_{at} AS b_{at}, a.state_{at} + b.state_{at} AS state_{at}, "
            f"a.mark_{at} AS mark_a_{at}, b.mark_{at} AS mark_b_{at}"
            for at, _ in numbered
        ),
        "side_entries": _listed(each for each in entries if each),
        "side_sizes": _listed(
            fragment("entry_counts", at=str(at))
            for at, each in numbered
            if each.kind in ("text", "list")
        ),
        "side_relations": _listed(
            f"{_relation(at, each)} AS relation_{at}" for at, each in numbered
        ),
    }
    return {"side_a": side_a, "side_b": side_b, **names}


def words_below(records: int) -> str:
    """Return `@words_below`: below it are the ids of about `MOST_WITH_WORDS` of so many records.

    Ids are hashes, so that these are records by chance. A mean share over so many has an interval
    of less than half a point.
    """
    if records <= MOST_WITH_WORDS:
        return "g"
    return f"{2**32 * MOST_WITH_WORDS // records:08x}"


def _listed(parts: Iterable[str]) -> str:
    return "".join(f",\n    {part}" for part in parts)


# The sides


def _stored(
    letter: Letter, output: str, columns: Sequence[Compared], keys: Sequence[str]
) -> dict[str, str]:
    return {
        "values": _listed(_stored_value(at, each) for at, each in enumerate(columns)),
        "pair_key": _pair_key([f"t.{column_name(key)}" for key in keys]),
        "output": table_name(output),
        "letter": letter,
    }


def _stored_value(at: int, column: Compared) -> str:
    name = f"t.{column_name(column.name)}"
    entry = f"entry.{column_name(column.field)}" if column.field else "entry"
    value = {
        "closed": f"CAST({name} AS STRING)",
        "number": f"CAST({name} AS FLOAT64)",
        "text": name,
        "list": fragment("entries_of_column", entry=entry, column=name),
    }[column.kind]
    # Names of columns are letters, digits and _.
    mark = (
        f"CASE WHEN '{column.name}' IN UNNEST(t.nulled_fields) THEN 'nulled' "
        f"WHEN '{column.name}' IN UNNEST(t.normalised_fields) THEN 'normalised' END"
    )
    return f"{value} AS value_{at}, 1 AS state_{at}, {mark} AS mark_{at}"


def _pair_key(parts: Sequence[str]) -> str:
    """One text for the ids of a row; a single one is taken as it is."""
    if len(parts) == 1:
        return parts[0]
    texts = ", ".join(f"COALESCE({part}, '')" for part in parts)
    return f"TO_JSON_STRING([{texts}])"


def _label_values(columns: Sequence[Compared]) -> str:
    return _listed(_label_value(at, each) for at, each in enumerate(columns))


def _label_value(at: int, column: Compared) -> str:
    column_name(column.name)
    path = f"$.{column.name}"
    kind = f"LOWER(JSON_TYPE(JSON_QUERY(PARSE_JSON(g.labels), '{path}')))"
    named = ", ".join(
        f"JSON_VALUE(g.labels, '{path}{each}')" for each in ("", ".not", ".other_than")
    )
    text = f"COALESCE({named})"
    entry = f"'$.{column.field}'" if column.field else "'$'"
    value = {
        "closed": text,
        "number": f"CAST({text} AS FLOAT64)",
        "text": text,
        "list": fragment(
            "entries_of_label",
            entry_path=entry,
            label_kind=kind,
            path=f"'{path}'",
            rejected_path=f"'{path}.not'",
        ),
    }[column.kind]
    # The sum of two states tells which kinds of values are compared.
    state = (
        f"CASE WHEN JSON_VALUE(g.labels, '{path}.other_than') IS NOT NULL THEN {OTHER_THAN} "
        f"WHEN {kind} = 'object' THEN {NOT} WHEN {kind} IS NOT NULL THEN {VALUE} END"
    )
    return f"{value} AS value_{at}, {state} AS state_{at}, CAST(NULL AS STRING) AS mark_{at}"


# The pairs


def _entries(at: int, kind: Kind) -> str:
    """The entries of two lists, or the words of two texts, in lower case."""
    if kind == "list":
        made = [fragment("entries_in_lower_case", entries=f"j.{x}_{at}") for x in "ab"]
    elif kind == "text":
        made = [
            f"IF(j.record_id < @words_below, REGEXP_EXTRACT_ALL(LOWER(j.{x}_{at}), {_WORDS}), NULL)"
            for x in "ab"
        ]
    else:
        return ""
    return ", ".join(f"{each} AS entries_{x}_{at}" for x, each in zip("ab", made, strict=True))


def _relation(at: int, column: Compared) -> str:
    """How two values stand to each other: NULL where a side has no row or no label."""
    a, b = f"s.a_{at}", f"s.b_{at}"
    same = f"COALESCE({a} = {b}, {a} IS NULL AND {b} IS NULL)"
    other = "'differs'"
    if column.kind == "list":
        same = f"s.size_a_{at} = s.shared_{at} AND s.size_b_{at} = s.shared_{at}"
    elif column.kind == "text":
        # Two texts may mean the same in other words.
        other = f"IF({a} IS NULL OR {b} IS NULL, 'differs', 'unjudged')"
    elif column.kind == "number":
        near = (
            f"{column.near!r}"
            if column.near is not None
            else f"0.05 * GREATEST(ABS({a}), ABS({b}))"
        )
        other = f"IF(COALESCE(ABS({a} - {b}) <= {near}, FALSE), 'near', 'differs')"
    return (
        f"CASE s.state_{at} WHEN {VALUE + VALUE} THEN IF({same}, 'equal', {other}) "
        f"WHEN {VALUE + NOT} THEN IF({same}, 'rejected', 'unjudged') "
        f"WHEN {VALUE + OTHER_THAN} THEN CASE WHEN {same} THEN 'rejected' "
        f"WHEN {a} IS NULL OR {b} IS NULL THEN 'unjudged' ELSE 'accepted' END "
        f"WHEN {NOT + NOT} THEN 'unjudged' WHEN {NOT + OTHER_THAN} THEN 'unjudged' "
        f"WHEN {OTHER_THAN + OTHER_THAN} THEN 'unjudged' END"
    )


def _record_pairs() -> Iterator[str]:
    """The pair of the record, whose type all others take, then its figures, models and grades."""
    yield (
        f"STRUCT('{RECORD}' AS column_name, CAST(r.differing AS STRING) AS a, "
        "CAST(NULL AS STRING) AS b, r.presence AS relation, CAST(NULL AS FLOAT64) AS amount_a, "
        "CAST(NULL AS FLOAT64) AS amount_b, CAST(NULL AS FLOAT64) AS shared, "
        "CAST(NULL AS FLOAT64) AS overlap, CAST(NULL AS STRING) AS mark_a, CAST(NULL AS STRING) AS mark_b)"
    )
    for name in FIGURES:
        yield _struct(name, relation="r.presence", amounts=(f"r.a_{name}", f"r.b_{name}"))
    for name in ("model", "grade"):
        yield _struct(name, values=(f"r.a_{name}", f"r.b_{name}"), relation="r.presence")


def _pair(at: int, column: Compared) -> str:
    a, b = f"r.a_{at}", f"r.b_{at}"
    name, relation, marks = column.name, f"r.relation_{at}", (f"r.mark_a_{at}", f"r.mark_b_{at}")
    if column.kind == "closed":
        return _struct(name, values=(a, b), relation=relation, marks=marks)
    if column.kind == "list":
        amounts = f"r.size_a_{at}", f"r.size_b_{at}"
        values = tuple(f"IF({size} = 0, NULL, 'entries')" for size in amounts)
    else:
        amounts = (a, b) if column.kind == "number" else (f"LENGTH({a})", f"LENGTH({b})")
        values = tuple(f"IF({each} IS NULL, NULL, '{column.kind}')" for each in (a, b))
    shared, overlap = "NULL", "NULL"
    if column.kind == "number":
        overlap = f"ABS({a} - {b})"
    else:
        shared = f"CAST(r.shared_{at} AS FLOAT64)"
        overlap = f"SAFE_DIVIDE(r.shared_{at}, r.size_a_{at} + r.size_b_{at} - r.shared_{at})"
    return _struct(
        name, values=(values[0], values[1]), relation=relation, amounts=amounts, shared=shared,
        overlap=overlap, marks=marks,
    )  # fmt: skip


def _struct(
    name: str,
    *,
    relation: str,
    values: tuple[str, str] = ("NULL", "NULL"),
    amounts: tuple[str, str] = ("NULL", "NULL"),
    shared: str = "NULL",
    overlap: str = "NULL",
    marks: tuple[str, str] = ("NULL", "NULL"),
) -> str:
    numbers = ", ".join(
        each if each == "NULL" else f"CAST({each} AS FLOAT64)"
        for each in (*amounts, shared, overlap)
    )
    return f"STRUCT('{name}', {', '.join(values)}, {relation}, {numbers}, {', '.join(marks)})"
