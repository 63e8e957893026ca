"""The cloud backend's warehouse on emulators: one dataset for all tests, emptied between them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from uuid import uuid4

from google.api_core.exceptions import NotFound
from google.api_core.retry import Retry, if_exception_type
from google.cloud.bigquery import DatasetReference

from handlers.ports import Bucket
from tests.emulators.servers import BigQueryServer
from tests.emulators.tables import make_dataset
from tests.gcp.making import gcp_settings
from tracking import Params, Row, Warehouse
from tracking.tables import Column
from troupe.backends.gcp.bucket import StorageBucket, storage_client
from troupe.backends.gcp.warehouse import BigQueryWarehouse, bigquery_client
from troupe.backends.gcp.write_api import WriteApiStream, write_client


class BigQueryHarness:
    """Google's clients, connected to emulators."""

    def __init__(self, server: BigQueryServer, storage: str, tables: Iterable[str] = ()) -> None:
        """Create these tables of the product, or all of them."""
        unique = uuid4().hex[:8]
        self.settings = replace(
            gcp_settings(),
            project="troupe",
            dataset=f"tracking_{unique}",
            staging_dataset=f"staging_{unique}",
            bucket=f"contract-{unique}",
            output_bucket=f"contract-{unique}",
            bigquery_endpoint=server.endpoint,
            storage_endpoint=storage,
        )
        self.client = bigquery_client(self.settings)
        self.dataset = f"{self.settings.project}.{self.settings.dataset}"
        make_dataset(self.client, self.dataset, tables)
        self.client.create_dataset(
            DatasetReference(self.settings.project, self.settings.staging_dataset)
        )
        self.stream = WriteApiStream(self.dataset, lambda: write_client(server.storage_api))
        self.cloud = BigQueryWarehouse(self.settings, self.client, self.stream)
        self._fresh = FreshJobIds(self.cloud)
        self.warehouse: Warehouse = self._fresh
        files = storage_client(self.settings)
        files.create_bucket(self.settings.bucket)
        self.bucket: Bucket = StorageBucket(self.settings, files)

    def pass_(self, seconds: float) -> None:
        """Do nothing: the emulator uses the machine's clock."""

    def wait_for_job(self, job_id: str) -> None:
        """Wait until the emulator knows the job: its own check of an id is not atomic."""
        shows = Retry(predicate=if_exception_type(NotFound), initial=0.02, maximum=0.5, timeout=30)
        self.client.get_job(self._fresh.prefix + job_id, retry=shows)

    def empty(self) -> None:
        for table in self._fresh.touched:
            self.client.query_and_wait(f"TRUNCATE TABLE `{self.dataset}.{table}`")
        self.warehouse = self._fresh = FreshJobIds(self.cloud)

    def close(self) -> None:
        self.cloud.close()


class FreshJobIds:
    """The same warehouse with a prefix for job ids, so that no test reuses one."""

    def __init__(self, warehouse: BigQueryWarehouse) -> None:
        self._warehouse = warehouse
        self.prefix = f"{uuid4().hex[:8]}__"
        self.touched: set[str] = set()
        """The tables that may contain rows."""

    def query(self, sql: str, params: Params) -> list[Row]:
        return self._warehouse.query(sql, params)

    def columns(self, table: str) -> dict[str, str]:
        return self._warehouse.columns(table)

    def stream(self, sql: str, params: Params) -> Iterator[Row]:
        return self._warehouse.stream(sql, params)

    def run_once(self, job_id: str, script: str, params: Params) -> bool:
        self.touched |= {"claims"}
        return self._warehouse.run_once(self.prefix + job_id, script, params)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        self.touched |= {table}
        self._warehouse.append(table, rows)

    def load(self, table: str, columns: Sequence[Column], uris: Iterable[str]) -> str:
        return self._warehouse.load(table, columns, uris)

    def drop_staging(self) -> None:
        self._warehouse.drop_staging()
