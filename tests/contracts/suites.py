"""What every form of a tool has to do, written once; a form joins by saying how it is made."""

import gc
import tracemalloc
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Protocol
from uuid import uuid4

import pytest

from analysis import load_analysis
from handlers.attempts.output_columns import answer_columns
from handlers.dispatch.errors import Redeliver, Reject
from handlers.ports import Blob, Bucket
from tracking import Row, Warehouse
from tracking.tables import staged_columns

STAGED = staged_columns(answer_columns(load_analysis("call_review_v1")))


class BucketSuite:
    """Cloud Storage. A form gives the fixture `bucket`: empty, and nobody else's."""

    def put(self, bucket: Bucket, path: str, content: bytes = b"x") -> Blob:
        return bucket.write_once(path, [content])

    def content(self, bucket: Bucket, blob: Blob) -> bytes:
        return b"".join(bucket.read(blob))

    def paths(self, bucket: Bucket, folder: str) -> list[str]:
        return [blob.uri.removeprefix(bucket.uri("")) for blob in bucket.list(bucket.uri(folder))]

    def test_what_is_written_is_read(self, bucket: Bucket) -> None:
        """From many chunks, empty ones among them."""
        blob = bucket.write_once("a/b.jsonl", iter([b"one\n", b"", b"two\n"]))

        assert b"one\ntwo\n" == self.content(bucket, blob)
        assert (bucket.uri("a/b.jsonl"), 8) == (blob.uri, blob.size)
        assert blob.generation > 0

    def test_an_empty_object_is_an_object(self, bucket: Bucket) -> None:
        """No chunks at all."""
        blob = bucket.write_once("a/empty", [])

        assert (0, b"", ["a/empty"]) == (
            blob.size,
            self.content(bucket, blob),
            self.paths(bucket, "a"),
        )

    def test_equal_content_is_adopted(self, bucket: Bucket) -> None:
        """However it is cut into chunks; a delivery that came twice changes nothing."""
        first = bucket.write_once("a/b", [b"hello ", b"world"])

        assert first == bucket.write_once("a/b", [b"hello", b" world"])
        assert [first] == bucket.list(bucket.uri("a"))

    @pytest.mark.parametrize("other", [b"other", b"hellO", b"", b"hello!"])
    def test_other_content_is_dead_lettered_and_nothing_overwritten(
        self, bucket: Bucket, other: bytes
    ) -> None:
        """Not even one of the same length."""
        first = self.put(bucket, "a/b", b"hello")

        with pytest.raises(Reject) as aside:
            self.put(bucket, "a/b", other)

        assert "object_conflict" == aside.value.cause
        assert (b"hello", [first]) == (self.content(bucket, first), bucket.list(bucket.uri("a")))

    def test_an_exception_in_the_chunks_leaves_nothing(self, bucket: Bucket) -> None:
        """Neither the object nor a part of it; the name is free afterwards."""

        def broken() -> Iterator[bytes]:
            yield b"x" * 3_000_000
            raise RuntimeError("the query failed")

        with pytest.raises(RuntimeError, match="the query failed"):
            bucket.write_once("a/b", broken())

        assert [] == bucket.list(bucket.uri("a"))
        assert b"whole" == self.content(bucket, self.put(bucket, "a/b", b"whole"))

    def test_a_writer_that_is_dropped_half_way_leaves_nothing(self, bucket: Bucket) -> None:
        """Interrupted, not failed."""

        def interrupted() -> Iterator[bytes]:
            yield b"half"
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            bucket.write_once("a/b", interrupted())
        gc.collect()

        assert [] == bucket.list(bucket.uri("a"))

    @pytest.mark.parametrize(
        "path",
        [
            "output/d1__r1__1__1__1/prediction-model-2026-03-02T09:00:00.123456Z/predictions.jsonl",
            "a/with space & more=1+2/ü%20😀.jsonl",
            "a/predictions.jsonl-00001-of-00003",
            "a/100%",
            "a/.hidden",
            "a/b.part",
        ],
    )
    def test_names_come_back_as_they_were_given(self, bucket: Bucket, path: str) -> None:
        """Vertex's folders contain colons."""
        blob = self.put(bucket, path, path.encode())
        folder = path.rpartition("/")[0]

        assert [blob] == bucket.list(bucket.uri(folder))
        assert (bucket.uri(path), path.encode()) == (blob.uri, self.content(bucket, blob))

    def test_a_folder_is_not_its_longer_neighbour(self, bucket: Bucket) -> None:
        """`job1` is not `job10`; a slash at the end changes nothing."""
        for path in ("job1/a", "job10/a", "job1.old/a", "job1/below/b"):
            self.put(bucket, path)

        assert ["job1/a", "job1/below/b"] == self.paths(bucket, "job1")
        assert ["job1/a", "job1/below/b"] == self.paths(bucket, "job1/")

    def test_a_folder_that_is_not_there_is_empty(self, bucket: Bucket) -> None:
        """A job that wrote nothing."""
        assert [] == bucket.list(bucket.uri("nowhere"))

    def test_objects_are_listed_in_order_of_name(self, bucket: Bucket) -> None:
        """By the bytes of the whole name, as Cloud Storage does."""
        names = ["j/10", "j/1:2", "j/2", "j/A", "j/a-b", "j/a/b", "j/a_b", "j/ü"]
        for name in reversed(names):
            self.put(bucket, name)

        assert sorted(names, key=str.encode) == self.paths(bucket, "j")

    def test_a_listed_object_equals_the_written_one(self, bucket: Bucket) -> None:
        """Size, generation and checksum."""
        blob = self.put(bucket, "a/b", b"content")

        assert [blob] == bucket.list(bucket.uri("a"))

    def test_equal_content_has_an_equal_checksum(self, bucket: Bucket) -> None:
        """Under any name; other content has another."""
        one, same, other = (
            self.put(bucket, name, content)
            for name, content in (("a/1", b"abc"), ("a/2", b"abc"), ("a/3", b"abd"))
        )

        assert one.checksum == same.checksum != other.checksum
        assert ":" in one.checksum

    def test_a_large_object_is_read_in_blocks(self, bucket: Bucket) -> None:
        """Nothing holds all of it."""
        block = bytes(range(256)) * 4_096
        blob = bucket.write_once("a/large", (block for _ in range(9)))

        sizes, checksum = [], 0
        for part in bucket.read(blob):
            sizes.append(len(part))
            checksum = zlib.crc32(part, checksum)

        assert (9 * len(block), zlib.crc32(block * 9)) == (sum(sizes), checksum)
        assert max(sizes) <= 8 << 20
        assert len(sizes) > 1

    LARGE = (b"0123456789abcdef" * 4_096,) * 20
    """More than one part of an upload that goes in parts."""

    def test_a_large_object_is_adopted_when_it_is_the_same(self, bucket: Bucket) -> None:
        """As a small one is."""
        first = bucket.write_once("a/large", self.LARGE)

        assert first == bucket.write_once("a/large", [b"".join(self.LARGE)])

    def test_a_large_object_with_other_content_is_dead_lettered(self, bucket: Bucket) -> None:
        """As a small one is."""
        first = bucket.write_once("a/large", self.LARGE)

        with pytest.raises(Reject):
            bucket.write_once("a/large", [*self.LARGE, b"more"])

        assert [first] == bucket.list(bucket.uri("a"))

    def test_neither_disk_nor_memory_is_asked_for(
        self, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There may be no folder for temporary files, and an object may be larger than memory."""
        monkeypatch.setattr("tempfile.tempdir", "/nowhere/at/all")
        block = b"x" * (1 << 20)
        tracemalloc.start()
        try:
            blob = bucket.write_once("a/large", (block for _ in range(16)))
            read = sum(len(part) for part in bucket.read(blob))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert 16 * len(block) == blob.size == read
        assert peak < 8 * len(block)

    def test_another_bucket_s_address_is_dead_lettered(self, bucket: Bucket) -> None:
        """An event may name anything."""
        with pytest.raises(Reject):
            bucket.list("gs://somebody-elses-bucket/folder")


class Bench(Protocol):
    """What a form of the warehouse is tested with."""

    warehouse: Warehouse
    bucket: Bucket

    def pass_(self, seconds: float) -> None:
        """Let time go by, as far as the form can be told to."""
        ...


class WarehouseSuite:
    """BigQuery. A form gives the fixture `bench` with empty tables of the product."""

    CLAIM = (
        "INSERT INTO claims (run_id, planned_on, batch, attempt, claim, state, claimed_at) "
        "SELECT @run_id, CURRENT_DATE(), @batch, 1, 1, 'create', CURRENT_TIMESTAMP() "
        "FROM (SELECT 1 AS one) AS o"
    )
    BROKEN = f"BEGIN TRANSACTION; {CLAIM}; SELECT ERROR('no'); COMMIT TRANSACTION;"

    def claims(self, bench: Bench, **params: Any) -> list[Row]:
        return bench.warehouse.query(
            "SELECT run_id, batch FROM claims ORDER BY run_id, batch", params
        )

    def run_once(self, bench: Bench, job: str, script: str | None = None, **params: Any) -> bool:
        return bench.warehouse.run_once(
            job, script or self.CLAIM, {"run_id": "r", "batch": 1} | params
        )

    # Transactions

    def test_a_job_id_runs_once(self, bench: Bench) -> None:
        """Exactly one caller hears that it did it."""
        assert [True, False, False] == [self.run_once(bench, "job") for _ in range(3)]
        assert 1 == len(self.claims(bench))

    def test_the_second_caller_may_bring_another_transaction(self, bench: Bench) -> None:
        """The id decides, not the text."""
        self.run_once(bench, "job", batch=1)

        assert not self.run_once(bench, "job", batch=2)
        assert [1] == [row["batch"] for row in self.claims(bench)]

    @pytest.mark.parametrize(
        "other", ["job2", "jo", "job_", "JOB", "job__1", "job__r", "job__reader", "job__r2x"]
    )
    def test_a_similar_job_id_is_another_job(self, bench: Bench, other: str) -> None:
        """In both orders."""
        assert self.run_once(bench, other)
        assert self.run_once(bench, "job")
        assert not self.run_once(bench, other)

    def test_a_failed_transaction_leaves_nothing_and_may_be_done_again(self, bench: Bench) -> None:
        """Under the next suffix of its id."""
        for _ in range(2):
            with pytest.raises(Redeliver):
                self.run_once(bench, "job", self.BROKEN)
            assert [] == self.claims(bench)

        assert self.run_once(bench, "job")
        assert not self.run_once(bench, "job")
        assert 1 == len(self.claims(bench))

    def test_a_transaction_without_transaction_words_is_one_transaction_too(
        self, bench: Bench
    ) -> None:
        """One statement is all or nothing."""
        with pytest.raises(Redeliver):
            self.run_once(bench, "job", f"{self.CLAIM} WHERE ERROR('no') IS NULL")

        assert [] == self.claims(bench)

    def test_a_missing_parameter_leaves_no_transaction_open(self, bench: Bench) -> None:
        """The next transaction of this process is not harmed."""
        with pytest.raises(Exception, match="batch"):
            bench.warehouse.run_once("broken", self.CLAIM, {"run_id": "r"})

        assert [] == self.claims(bench)
        assert self.run_once(bench, "job")

    def test_temporary_tables_go_with_their_script(self, bench: Bench) -> None:
        """Also when it failed: the next one makes its own."""
        script = (
            "BEGIN TRANSACTION; CREATE TEMP TABLE mine AS SELECT 7 AS n; {then}; "
            "COMMIT TRANSACTION;"
        )
        assert self.run_once(bench, "one", script.format(then=self.CLAIM))
        with pytest.raises(Redeliver):
            self.run_once(bench, "two", script.format(then="SELECT ERROR('no') FROM mine"))
        with pytest.raises(Exception, match=r"(?i)mine|not ?found"):
            bench.warehouse.query("SELECT * FROM mine", {})

        assert self.run_once(bench, "three", script.format(then=self.CLAIM))

    # Types

    def test_integers_have_64_bits(self, bench: Bench) -> None:
        """As parameters, in arithmetic and back."""
        ((row),) = bench.warehouse.query(
            "SELECT @small * 1000000000 AS product, @most AS most, SUM(x) AS total "
            "FROM UNNEST([@small, 2000000000]) AS x",
            {"small": 2_000_000_000, "most": 2**63 - 1},
        )

        assert {"product": 2 * 10**18, "most": 2**63 - 1, "total": 4 * 10**9} == row

    def test_times_come_back_in_utc(self, bench: Bench) -> None:
        """With a zone, whatever zone they went in with; microseconds kept."""
        noon = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))

        (row,) = bench.warehouse.query(
            "SELECT @noon AS noon, @day AS day", {"noon": noon, "day": date(2026, 3, 2)}
        )

        assert {"noon": noon, "day": date(2026, 3, 2)} == row
        assert timedelta(0) == row["noon"].utcoffset()

    def test_a_null_parameter_is_null(self, bench: Bench) -> None:
        """Not a text."""
        assert [{"missing": True}] == bench.warehouse.query(
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
    def test_a_text_parameter_is_never_read_as_sql(self, bench: Bench, text: str) -> None:
        """It comes back as it went in."""
        assert [{"text": text}] == bench.warehouse.query("SELECT @text AS text", {"text": text})

    def test_lists_and_rows_are_parameters_too(self, bench: Bench) -> None:
        """Empty ones as well."""
        sql = (
            "SELECT COUNT(*) AS n FROM UNNEST([1, 2, 3]) AS x "
            "WHERE CAST(x AS STRING) IN UNNEST(@names)"
        )
        rows = [{"name": "a", "good": True}, {"name": "b", "good": False}]

        assert [2, 0] == [
            bench.warehouse.query(sql, {"names": names})[0]["n"] for names in (["1", "3", "x"], [])
        ]
        assert [{"name": "b"}] == bench.warehouse.query(
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
            ("SUBSTR('abc', 1, 2)", "ab"),
            ("COALESCE(SUM(IF(x > 9, x, NULL)), 0)", 0),
        ],
    )
    def test_functions_mean_what_they_mean_in_bigquery(
        self, bench: Bench, sql: str, expected: object
    ) -> None:
        """Also inside of each other."""
        (row,) = bench.warehouse.query(
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

    def events(self, bench: Bench) -> list[int]:
        sql = "SELECT batch FROM events WHERE recorded_on >= '2026-01-01' ORDER BY batch"
        return [row["batch"] for row in bench.warehouse.query(sql, {})]

    def test_appended_rows_are_visible_at_once(self, bench: Bench) -> None:
        """To the very next query, with their values."""
        bench.warehouse.append("events", [self.event(1)])
        bench.warehouse.append("events", [self.event(2), self.event(3)])

        assert [1, 2, 3] == self.events(bench)
        (row,) = bench.warehouse.query(
            "SELECT * FROM events WHERE recorded_on >= '2026-01-01' AND batch = 2", {}
        )
        assert self.event(2) == {name: row[name] for name in self.event(2)}

    def test_appending_nothing_is_nothing(self, bench: Bench) -> None:
        """An empty list is no error."""
        bench.warehouse.append("events", [])

        assert [] == self.events(bench)

    @pytest.mark.parametrize("bad", [{"colour": "red"}, {"data": None}, {"topic": None}])
    def test_one_bad_row_refuses_all_of_them(self, bench: Bench, bad: Row) -> None:
        """Before anything is written."""
        with pytest.raises(ValueError, match=r"events"):
            bench.warehouse.append("events", [self.event(1), self.event(2, **bad)])

        assert [] == self.events(bench)

    # Loads

    def load(self, bench: Bench, *files: Sequence[bytes]) -> str:
        uris = [
            bench.bucket.write_once(f"staging/{uuid4().hex}.ndjson", lines).uri for lines in files
        ]
        return bench.warehouse.load("staged", STAGED, uris)

    def test_a_load_fills_a_private_table(self, bench: Bench) -> None:
        """Every load its own; missing fields are NULL, lists and records kept."""
        one = self.load(
            bench,
            [b'{"job":1,"line":1,"record_id":"a","products":[{"name":"tv","context":"new"}]}\n'],
            [b'{"job":2,"line":9007199254740993,"call_summary":"\\u00fc\\n"}\n'],
        )
        other = self.load(bench, [b'{"job":5,"line":5}\n'])

        rows = bench.warehouse.query(
            "SELECT job, line, record_id, call_summary, products "  # noqa: S608
            f"FROM `{one}` ORDER BY job",
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
            b'{"job":1,"line":1,"products":"tv"}\n',
        ],
    )
    def test_a_line_that_does_not_fit_loads_nothing(self, bench: Bench, bad: bytes) -> None:
        """Of any file; whoever asked is told in the words of this product."""
        with pytest.raises((Redeliver, Reject)):
            self.load(bench, [b'{"job":1,"line":1}\n'], [b'{"job":2,"line":1}\n', bad])

        assert self.load(bench, [b'{"job":3,"line":1}\n'])

    def test_a_loaded_table_can_be_used_in_a_transaction(self, bench: Bench) -> None:
        """By the name that came back."""
        table = self.load(bench, [b'{"job":4,"line":1}\n', b'{"job":5,"line":1}\n'])

        self.run_once(
            bench,
            "job",
            f"{self.CLAIM.replace('@batch', 's.job').partition('FROM')[0]} FROM `{table}` AS s",
        )

        assert [4, 5] == [row["batch"] for row in self.claims(bench)]

    # Streams

    def test_a_stream_gives_what_a_query_gives(self, bench: Bench) -> None:
        """More than a page of it."""
        sql = "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 2500)) AS x ORDER BY x"

        assert bench.warehouse.query(sql, {}) == list(bench.warehouse.stream(sql, {}))

    def test_a_stream_can_be_left_and_others_asked_meanwhile(self, bench: Bench) -> None:
        """Transactions and queries go on beside it."""
        stream = bench.warehouse.stream(
            "SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x ORDER BY x", {}
        )

        first = next(stream)
        assert self.run_once(bench, "job")
        assert 1 == len(self.claims(bench))
        second = next(stream)
        del stream

        assert [{"x": 1}, {"x": 2}] == [first, second]
        assert self.run_once(bench, "another")
