"""The JSON Schema of what commands print with --json, from the types of their results."""

import inspect
import json
from typing import Any

import msgspec

from troupe.backends.local.operations import RESULT_TYPES
from troupe.cli.redact import RedactPreview

REFERENCE = "#/$defs/{name}"


def json_output() -> str:
    """One schema: `properties` lists the operations, `$defs` their types."""
    types = sorted({**RESULT_TYPES, "redact": RedactPreview}.items())
    schemas, components = msgspec.json.schema_components(
        [each for _, each in types], ref_template=REFERENCE
    )
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "JSON output of the commands",
        "description": (
            "What the commands print with --json, by operation. Made by scripts/reference."
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
