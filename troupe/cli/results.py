"""What commands print with --json that is no result of an operation."""

import msgspec

from tracking.tables import Column
from troupe.operations.outcome import Outcome
from troupe.operations.run_report import Report


class WorkResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a worker."""

    signal: str | None
    """`SIGINT` or `SIGTERM`; None when there was no more work."""
    open_runs: list[str]
    """Runs that are not over: after a signal the next worker continues them; otherwise they wait for
    an operator."""
    outcomes: list[Outcome]
    """How the runs stand that ended."""


class DemoResult(msgspec.Struct, frozen=True, kw_only=True):
    """The end of the demo."""

    page: str | None
    """The file with the report."""
    report: Report | None
    """None when no run was made."""


class ConsoleStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The console listens; printed again for the next browser when the address was used."""

    address: str
    """It opens one session."""


class InstalledAnalysis(msgspec.Struct, frozen=True, kw_only=True):
    """An analysis that a run can use."""

    name: str
    table: str
    """The output table."""


class AnalysisCheck(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a check of an analysis."""

    folder: str
    problems: list[str]
    """What has to be corrected. With problems the other fields are empty."""
    name: str | None = None
    model: str | None = None
    max_output_tokens: int | None = None
    request_overhead_bytes: int | None = None
    """Bytes of a request without its transcript."""
    redact: str | None = None
    """on, off or report."""
    redaction_rules: tuple[str, ...] = ()
    table: str | None = None
    columns: tuple[Column, ...] = ()
    attributes: dict[str, str] = {}
    """The call attributes that it uses, by their types."""
    prompt_attributes: list[str] = []
    """Those that a request contains."""


class AnalysisView(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the view `answers_daily` that has the shares of one analysis."""

    analysis: str
    sql: str
    """`{dataset}` stands before each table; Terraform fills it in."""


class NormalisedField(msgspec.Struct, frozen=True, kw_only=True):
    """How often the values of a field were changed while they were read."""

    normalised: int
    nulled: int


class ReadSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The summary of prediction files, which is in summary.json as well."""

    analysis: str
    files: list[str]
    lines: int
    rows: int
    errors: int
    repeated: int
    parse_methods: dict[str, int]
    repair_grades: dict[str, int]
    grades: dict[str, int]
    error_types: dict[str, int]
    fields: dict[str, NormalisedField]
    examples: dict[str, list[str]]
    """A few record ids for each parse method and error type."""


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and a handler that subscribes to it."""

    event: str
    handler: str
    does: str
    follows: list[str]
    """Events that the handler may publish."""
