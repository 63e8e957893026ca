"""The JSON Schema of what commands print with --json, from the types of their results."""

import inspect
import json
from typing import Any

import msgspec

from tracking.tables import Column
from troupe.backends.local.operations import RESULT_TYPES
from troupe.cli.redact import RedactPreview
from troupe.cli.results import (
    AnalysisCheck,
    AnalysisView,
    ConsoleStarted,
    DemoResult,
    InstalledAnalysis,
    ReadSummary,
    Subscription,
    WorkResult,
)
from troupe.cli.review import SampledReview
from troupe.doctor.findings import Finding
from troupe.online.results import TryResult
from troupe.quality.agreement import Agreement
from troupe.simulation.report import Report as SimulationReport

REFERENCE = "#/$defs/{name}"
OF_COMMANDS: dict[str, Any] = {
    "console": ConsoleStarted,
    "demo": DemoResult,
    "work": WorkResult,
    "read": ReadSummary,
    "redact": RedactPreview,
    "choreography": list[Subscription],
    "doctor": list[Finding],
    "simulate": SimulationReport,
    "analysis list": list[InstalledAnalysis],
    "analysis check": AnalysisCheck,
    "analysis schema": list[Column],
    "analysis try": TryResult,
    "analysis view": AnalysisView,
    "review sample": SampledReview,
    "review agreement": Agreement,
}
"""Results of the commands that run no operation."""
OPERATION_OF = {
    "records": "find_records",
    "analysis add": "add_analysis",
    "golden add": "add_golden",
    "golden list": "list_golden",
    "golden check": "check_golden",
    "review list": "list_reviews",
    "review labels": "review_labels",
    "dead-letters list": "list_dead_letters",
    "dead-letters show": "show_letter",
    "dead-letters replay": "replay",
    "dead-letters discard": "discard",
}
"""Commands that have another name than the operation whose result they print."""


def json_output() -> str:
    """One schema: `properties` lists operations and commands, `$defs` their types."""
    types = sorted({**RESULT_TYPES, **OF_COMMANDS}.items())
    schemas, components = msgspec.json.schema_components(
        [each for _, each in types], ref_template=REFERENCE
    )
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "JSON output of the commands",
        "description": (
            "What the commands print with --json, by operation or command. "
            "Made by scripts/reference."
        ),
        "properties": {name: schema for (name, _), schema in zip(types, schemas, strict=True)},
        "$defs": {name: _dedented(each) for name, each in sorted(components.items())},
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _dedented(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with the docstring of its class as Python 3.13 and newer keep it."""
    if "description" not in schema:
        return schema
    return schema | {"description": inspect.cleandoc(schema["description"])}
