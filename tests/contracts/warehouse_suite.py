"""The contract suite of the warehouse, run on every form of it: DuckDB and BigQuery."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Protocol
from uuid import uuid4

import pytest

from analysis import load_analysis
from handlers.attempts.close import answer_record
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Bucket
from tracking import Row, Warehouse
from tracking.tables import staged_columns

OF_X = "IF(x > 1, 'b', IF('{0}' = 'a', 'a', NULL))"
STAGED = staged_columns(answer_record(load_analysis("call_review_v1")))


class WarehouseHarness(Protocol):
    """A form of the warehouse, with the bucket that it loads from."""

    warehouse: Warehouse
    bucket: Bucket

    def pass_(self, seconds: float) -> None:
        """Move the clock, where the form has one that can be moved."""
        ...


class WarehouseSuite:
    """A form defines the fixture `harness`, with empty tables of the product."""

    CLAIM = (
        "INSERT INTO claims (run_id, planned_on, batch, attempt, claim, state, claimed_at) "
        "SELECT @run_id, CURRENT_DATE(), @batch, 1, 1, 'create', CURRENT_TIMESTAMP() "
        "FROM (SELECT 1 AS one) AS o"
    )
    BROKEN = f"BEGIN TRANSACTION; {CLAIM}; SELECT ERROR('no'); COMMIT TRANSACTION;"

    def claims(self, harness: WarehouseHarness, **params: Any) -> list[Row]:
        return harness.warehouse.query(
            "SELECT run_id, batch FROM claims ORDER BY run_id, batch", params
        )

    def run_once(
        self, harness: WarehouseHarness, job: str, script: str | None = None, **params: Any
    ) -> bool:
        return harness.warehouse.run_once(
            job, script or self.CLAIM, {"run_id": "r", "batch": 1} | params
        )

    # Tables

    def test_the_columns_of_a_table_are_read_with_their_types(
        self, harness: WarehouseHarness
    ) -> None:
        """Under the names of the schema files; a table that does not exist has none."""
        columns = harness.warehouse.columns("claims")

        assert ("STRING", "INTEGER", "DATE", "TIMESTAMP") == tuple(
            columns[name] for name in ("run_id", "batch", "planned_on", "claimed_at")
        )
        assert {} == harness.warehouse.columns("no_such_table")

    # Transactions

    def test_a_job_id_runs_once(self, harness: WarehouseHarness) -> None:
        """Exactly one caller gets True."""
        assert [True, False, False] == [self.run_once(harness, "job") for _ in range(3)]
        assert 1 == len(self.claims(harness))

    def test_a_second_script_under_the_same_id_does_not_run(
        self, harness: WarehouseHarness
    ) -> None:
        """The id decides, not the script."""
        self.run_once(harness, "job", batch=1)

        assert not self.run_once(harness, "job", batch=2)
        assert [1] == [row["batch"] for row in self.claims(harness)]

    @pytest.mark.parametrize(
        "other", ["job2", "jo", "job_", "JOB", "job__1", "job__r", "job__reader", "job__r2x"]
    )
    def test_a_similar_job_id_is_another_job(self, harness: WarehouseHarness, other: str) -> None:
        """Whichever of the two runs first."""
        assert self.run_once(harness, other)
        assert self.run_once(harness, "job")
        assert not self.run_once(harness, other)

    def test_a_failed_transaction_leaves_nothing_and_may_run_again(
        self, harness: WarehouseHarness
    ) -> None:
        """Under the next suffix of its id."""
        for _ in range(2):
            with pytest.raises(Redeliver):
                self.run_once(harness, "job", self.BROKEN)
            assert [] == self.claims(harness)

        assert self.run_once(harness, "job")
        assert not self.run_once(harness, "job")
        assert 1 == len(self.claims(harness))

    def test_a_single_statement_is_a_transaction(self, harness: WarehouseHarness) -> None:
        """Without BEGIN and COMMIT: an error leaves no row."""
        with pytest.raises(Redeliver):
            self.run_once(harness, "job", f"{self.CLAIM} WHERE ERROR('no') IS NULL")

        assert [] == self.claims(harness)

    def test_a_missing_parameter_leaves_no_transaction_open(
        self, harness: WarehouseHarness
    ) -> None:
        """The next transaction of this process runs."""
        with pytest.raises(Exception, match="batch"):
            harness.warehouse.run_once("broken", self.CLAIM, {"run_id": "r"})

        assert [] == self.claims(harness)
        assert self.run_once(harness, "job")

    def test_temporary_tables_go_with_their_script(self, harness: WarehouseHarness) -> None:
        """Also after an error; the next script creates its own."""
        script = (
            "BEGIN TRANSACTION; CREATE TEMP TABLE mine AS SELECT 7 AS n; {then}; "
            "COMMIT TRANSACTION;"
        )
        assert self.run_once(harness, "one", script.format(then=self.CLAIM))
        with pytest.raises(Redeliver):
            self.run_once(harness, "two", script.format(then="SELECT ERROR('no') FROM mine"))
        with pytest.raises(Exception, match=r"(?i)mine|not ?found"):
            harness.warehouse.query("SELECT * FROM mine", {})

        assert self.run_once(harness, "three", script.format(then=self.CLAIM))

    # Types

    def test_integers_have_64_bits(self, harness: WarehouseHarness) -> None:
        """As parameters, in arithmetic and in results."""
        ((row),) = harness.warehouse.query(
            "SELECT @small * 1000000000 AS product, @most AS most, SUM(x) AS total "
            "FROM UNNEST([@small, 2000000000]) AS x",
            {"small": 2_000_000_000, "most": 2**63 - 1},
        )

        assert {"product": 2 * 10**18, "most": 2**63 - 1, "total": 4 * 10**9} == row

    def test_times_come_back_in_utc(self, harness: WarehouseHarness) -> None:
        """Whatever their zone as parameters, with microseconds."""
        noon = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))

        (row,) = harness.warehouse.query(
            "SELECT @noon AS noon, @day AS day", {"noon": noon, "day": date(2026, 3, 2)}
        )

        assert {"noon": noon, "day": date(2026, 3, 2)} == row
        assert timedelta(0) == row["noon"].utcoffset()

    def test_a_null_parameter_is_null(self, harness: WarehouseHarness) -> None:
        """And not a string."""
        assert [{"missing": True}] == harness.warehouse.query(
            "SELECT @it IS NULL AS missing", {"it": None}
        )

    @pytest.mark.parametrize(
        "text",
        [
            "it's",
            'say "hi"',
            "back\\slash",
            "@name",
            "{name}",
            "$1",
            "; DROP TABLE events",
            "ü😀",
            "a\nb",
            "",
        ],
    )
    def test_a_text_parameter_is_never_read_as_sql(
        self, harness: WarehouseHarness, text: str
    ) -> None:
        """It is returned unchanged."""
        assert [{"text": text}] == harness.warehouse.query("SELECT @text AS text", {"text": text})

    def test_lists_and_rows_are_parameters_too(self, harness: WarehouseHarness) -> None:
        """Empty lists as well."""
        sql = (
            "SELECT COUNT(*) AS n FROM UNNEST([1, 2, 3]) AS x "
            "WHERE CAST(x AS STRING) IN UNNEST(@names)"
        )
        rows = [{"name": "a", "good": True}, {"name": "b", "good": False}]

        assert [2, 0] == [
            harness.warehouse.query(sql, {"names": names})[0]["n"]
            for names in (["1", "3", "x"], [])
        ]
        assert [{"name": "b"}] == harness.warehouse.query(
            "SELECT r.name FROM UNNEST(@rows) AS r WHERE NOT r.good", {"rows": rows}
        )

    @pytest.mark.parametrize(
        ("sql", "expected"),
        [
            ("COUNTIF(x > 5)", 0),
            ("DIV(7, 2)", 3),
            ("DIV(-7, 2)", -3),
            ("DIV(SUM(x) + 10, 2 + 2)", 4),
            ("BYTE_LENGTH('ü😀')", 6),
            ("TO_JSON_STRING('a\\n\\u2028')", '"a\\n\\u2028"'),
            ("BYTE_LENGTH(TO_JSON_STRING('\\u2028'))", 8),
            ("COUNTIF(TO_JSON_STRING('\\u2028') = '\"\\\\u2028\"')", 3),
            ("COUNTIF(CURRENT_DATE() IS NULL)", 0),
            ("COUNTIF(TIMESTAMP(DATE '2026-03-02') = TIMESTAMP '2026-03-02 00:00:00+00')", 3),
            ("LOGICAL_OR(x = 3)", True),
            ("MAX(DATE_SUB(DATE '2026-03-02', INTERVAL 2 DAY))", date(2026, 2, 28)),
            (f"STRING_AGG(DISTINCT {OF_X.format('a')}, ', ' ORDER BY {OF_X.format('a')})", "a, b"),
            (f"STRING_AGG(DISTINCT {OF_X.format('b')}, ', ' ORDER BY {OF_X.format('b')})", "b"),
            ("STRING_AGG(DISTINCT IF(x > 9, 'a', NULL), ', ' ORDER BY IF(x > 9, 'a', NULL))", None),
            ("SUBSTR('abc', 1, 2)", "ab"),
            ("COALESCE(SUM(IF(x > 9, x, NULL)), 0)", 0),
        ],
    )
    def test_functions_mean_what_they_mean_in_bigquery(
        self, harness: WarehouseHarness, sql: str, expected: object
    ) -> None:
        """Also when they are nested."""
        (row,) = harness.warehouse.query(
            f"SELECT COUNT(*), {sql} AS it FROM UNNEST([1, 2, 3]) AS x",  # noqa: S608
            {},
        )

        assert expected == row["it"]

    # Appends

    def event(self, number: int, **changed: Any) -> Row:
        at = datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(seconds=number)
        return {
            "event_id": f"f{number}", "topic": "t", "run_id": None, "batch": number, "source": "s",
            "occurred_at": at, "recorded_at": at, "recorded_on": at.date(), "data": '{"a": "ü"}',
        } | changed  # fmt: skip

    def events(self, harness: WarehouseHarness) -> list[int]:
        sql = "SELECT batch FROM events WHERE recorded_on >= '2026-01-01' ORDER BY batch"
        return [row["batch"] for row in harness.warehouse.query(sql, {})]

    def test_appended_rows_are_visible_at_once(self, harness: WarehouseHarness) -> None:
        """To the next query, with their values."""
        harness.warehouse.append("events", [self.event(1)])
        harness.warehouse.append("events", [self.event(2), self.event(3)])

        assert [1, 2, 3] == self.events(harness)
        (row,) = harness.warehouse.query(
            "SELECT * FROM events WHERE recorded_on >= '2026-01-01' AND batch = 2", {}
        )
        assert self.event(2) == {name: row[name] for name in self.event(2)}

    def test_appending_an_empty_list_writes_nothing(self, harness: WarehouseHarness) -> None:
        """It is not an error."""
        harness.warehouse.append("events", [])

        assert [] == self.events(harness)

    @pytest.mark.parametrize("bad", [{"colour": "red"}, {"data": None}, {"topic": None}])
    def test_one_bad_row_refuses_all_of_them(self, harness: WarehouseHarness, bad: Row) -> None:
        """No row is written."""
        with pytest.raises(ValueError, match=r"events"):
            harness.warehouse.append("events", [self.event(1), self.event(2, **bad)])

        assert [] == self.events(harness)

    # Loads

    def load(self, harness: WarehouseHarness, *files: Sequence[bytes]) -> str:
        uris = [
            harness.bucket.write_once(f"staging/{uuid4().hex}.ndjson", lines).uri for lines in files
        ]
        return harness.warehouse.load("staged", STAGED, uris)

    def test_a_load_fills_a_private_table(self, harness: WarehouseHarness) -> None:
        """One table for each load; missing fields are NULL, lists and records are kept."""
        one = self.load(
            harness,
            [
                (
                    b'{"job":1,"line":1,"record_id":"a",'
                    b'"answer":{"products":[{"name":"tv","context":"new"}]}}\n'
                )
            ],
            [b'{"job":2,"line":9007199254740993,"answer":{"callSummary":"\\u00fc\\n"}}\n'],
        )
        other = self.load(harness, [b'{"job":5,"line":5}\n'])

        rows = harness.warehouse.query(
            "SELECT job, line, record_id, answer.callSummary AS call_summary, "  # noqa: S608
            f"answer.products AS products FROM `{one}` ORDER BY job",
            {},
        )
        assert [
            {
                "job": 1,
                "line": 1,
                "record_id": "a",
                "call_summary": None,
                "products": [{"name": "tv", "context": "new"}],
            },
            {"job": 2, "line": 9007199254740993, "record_id": None, "call_summary": "ü\n"},
        ] == [rows[0], {k: v for k, v in rows[1].items() if k != "products"}]
        assert not rows[1]["products"]
        assert one != other

    @pytest.mark.parametrize(
        "bad",
        [
            b'{"job":1\n',
            b'{"job":"x","line":1}\n',
            b'{"job":1}\n',
            b"[1]\n",
            b'{"job":1,"line":1,"answer":{"products":"tv"}}\n',
        ],
    )
    def test_a_line_that_does_not_fit_loads_nothing(
        self, harness: WarehouseHarness, bad: bytes
    ) -> None:
        """From any of its files; the error is one of this product's."""
        with pytest.raises((Redeliver, Reject)):
            self.load(harness, [b'{"job":1,"line":1}\n'], [b'{"job":2,"line":1}\n', bad])

        assert self.load(harness, [b'{"job":3,"line":1}\n'])

    def test_a_loaded_table_can_be_used_in_a_transaction(self, harness: WarehouseHarness) -> None:
        """By the name that `load` returned."""
        table = self.load(harness, [b'{"job":4,"line":1}\n', b'{"job":5,"line":1}\n'])

        self.run_once(
            harness,
            "job",
            f"{self.CLAIM.replace('@batch', 's.job').partition('FROM')[0]} FROM `{table}` AS s",
        )

        assert [4, 5] == [row["batch"] for row in self.claims(harness)]

    def test_dropped_staging_tables_are_gone_and_a_transaction_that_needs_one_comes_again(
        self, harness: WarehouseHarness
    ) -> None:
        """All of them, whichever execution made them; the next load makes a new one."""
        tables = [self.load(harness, [b'{"job":1,"line":1}\n']) for _ in range(2)]
        claim = f"{self.CLAIM.replace('@batch', 's.job').partition('FROM')[0]} FROM `{{}}` AS s"
        harness.warehouse.drop_staging()
        harness.warehouse.drop_staging()

        for table in tables:
            with pytest.raises(Exception, match=r"(?i)staged|notfound"):
                harness.warehouse.query(f"SELECT * FROM `{table}`", {})  # noqa: S608
        with pytest.raises(Redeliver):
            self.run_once(harness, "job", claim.format(tables[0]))
        assert [] == self.claims(harness)
        assert self.run_once(
            harness, "job", claim.format(self.load(harness, [b'{"job":4,"line":1}\n']))
        )
        assert [4] == [row["batch"] for row in self.claims(harness)]

    # Streams

    def test_a_stream_returns_the_rows_of_a_query(self, harness: WarehouseHarness) -> None:
        """More rows than fit into one page."""
        sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x"

        assert harness.warehouse.query(sql, {}) == list(harness.warehouse.stream(sql, {}))

    def test_other_calls_may_run_while_a_stream_is_open(self, harness: WarehouseHarness) -> None:
        """Transactions and queries; the stream may also be dropped."""
        stream = harness.warehouse.stream(
            "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x ORDER BY x", {}
        )

        first = next(stream)
        assert self.run_once(harness, "job")
        assert 1 == len(self.claims(harness))
        second = next(stream)
        del stream

        assert [{"x": 1}, {"x": 2}] == [first, second]
        assert self.run_once(harness, "another")
