"""Names that are derived: the same everywhere, for ever."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import Deployment, record_id
from tests.events.making import run_ids
from tests.local.fakes import HeldClock
from tracking import Source
from tracking.statements import fragment
from troupe.backends.local.bucket import LocalBucket
from troupe.backends.local.warehouse import LocalWarehouse

few = settings(deadline=None, derandomize=True, max_examples=50)
ODD = [
    "plain",
    "",
    " ",
    'a "quoted" one',
    "back\\slash \\u0041 \\n",
    "tab\t line\n return\r feed\f back\b",
    "bell\x07 esc\x1b unit\x1f one\x01 vt\x0b",
    "del\x7f c1\x85\x9f bom\ufeff",
    "lines\u2028and\u2029paragraphs",
    "grüße, ñandú, 東京, \u05e9\u05dc\u05d5\u05dd",
    "emoji 😀👩‍👩‍👧 and flags 🇩🇪",
    "e\u0301 is not \u00e9",
    "</script> & 'single' / slash",
    "null",
    "\ue000\U0010fffd",
]


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        (("a", "b", "c"), '["a","b","c"]', "fa1844c2988ad15ab7b49e0ece096845"),
        ((None, None, None), "[null,null,null]", "fe44a8cccd89edae70b54c5e58399979"),
        (("tok", 7, None), '["tok","7",null]', "c7ec0d9ea2c7bfe7c9c01453986ccc28"),
        (
            ('say "hi"', "back\\slash", "l\u2028s\u2029p"),
            '["say \\"hi\\"","back\\\\slash","l\\u2028s\\u2029p"]',
            "5d0eddf1ee5d451f63d95d7877d6b7f9",
        ),
        (
            ("gr\xfc\xdfe", "\U0001f600", "\x01\t\n"),
            '["gr\xfc\xdfe","\U0001f600","\\u0001\\t\\n"]',
            "774fdf37e2dcc8cebf459e03dcdfe508",
        ),
    ],
)
def test_the_id_is_the_start_of_a_hash_over_this_text(
    parts: tuple[object, object, object], text: str, expected: str
) -> None:
    """Fixed vectors, for those who compute it elsewhere: a change makes every record new."""
    assert expected == hashlib.sha256(text.encode()).hexdigest()[:32]
    assert expected == record_id(*parts)


def test_parts_do_not_run_into_each_other() -> None:
    """The array keeps them apart."""
    assert 5 == len(
        {
            record_id(*p)
            for p in [
                ("ab", "c", ""),
                ("a", "bc", ""),
                ("a", "b", "c"),
                ("", "ab", "c"),
                ('a","b', "c", ""),
            ]
        }
    )


def test_missing_is_not_empty_and_a_number_is_its_digits() -> None:
    """As a cast to string has it."""
    assert record_id("a", None, "c") != record_id("a", "", "c")
    assert record_id("a", None, "c") != record_id("a", "null", "c")
    assert record_id(7, -3, 10**18) == record_id("7", "-3", "1000000000000000000")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalWarehouse]:
    clock, folder = HeldClock(), tmp_path_factory.mktemp("bucket")
    made = LocalWarehouse(None, clock, LocalBucket(Path(folder)))
    made.db.execute(
        "CREATE TABLE odd (phone VARCHAR, interaction BIGINT, reference VARCHAR, "
        "transcript VARCHAR, direction VARCHAR, provider VARCHAR, event_timestamp TIMESTAMP)"
    )
    yield made
    made.close()


SOURCE = Source(
    table="odd",
    columns={
        "phone_number_token": "phone",
        "interaction_id": "interaction",
        "reference_id": "reference",
    },
)


def in_sql(
    warehouse: LocalWarehouse, *rows: tuple[str | None, int | None, str | None]
) -> dict[tuple[str | None, str | None, str | None], str]:
    """The ids that the planning fragment computes."""
    warehouse.db.execute("DELETE FROM odd")
    for row in rows:
        warehouse.db.execute(
            "INSERT INTO odd (phone, interaction, reference) VALUES (?, ?, ?)", list(row)
        )
    found = warehouse.query(fragment("source_rows", **SOURCE.names()), {})
    return {
        (r["phone_number_token"], r["interaction_id"], r["reference_id"]): r["record_id"]
        for r in found
    }


def in_python(
    *rows: tuple[str | None, int | None, str | None],
) -> dict[tuple[str | None, str | None, str | None], str]:
    return {(p, None if i is None else str(i), r): record_id(p, i, r) for p, i, r in rows}


def test_sql_and_python_give_every_odd_text_the_same_id(warehouse: LocalWarehouse) -> None:
    """Quotes, backslashes, controls, separators, emoji."""
    rows = [(text, number, text[::-1]) for number, text in enumerate(ODD)]

    assert in_python(*rows) == in_sql(warehouse, *rows)


def test_sql_and_python_agree_on_null_and_integers(warehouse: LocalWarehouse) -> None:
    """A column of integers is cast, a missing value stays missing."""
    rows: list[tuple[str | None, int | None, str | None]] = [
        (None, None, None),
        ("a", None, None),
        (None, 0, ""),
        ("", -(2**63), "x"),
        ("x", 2**63 - 1, None),
    ]

    assert in_python(*rows) == in_sql(warehouse, *rows)


@pytest.mark.parametrize(
    "code", [*range(1, 32), 0x7F, 0x80, 0x9F, 0xA0, 0xAD, 0x2027, 0x202A, 0xFFFE]
)
def test_sql_and_python_write_every_control_character_alike(
    warehouse: LocalWarehouse, code: int
) -> None:
    """One by one, each beside a quote and a backslash."""
    row = (f'\\{chr(code)}"', code, chr(code))

    assert in_python(row) == in_sql(warehouse, row)


def test_sql_and_python_agree_on_nul(warehouse: LocalWarehouse) -> None:
    """The loader lets it in, so the plan has to name it."""
    row = ("a\x00b", 1, None)

    assert in_python(row) == in_sql(warehouse, row)


anything = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)


@few
@given(
    rows=st.lists(
        st.tuples(anything, st.none() | st.integers(-(2**63), 2**63 - 1), anything),
        min_size=1,
        max_size=6,
    )
)
def test_sql_and_python_agree_on_any_text(
    warehouse: LocalWarehouse, rows: list[tuple[str | None, int | None, str | None]]
) -> None:
    """Whatever Unicode holds."""
    assert in_python(*rows) == in_sql(warehouse, *rows)


# Labels and names

LABEL = re.compile(r"[a-z0-9_-]{1,63}")
deployments = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@few
@given(
    deployment=deployments,
    run_id=run_ids,
    batch=st.integers(1, 9_999_999),
    attempt=st.integers(1, 10),
)
def test_an_attempt_names_itself_within_the_rules_of_labels(
    deployment: str, run_id: str, batch: int, attempt: int
) -> None:
    """At most 63 of the signs that a label value may have."""
    assert LABEL.fullmatch(Deployment(deployment).attempt(run_id, batch, attempt))


def test_the_longest_attempt_still_fits_a_label() -> None:
    """Close to ten million batches, and the last attempt of all."""
    longest = Deployment("a" * 8).attempt("r" * 40, 9_999_999, 10)

    assert 63 == len(longest)


@few
@given(
    one=st.tuples(run_ids, st.integers(1, 999), st.integers(1, 10)),
    other=st.tuples(run_ids, st.integers(1, 999), st.integers(1, 10)),
)
def test_two_attempts_never_share_a_name(
    one: tuple[str, int, int], other: tuple[str, int, int]
) -> None:
    """A run id cannot hold what joins the parts."""
    here = Deployment("d1")

    assert (one == other) == (here.attempt(*one) == here.attempt(*other))


@pytest.mark.parametrize("id_", ["", "A", "a-b", "a_b", "123456789", "ä", "a\n", " a"])
def test_a_deployment_id_outside_the_rules_is_refused(id_: str) -> None:
    """It ends up in labels, job ids and object names."""
    with pytest.raises(ValueError, match="deployment id"):
        Deployment(id_)
