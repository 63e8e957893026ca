"""An analysis of one's own, made of a schema alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis import Analysis, load_analysis

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "compliance_check_v1"
NAME = "of_any_kind_v1"


def folder_of(tmp_path: Path, properties: Mapping[str, Any], **settings: Any) -> Path:
    """Each property is a column of its name; `said` is the summary."""
    folder = tmp_path / "own" / NAME
    folder.mkdir(parents=True)
    for prompt in ("system.md", "user.md"):
        (folder / prompt).write_bytes((EXAMPLE / prompt).read_bytes())
    whole = {"said": {"type": "STRING"}, **properties}
    schema = {"type": "OBJECT", "required": ["said"], "properties": whole}
    (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    told = {"name": NAME, "table": "of_any_kind", "summary": "said"}
    columns = {name: name for name in whole}
    text = json.dumps(told | {"columns": columns} | settings)
    (folder / "analysis.json").write_text(text, encoding="utf-8")
    return folder


def analysis_of(tmp_path: Path, properties: Mapping[str, Any], **settings: Any) -> Analysis:
    return load_analysis(NAME, folder_of(tmp_path, properties, **settings))
