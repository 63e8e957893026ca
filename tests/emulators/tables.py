"""Create the product's tables in an emulated BigQuery, with the layout that Terraform gives them."""

from collections.abc import Iterable

from google.cloud.bigquery import Client, Table, TimePartitioning

from tracking.tables import columns_of, layouts
from troupe.backends.gcp.warehouse import fields_of


def make_dataset(client: Client, dataset: str, tables: Iterable[str] = ()) -> None:
    """Create `dataset` (`project.dataset`) with these tables, or with all of them."""
    client.create_dataset(dataset)
    for name in tables or layouts():
        layout = layouts()[name]
        table = Table(f"{dataset}.{name}", schema=fields_of(columns_of(name)))
        if layout.partition:
            table.time_partitioning = TimePartitioning(field=layout.partition)
        if layout.cluster:
            table.clustering_fields = list(layout.cluster)
        table.require_partition_filter = layout.require_partition_filter
        client.create_table(table)
