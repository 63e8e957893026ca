"""How columns are compared, by their schema."""

from typing import Any

from tests.analysis.own import analysis_of
from tracking.comparison import Compared, words_below
from troupe.quality.compared_columns import comparable, in_common

ENUM = {"type": "STRING", "enum": ["low", "high"]}
KINDS: dict[str, Any] = {
    "risk": ENUM,
    "safe": {"type": "BOOLEAN"},
    "score": {"type": "INTEGER", "minimum": 0, "maximum": 100},
    "account": {"type": "INTEGER"},
    "share": {"type": "NUMBER"},
    "topics": {"type": "ARRAY", "items": ENUM},
    "people": {"type": "ARRAY", "items": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}}}},
    "team": {"type": "STRING"},
    "notes": {"type": "STRING"},
}  # fmt: skip


def test_the_schema_decides_how_a_column_is_compared_and_whether_it_is_shown() -> None:
    """Text that may name a person is not shown, nor an integer that may be an account."""
    found = comparable(analysis_of(KINDS, shown=["team"]))

    assert {
        "verdict": Compared("verdict", "text"),
        "risk": Compared("risk", "closed", is_shown=True),
        "safe": Compared("safe", "closed", is_shown=True),
        "score": Compared("score", "number", is_shown=True, near=5.0),
        "account": Compared("account", "number"),
        "share": Compared("share", "number", is_shown=True),
        "topics": Compared("topics", "list", is_shown=True),
        "people": Compared("people", "list", field="name"),
        "team": Compared("team", "closed", is_shown=True),
        "notes": Compared("notes", "text"),
    } == found


def test_columns_are_compared_that_both_have_in_one_form() -> None:
    """The others are named with the reason; numbers of other ranges are near by their own size."""
    a = comparable(analysis_of(KINDS))
    changed = {**KINDS, "risk": {"type": "STRING"}, "score": {"type": "INTEGER", "maximum": 9}}
    changed["mood"] = changed.pop("safe")
    b = comparable(analysis_of(changed))

    compared, left_out = in_common(a, b, ("old", "new"))

    assert ["verdict", "score", "account", "share", "topics", "people", "team", "notes"] == [
        each.name for each in compared
    ]
    assert {None} == {each.near for each in compared}
    assert {
        "risk": "closed set in old, text in new",
        "safe": "only old has it",
        "mood": "only new has it",
    } == {each.column: each.why for each in left_out}


def test_words_of_many_records_are_compared_on_a_part_of_them() -> None:
    """Ids are hashes: those below a bound are records by chance."""
    assert "g" == words_below(50_000)
    assert "0ccccccc" == words_below(1_000_000)
    assert "f" * 32 < "g"
