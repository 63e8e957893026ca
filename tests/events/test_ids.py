"""Deterministic ids: the same in Python and in SQL, valid where they are used, and parsed back."""

import doctest
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events import Deployment, ids, record_id
from events.ids import (
    AttemptId,
    attempt_id,
    attempt_of_output,
    bigquery_job,
    dead_letter_topic,
    derived_run_id,
    handler_of_dead_letters,
    is_bigquery_job,
    job_display_name,
    job_try,
    number_of_try,
    output_folder,
    parse_attempt_id,
    request_object,
)
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
def test_a_record_id_is_the_start_of_a_hash_over_this_text(
    parts: tuple[object, object, object], text: str, expected: str
) -> None:
    """Fixed vectors: a change would make every record of every deployment new."""
    assert expected == hashlib.sha256(text.encode()).hexdigest()[:32]
    assert expected == record_id(*parts)


def test_different_parts_give_different_record_ids() -> None:
    """The JSON array keeps the parts apart."""
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
    """The same as CAST AS STRING in SQL."""
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
    columns = [list(column) for column in zip(*rows, strict=True)]
    warehouse.db.execute(
        "INSERT INTO odd (phone, interaction, reference) SELECT unnest(?), unnest(?), unnest(?)",
        columns,
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


def test_sql_and_python_give_unusual_texts_the_same_record_id(warehouse: LocalWarehouse) -> None:
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


def test_sql_and_python_write_every_control_character_alike(warehouse: LocalWarehouse) -> None:
    """Each beside a quote and a backslash."""
    codes = [*range(1, 32), 0x7F, 0x80, 0x9F, 0xA0, 0xAD, 0x2027, 0x202A, 0xFFFE]
    rows = [(f'\\{chr(code)}"', code, chr(code)) for code in codes]

    assert len(codes) == len(in_python(*rows))
    assert in_python(*rows) == in_sql(warehouse, *rows)


def test_sql_and_python_agree_on_nul(warehouse: LocalWarehouse) -> None:
    """The loader accepts NUL, so the plan computes an id for it."""
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
    """Any text of Unicode characters, except NUL."""
    assert in_python(*rows) == in_sql(warehouse, *rows)


# Labels, object names and job ids

LABEL = re.compile(r"[a-z0-9_-]{1,63}")
JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,1024}")
deployments = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)
attempts = st.builds(AttemptId, deployments, run_ids, st.integers(1, 9_999_999), st.integers(1, 10))
handlers = st.from_regex(r"[a-z]{1,10}(-[a-z]{1,10}){0,3}", fullmatch=True)
transactions = st.sampled_from(["plan", "claim", "close", "error"])


def test_the_examples_in_the_docstrings_are_true() -> None:
    """They are the reference of every id's form."""
    failed, ran = doctest.testmod(ids)

    assert 0 == failed
    assert ran >= 20


@few
@given(attempt=attempts)
def test_an_attempt_id_is_a_valid_label_and_is_parsed_back(attempt: AttemptId) -> None:
    """Vertex labels take 63 characters of a-z, 0-9, _ and -."""
    assert LABEL.fullmatch(attempt_id(*attempt))
    assert attempt == parse_attempt_id(attempt_id(*attempt))


@few
@given(attempt=attempts, claim=st.integers(1, 99), file=st.text(max_size=20))
def test_an_output_object_is_parsed_back_to_its_attempt(
    attempt: AttemptId, claim: int, file: str
) -> None:
    """Whatever Vertex calls the files in the folder."""
    folder = output_folder(attempt_id(*attempt), claim)

    assert attempt == attempt_of_output(f"{folder}/{file}")
    assert attempt_of_output(folder) is None
    assert attempt_of_output(request_object(attempt_id(*attempt))) is None


@few
@given(attempt=attempts)
def test_a_display_name_is_not_taken_for_a_label(attempt: AttemptId) -> None:
    """It holds one, for people."""
    label = attempt_id(*attempt)

    assert label in job_display_name(label)
    assert parse_attempt_id(job_display_name(label)) is None


@pytest.mark.parametrize(
    "text",
    [
        "", "ab12", "ab12__r1__1", "ab12__r1__1__1__1", "ab12__r1__one__1", "AB12__r1__1__1",
        "ab12__-r1__1__1", "ab12__r_1__1__1", "ab12__r1__1__1\n", " ab12__r1__1__1", "__r1__1__1",
        "abcdefghi__r1__1__1", "ab12__r1__-1__1", "ab12__r1____1",
    ],
)  # fmt: skip
def test_a_text_that_is_not_an_attempt_id_is_parsed_to_none(text: str) -> None:
    """A job of another program may have any label."""
    assert parse_attempt_id(text) is None


def test_the_longest_attempt_id_fits_a_label() -> None:
    """The longest ids, nearly ten million batches, and the last attempt."""
    longest = Deployment("a" * 8).attempt("r" * 40, 9_999_999, 10)

    assert 63 == len(longest)


@few
@given(one=attempts, other=attempts)
def test_two_attempts_never_share_an_id(one: AttemptId, other: AttemptId) -> None:
    """No part of an attempt id can contain the separator."""
    assert (one == other) == (attempt_id(*one) == attempt_id(*other))


@few
@given(transaction=transactions, attempt=attempts, number=st.integers(1, 200))
def test_each_try_of_a_bigquery_job_has_an_id_that_is_parsed_back(
    transaction: ids.Transaction, attempt: AttemptId, number: int
) -> None:
    """BigQuery takes up to 1,024 letters, digits, _ and -."""
    job = bigquery_job(transaction, *attempt)

    assert JOB_ID.fullmatch(job_try(job, number))
    assert number == number_of_try(job, job_try(job, number))
    assert is_bigquery_job(job_try(job, number), transaction)


@pytest.mark.parametrize("name", ["job2", "jo", "job_", "JOB", "job__1", "job__r", "job__r2x", ""])
def test_another_job_is_no_try_of_this_one(name: str) -> None:
    """Only a number after __r counts."""
    assert number_of_try("job", name) is None


def test_the_job_of_one_transaction_is_no_job_of_another() -> None:
    """Names that begin alike differ by the separator."""
    assert not is_bigquery_job("troupe__claims__ab12__r1", "claim")
    assert not is_bigquery_job("troupe__claim", "claim")


@few
@given(handler=handlers)
def test_a_dead_letter_topic_is_parsed_back_to_its_handler(handler: str) -> None:
    """The topic is the only place that names the handler."""
    assert handler == handler_of_dead_letters(dead_letter_topic(handler))


@pytest.mark.parametrize("topic", ["", "batch-planned", "dead-letter", "x-dead-letter-plan-run"])
def test_any_other_topic_takes_no_dead_letters(topic: str) -> None:
    """Topics of events and signals."""
    assert handler_of_dead_letters(topic) is None


@few
@given(request_id=st.text(st.characters(codec="utf-8"), max_size=50))
def test_a_derived_run_id_is_a_valid_run_id(request_id: str) -> None:
    """Message ids and CloudEvents ids may hold any characters."""
    assert re.match(ids.RUN_ID, derived_run_id(request_id))


@pytest.mark.parametrize("id_", ["", "A", "a-b", "a_b", "123456789", "ä", "a\n", " a"])
def test_an_invalid_deployment_id_is_refused(id_: str) -> None:
    """It becomes a part of labels, job ids and object names."""
    with pytest.raises(ValueError, match="invalid deployment id"):
        Deployment(id_)
