"""Deletion of stored data: the history of a run or of records, or everything about one person."""

from collections.abc import Mapping, Sequence
from typing import Any

from events import Deployment

from .results import Row
from .statements import NamedQueries, fragment, table_name, transaction
from .warehouse import Warehouse


class Erasure(NamedQueries):
    """Clears history and forgets persons, each in one transaction that holds the planning lock."""

    def __init__(
        self,
        warehouse: Warehouse,
        deployment: Deployment,
        error_types: Sequence[Row],
        source: Mapping[str, str],
    ) -> None:
        super().__init__(warehouse, source)
        self._deployment, self._error_types = deployment, list(error_types)

    def clearable(
        self, analysis: str, output: str, run_id: str | None, record_ids: Sequence[str]
    ) -> Row:
        """Count what `clear` would delete: `records`, `output_rows`, and `failed` ones.

        `unknown` names the ids that have nothing to clear. `is_held` is true while an open run
        holds one of the records.
        """
        params = {"analysis": analysis, "run_id": run_id, "record_ids": list(record_ids)}
        return self.query("clearable", params, output=table_name(output))[0]

    def clear(
        self,
        analysis: str,
        output: str,
        run_id: str | None,
        record_ids: Sequence[str],
        name: str,
        reason: str,
    ) -> bool:
        """Clear the history of a run, of these records, or of these records in a run.

        `name` must be new: it names the BigQuery job. Raises `Redeliver` when an open run holds one
        of the records.
        """
        job = self._deployment.job("clear", name)
        params: dict[str, Any] = {
            "analysis": analysis,
            "run_id": run_id,
            "record_ids": list(record_ids),
            "reason": reason,
            "clearing_id": job,
            "stored_from": None,
            "stored_to": None,
            "error_type_rows": self._error_types,
        }
        return self._warehouse.run_once(
            job, transaction("clear_history", output=table_name(output)), params
        )

    def of_person(self, token: str, outputs: Sequence[str]) -> Row:
        """Count the person's rows by table, and whether an open run holds a record (`is_held`)."""
        params = {"phone_number_token": token}
        counts = self.query("counts_of_person", params)[0]
        rows = [
            self.query("rows_of_person", params, output=table_name(output))[0] for output in outputs
        ]
        return counts | {"output_rows": sum(row["output_rows"] for row in rows)}

    def attempts_of_person(self, token: str) -> list[Row]:
        """List the attempts whose request and output files may hold data of this person."""
        params = {"phone_number_token": token}
        return self.query("attempts_of_person", params)

    def forget(self, token: str, outputs: Sequence[str], name: str) -> bool:
        """Delete the person from every table. The token is a parameter, never part of a name.

        Staging tables are dropped after that, because answers in them bear no token: given again, a
        command that ended before does the rest. `name` must be new: it names the BigQuery job.
        Raises `Redeliver` when an open run holds a record of the person.
        """
        job = self._deployment.job("forget", name)
        deletes = "\n".join(
            fragment("delete_rows_of_person", output=table_name(each)) for each in outputs
        )
        script = transaction("forget_person", **self._source, delete_rows_of_person=deletes)
        params = {"phone_number_token": token, "clearing_id": job}
        is_new = self._warehouse.run_once(job, script, params)
        self._warehouse.drop_staging()
        return is_new
