"""The labels of a run's jobs in a billing export: the query of the documentation finds them."""

import json
import re
from pathlib import Path

import duckdb
import sqlglot

from tests.analysis.own import NAME
from tests.docs.test_site import DOCS
from tests.handlers.test_call_attributes import MakeHarness, ready, rows
from tests.harness import LocalHarness

PAGE = DOCS / "how-to" / "call-attributes.md"
EXPORT = "my-billing.export.gcp_billing_export_resource_v1"


def documented_query() -> str:
    blocks = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (query,) = (block for block in blocks if EXPORT in block)
    return str(query)


def exported(harness: LocalHarness, run_id: str) -> list[dict[str, str]]:
    """The labels of the run's job as the export has them: a list of key and value."""
    jobs = harness.backend.dependencies.job_service.find({"troupe": harness.backend.deployment.id})
    (job,) = (job for job in jobs if f"__{run_id}__" in job.labels["attempt"])
    return [{"key": key, "value": value} for key, value in job.labels.items()]


def test_the_documented_query_sums_a_billing_export_by_the_label_of_the_runs(
    make_harness: MakeHarness, tmp_path: Path
) -> None:
    """Other costs of the project are not counted; a run without the label stands alone."""
    harness = ready(make_harness, tmp_path)
    harness.load(rows(3))
    wanted: dict[str, dict[str, str]] = {
        "r1": {"team": "billing"},
        "r2": {"team": "sales"},
        "r3": {},
    }
    for run_id, given in wanted.items():
        harness.request(run_id, analysis=NAME, labels=given)
        harness.play()
        harness.backend.warehouse.db.execute("DELETE FROM processed_records")
    lines = [
        *((exported(harness, run_id), 1.25 * at) for at, run_id in enumerate(wanted, start=1)),
        ([{"key": "team", "value": "billing"}], 100.0),
    ]
    db = duckdb.connect()
    db.execute(
        "CREATE TABLE export (service STRUCT(description VARCHAR), "
        "labels STRUCT(key VARCHAR, value VARCHAR)[], cost DOUBLE)"
    )
    for labels, cost in lines:
        db.execute(
            "INSERT INTO export SELECT {'description': 'Vertex AI'}, "
            'from_json($1, \'[{"key":"VARCHAR","value":"VARCHAR"}]\'), $2',
            [json.dumps(labels), cost],
        )
    query = documented_query().replace(f"`{EXPORT}`", "export")
    (sql,) = sqlglot.transpile(query, read="bigquery", write="duckdb")

    assert [(None, 3.75), ("sales", 2.5), ("billing", 1.25)] == db.execute(sql).fetchall()
