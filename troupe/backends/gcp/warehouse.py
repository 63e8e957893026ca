"""The warehouse on Google Cloud: short queries, transactions as jobs, and appends in BigQuery."""

from collections.abc import Iterable, Iterator, Sequence

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import (
    Client,
    LoadJobConfig,
    QueryJobConfig,
    SchemaField,
    SourceFormat,
    WriteDisposition,
)
from google.cloud.bigquery.enums import JobCreationMode
from google.cloud.bigquery.table import RowIterator

from events.ids import bigquery_job, staging_table
from tracking import Params, Row
from tracking.tables import Column

from .bigquery_jobs import NEVER, READING, Job, Jobs
from .failures import translated
from .query_parameters import parameters
from .settings import GcpSettings
from .write_api import WriteApiStream, write_client

CALL_SECONDS = 60.0
"""Timeout of one call; a longer query is waited for in further calls."""
SAME_TYPES = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
PAGE_ROWS = 1_000
"""Rows of one page of a stream; BigQuery ends a page at 10 MB as well."""


class BigQueryWarehouse:
    """The dataset of the tables, and a dataset whose tables expire, for staging."""

    def __init__(
        self,
        settings: GcpSettings,
        client: Client | None = None,
        stream: WriteApiStream | None = None,
        *,
        maximum_bytes_billed: int | None = None,
        jobs: Jobs | None = None,
    ) -> None:
        """A statement that would read more than `maximum_bytes_billed` fails and costs nothing."""
        self._client = client or bigquery_client(settings)
        self._dataset = f"{settings.project}.{settings.dataset}"
        self._staging = f"{settings.project}.{settings.staging_dataset}"
        self._stream = stream or WriteApiStream(self._dataset, write_client)
        self._labels = {"app": "troupe", "handler": settings.handler}
        self._most_bytes = maximum_bytes_billed
        self._patience = settings.time_budget_seconds * 0.75
        self._jobs = jobs or Jobs(client=self._client, budget_seconds=self._patience)

    def close(self) -> None:
        self._stream.close()
        self._client.close()

    def query(self, sql: str, params: Params) -> list[Row]:
        rows = self._rows(sql, params)
        with translated("bigquery", "a query"):
            return [dict(row.items()) for row in rows]

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        pages = self._rows(sql, params, page_size=PAGE_ROWS).pages
        while True:
            with translated("bigquery", "a stream"):
                page = next(pages, None)
                if page is None:
                    return
                rows = [dict(row.items()) for row in page]
            yield from rows

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        """Run a transaction once per job id, which is the idempotency key; False if it ran before.

        BigQuery creates one job per id. A caller whose insert is refused with a 409 waits for
        that job and reads its result.
        """
        config = self._config(script, params)

        def begin(name: str) -> Job:
            return self._client.query(
                script, config, job_id=name, retry=NEVER, job_retry=None, timeout=CALL_SECONDS
            )

        return self._jobs.once(job_id, begin)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        self._stream.append(table, rows)

    def columns(self, table: str) -> dict[str, str]:
        """Read the table's metadata, which costs nothing."""
        path = table if "." in table else f"{self._dataset}.{table}"
        path = path if path.count(".") == 2 else f"{self._client.project}.{path}"
        with translated("bigquery", f"the columns of {table}"):
            try:
                found = self._client.get_table(path, retry=READING, timeout=CALL_SECONDS)
            except NotFound:
                return {}
        return {field.name: column_type(field) for field in found.schema}

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        """Load NDJSON objects into a staging table; return its full name.

        The name derives from the objects' names, which belong to this execution alone. The tables
        of the staging dataset expire.
        """
        sources = list(uris)
        name = staging_table(table, sources)
        target = f"{self._staging}.{name}"
        config = LoadJobConfig(
            source_format=SourceFormat.NEWLINE_DELIMITED_JSON,
            schema=fields_of(columns),
            write_disposition=WriteDisposition.WRITE_TRUNCATE,
            max_bad_records=0,
            ignore_unknown_values=False,
            labels=self._labels,
        )

        def begin(job_id: str) -> Job:
            return self._client.load_table_from_uri(
                sources,
                target,
                job_id=job_id,
                job_config=config,
                retry=NEVER,
                timeout=CALL_SECONDS,
            )

        self._jobs.once(bigquery_job("load", name), begin)
        return target

    def drop_staging(self) -> None:
        """Delete every table of the staging dataset; time travel keeps them for two days more."""
        with translated("bigquery", "the staging dataset"):
            for table in self._client.list_tables(
                self._staging, retry=READING, timeout=CALL_SECONDS
            ):
                self._client.delete_table(
                    table.reference, retry=READING, timeout=CALL_SECONDS, not_found_ok=True
                )

    def _rows(self, sql: str, params: Params, page_size: int | None = None) -> RowIterator:
        config = self._config(sql, params)
        with translated("bigquery", "a query"):
            return self._client.query_and_wait(
                sql,
                job_config=config,
                retry=READING,
                job_retry=NEVER,
                api_timeout=CALL_SECONDS,
                wait_timeout=self._patience,
                page_size=page_size,
            )

    def _config(self, sql: str, params: Params) -> QueryJobConfig:
        config = QueryJobConfig(
            default_dataset=self._dataset,
            query_parameters=parameters(sql, params),
            use_query_cache=False,
            labels=self._labels,
        )
        if self._most_bytes is not None:
            config.maximum_bytes_billed = self._most_bytes
        return config


def bigquery_client(settings: GcpSettings) -> Client:
    """Return BigQuery's client. Short queries may run without a job (optional job creation)."""
    local = settings.bigquery_endpoint
    return Client(
        project=settings.project,
        location=settings.bigquery_location,
        credentials=AnonymousCredentials() if local else None,
        client_options={"api_endpoint": local} if local else None,
        default_job_creation_mode=JobCreationMode.JOB_CREATION_OPTIONAL,
    )


def column_type(field: SchemaField) -> str:
    """Return one name for each type, where BigQuery has two; no scalar's for a list."""
    name = SAME_TYPES.get(field.field_type, field.field_type)
    return f"REPEATED {name}" if field.mode == "REPEATED" else name


def fields_of(columns: Iterable[Column]) -> list[SchemaField]:
    """Return the columns as fields of the client's schema."""
    return [SchemaField(c.name, c.type, mode=c.mode, fields=fields_of(c.fields)) for c in columns]
