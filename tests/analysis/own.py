"""A user's analysis, made from the properties of a schema."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import Analysis, load_analysis

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "compliance_check_v1"
NAME = "of_any_kind_v1"


def files_of(properties: Mapping[str, Any], **settings: Any) -> dict[str, str]:
    """The four files: each property is a column of its name, and `verdict` is the summary."""
    prompts = {name: (EXAMPLE / name).read_text("utf-8") for name in ("system.md", "user.md")}
    whole = {"verdict": {"type": "STRING"}, **properties}
    schema = {"type": "OBJECT", "required": ["verdict"], "properties": whole}
    columns = {name: name for name in whole}
    usual = {"name": NAME, "table": "of_any_kind", "summary": "verdict", "columns": columns}
    return prompts | {
        "schema.json": json.dumps(schema),
        "analysis.json": json.dumps(usual | settings),
    }


def folder_of(tmp_path: Path, properties: Mapping[str, Any], **settings: Any) -> Path:
    """A folder with these files."""
    folder = tmp_path / "own" / NAME
    folder.mkdir(parents=True)
    for name, text in files_of(properties, **settings).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def analysis_of(properties: Mapping[str, Any], **settings: Any) -> Analysis:
    """The analysis that these files define."""
    return load_analysis(NAME, files_of(properties, **settings))
