"""What a plan reads of its source beside our columns, and how it changes what is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from events import Condition

from .attributes import Attributes, attribute_sql
from .redaction import Redaction


class Reading(Protocol):
    """Parts of SQL for the statements that read the source, and their parameters."""

    def names(self, source: Mapping[str, str]) -> dict[str, str]:
        """Return the parts, for a source of these names."""
        ...

    def params(self) -> dict[str, Any]:
        """Return the parameters of these parts."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """Redaction and call attributes of a plan; text among the attributes is redacted as transcripts are.

    Conditions see the source as it is: a value that is not sent may decide what is sent.
    """

    redaction: Redaction = field(default_factory=Redaction)
    attributes: Attributes = field(default_factory=dict)
    conditions: Sequence[Condition] = ()

    def names(self, source: Mapping[str, str]) -> dict[str, str]:
        """Return the parts of SQL. Raises `UnfitAttribute` for an unfit condition."""
        return self.redaction.names(source) | self._attributes(source)[0]

    def params(self) -> dict[str, Any]:
        """Return their parameters."""
        return self.redaction.params() | self._attributes({})[1]

    def _attributes(self, source: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Any]]:
        sql = attribute_sql(self.attributes, self.conditions, source, self.redaction.redacted)
        return sql.names, sql.params
