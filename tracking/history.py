"""What was stored and is to go: the history of a run, or all that is kept of one person."""

from collections.abc import Mapping, Sequence
from typing import Any

from events import Deployment

from .rows import Row
from .statements import fragment, query, table_name, transaction
from .warehouse import Warehouse


class History:
    """Clears and forgets, each in one transaction behind the planning lock that every plan passes."""

    def __init__(
        self,
        warehouse: Warehouse,
        deployment: Deployment,
        error_types: Sequence[Row],
        source: Mapping[str, str],
    ) -> None:
        self._warehouse, self._deployment = warehouse, deployment
        self._error_types, self._source = list(error_types), dict(source)

    def clearable(self, run_id: str, analysis: str, output: str) -> Row:
        """`records`, `output_rows`, `clearings` so far, and `is_held` by an open run."""
        given = {"run_id": run_id, "analysis": analysis}
        text = query("clearable", output=table_name(output))
        return self._warehouse.query(text, given)[0]

    def clear(self, run_id: str, analysis: str, output: str, number: int, reason: str) -> bool:
        """Clear the run for this numbered time; False when that had been done before.

        Raises `Redeliver` when an open run holds one of the records after all.
        """
        job = self._deployment.job("clear", run_id, number)
        given: dict[str, Any] = {
            "run_id": run_id,
            "analysis": analysis,
            "reason": reason,
            "clearing_id": job,
            "error_type_rows": self._error_types,
        }
        return self._warehouse.run_once(
            job, transaction("clear_history", output=table_name(output)), given
        )

    def of_person(self, token: str, outputs: Sequence[str]) -> Row:
        """How much is kept in which table, and `is_held` by an open run."""
        given = {"phone_number_token": token}
        kept = self._warehouse.query(query("person", **self._source), given)[0]
        rows = [
            self._warehouse.query(query("rows_of_person", output=table_name(output)), given)[0]
            for output in outputs
        ]
        return kept | {"output_rows": sum(row["output_rows"] for row in rows)}

    def attempts_of_person(self, token: str) -> list[Row]:
        """The attempts whose files may still hold this person."""
        given = {"phone_number_token": token}
        return self._warehouse.query(query("attempts_of_person"), given)

    def forget(self, token: str, outputs: Sequence[str], name: str) -> bool:
        """Forget the person in every table. The token is a parameter, and part of no name.

        `name` was used by nobody before. Raises `Redeliver` when an open run holds a record.
        """
        job = self._deployment.job("forget", name)
        rows = "\n".join(fragment("forgotten_rows", output=table_name(each)) for each in outputs)
        script = transaction("forget_person", **self._source, forgotten_rows=rows)
        given = {"phone_number_token": token, "clearing_id": job}
        return self._warehouse.run_once(job, script, given)
