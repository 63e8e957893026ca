"""Conditions and labels of a request: what is taken, and how the rest is refused."""

import json
from typing import Any

import pytest

from events import (
    Condition,
    ReprocessRequested,
    RunRequested,
    Unreadable,
    data_of,
    read_event,
    read_recorded,
)
from events.conditions import MOST_LABELS


def read(**fields: Any) -> RunRequested:
    return read_event(json.dumps(fields).encode(), RunRequested)


def refused(**fields: Any) -> str:
    with pytest.raises(Unreadable) as refusal:
        read(**fields)
    return str(refusal.value)


def test_a_condition_is_written_as_it_is_read() -> None:
    """Under the name `from`, which is a keyword of Python, and without what it leaves out."""
    data = {"attribute": "seconds", "from": 60, "below": 600}
    request = read(run_id="r1", attributes=[data])

    assert [Condition(attribute="seconds", from_=60, below=600)] == request.attributes
    assert [data] == json.loads(data_of(request))["attributes"]
    assert request == read_recorded(data_of(request), RunRequested)
    assert request.narrowed


@pytest.mark.parametrize(
    ("condition", "named"),
    [
        ({"attribute": "queue"}, "queue needs one_of, from or below"),
        ({"attribute": "queue", "one_of": []}, "queue needs one_of, from or below"),
        ({"one_of": ["a"]}, "attribute"),
        ({"attribute": "queue", "is": "a"}, "is"),
        ({"attribute": "queue", "one_of": "a"}, "array"),
        ({"attribute": "queue", "one_of": [["a"]]}, "one_of"),
        ({"attribute": "queue", "one_of": [None]}, "one_of"),
        ({"attribute": "queue", "one_of": ["a" * 1_001]}, "1000"),
        ({"attribute": "queue", "one_of": ["a"] * 101}, "100"),
        ({"attribute": "q; DROP TABLE x", "one_of": ["a"]}, "letters, digits and _"),
        ({"attribute": "queue`", "one_of": ["a"]}, "letters, digits and _"),
        ({"attribute": "queue\n", "one_of": ["a"]}, "letters, digits and _"),
    ],
)
def test_a_condition_that_is_none_is_refused(condition: dict[str, Any], named: str) -> None:
    """With the field, and never with the value."""
    problem = refused(attributes=[condition])

    assert named in problem
    assert "DROP" not in problem


def test_conditions_are_limited() -> None:
    """A statement has a length."""
    assert "20" in refused(attributes=[{"attribute": "a", "one_of": ["x"]}] * 21)


@pytest.mark.parametrize(
    "labels",
    [{}, {"team": "billing"}, {"cost-centre_2": "cc-4711_x"}, {"a": "1"}, {"a" * 63: "b" * 63}],
)
def test_labels_of_google_s_rules_are_taken(labels: dict[str, str]) -> None:
    """Of a run, and of a reprocessing, which costs as well."""
    again = json.dumps({"changed": True, "labels": labels}).encode()

    assert labels == read(labels=labels).labels
    assert labels == read_event(again, ReprocessRequested).labels


@pytest.mark.parametrize(
    ("labels", "named"),
    [
        ({"Team": "x"}, "label key"),
        ({"1a": "x"}, "label key"),
        ({"a" * 64: "x"}, "label key"),
        ({"a.b": "x"}, "label key"),
        ({"": "x"}, "label key"),
        ({"troupe": "x"}, "none of troupe, attempt, claim"),
        ({"attempt": "x"}, "none of troupe, attempt, claim"),
        ({"claim": "x"}, "none of troupe, attempt, claim"),
        ({"goog-x": "x"}, "not with goog"),
        ({"team": "Billing"}, "label value"),
        ({"team": ""}, "label value"),
        ({"team": "b" * 64}, "label value"),
        ({"team": "a\n"}, "label value"),
        ({"team": 7}, "str"),
        ({f"k{n}": "x" for n in range(MOST_LABELS + 1)}, str(MOST_LABELS)),
    ],
)
def test_labels_that_google_or_we_would_not_take_are_refused(
    labels: dict[str, Any], named: str
) -> None:
    """Before anything is planned: a job with such a label would be refused for good."""
    assert named in refused(labels=labels)


def test_keys_that_only_begin_like_ours_are_taken() -> None:
    """They are other keys."""
    assert {"attempt2": "x", "claims": "y"} == read(labels={"attempt2": "x", "claims": "y"}).labels


def test_our_labels_and_those_of_a_run_are_at_most_sixty_four() -> None:
    """Google Cloud's limit for a resource."""
    assert 64 == MOST_LABELS + len(("troupe", "attempt", "claim"))
