"""The struct of an answer: whatever it leaves out shows in the count of quotes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reading.answer_parsing import is_whole, struct_encoder
from analysis.schema import read_schema
from tests.analysis.making import ANSWER, CALL_REVIEW, held

OPTIONAL = read_schema(
    {
        "type": "OBJECT",
        "required": ["a"],
        "properties": {
            "a": {"type": "STRING"},
            "b": {"type": "STRING"},
            "c": {"type": "OBJECT", "properties": {"d": {"type": "STRING", "nullable": True}}},
            "e": {"type": "ARRAY", "items": {"type": "STRING"}},
            "from": {"type": "INTEGER"},
        },
    },
    {},
)
encode = struct_encoder(OPTIONAL, frozenset({"a"}))


def is_taken(text: str) -> bool:
    """Whether the text is read as exactly what the schema says."""
    encoded = encode(text)
    return encoded is not None and is_whole(text, encoded)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"x","zz":1}',
        '{"a":"x","B":null}',
        '{"a":"x","zz":[1,2,3]}',
        '{"a":"x","c":{"zz":null}}',
        '{"a":"x","b":"y","b":"y"}',
        '{"a":"x","b":null,"b":"y"}',
        '{"a":"x","b":"y","b":null}',
        '{"a":"x","c":{},"c":{"d":"y"}}',
        '{"a":"x\\u0022\\u0022","zz":1}',
    ],
)
def test_a_property_that_is_left_out_shows(text: str) -> None:
    """Unknown or doubled: an absent property has no default that could make up for its quotes."""
    assert not is_taken(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"x"}',
        '{"a":"x","b":null}',
        '{ "a" : "x \\" y" , "e" : [ "z" ] }',
        '{"a":"x","c":{}}',
        '{"a":"x","c":{"d":null},"from":7}',
        '{"\\u0061":"x"}',
    ],
)
def test_what_is_as_the_schema_says_is_taken_with_every_value(text: str) -> None:
    assert is_taken(text)
    assert json.loads(text) == json.loads(encode(text) or b"")


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"N/A"}',
        '{"a":" "}',
        '{"a":1}',
        '{"a":"x","from":12345678901234567890}',
        '{"a":"x","from":1.0}',
        '{"a":"x","e":null}',
        '{"a":"x","e":[null]}',
        '{"a":"x\\u0000"}',
        '{"a":"\\ud800"}',
        '{"a":"x"}{"a":"x"}',
        '{"a":"x","zz":' + "[" * 100_000,
    ],
)
def test_what_a_table_cannot_store_is_not_taken(text: str) -> None:
    """Also null where a list belongs, and placeholders of required texts."""
    assert encode(text) is None


pairs = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "e", "zz", "", "A", '"', "from"]),
        st.sampled_from(
            ['"x"', '""', "null", "1", "true", "[]", '["y"]', "{}", '{"d":"y"}', '{"d":1}', '"\\""',
             '{"d":null,"d":"y"}', '{"zz":1}', '"\\u0022"'],
        ),
    ),
    max_size=7,
)  # fmt: skip


@held(400)
@given(pairs)
def test_no_text_is_taken_in_which_something_is_unknown_or_doubled(
    members: list[tuple[str, str]],
) -> None:
    """The judge is Python's own parser."""
    text = "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in members) + "}"
    if is_taken(text):
        assert _is_known(json.loads(text, object_pairs_hook=_unique), OPTIONAL)
        assert json.loads(text) == json.loads(encode(text) or b"")


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(members)) == len(members)
    return dict(members)


def _is_known(value: Any, node: Any) -> bool:
    properties = node.properties or {}
    return not isinstance(value, dict) or all(
        name in properties and _is_known(child, properties[name]) for name, child in value.items()
    )


def test_an_encoded_answer_has_only_names_of_its_schema() -> None:
    """DuckDB drops any other in silence, and BigQuery refuses the file."""
    text = json.dumps({**ANSWER, "mood": "fine"})
    encoded = CALL_REVIEW.contract.encode(text)

    assert encoded is not None
    assert ANSWER == json.loads(encoded)
    assert not is_whole(text, encoded)
    assert ANSWER == CALL_REVIEW.contract.fit(json.loads(text)).answer
