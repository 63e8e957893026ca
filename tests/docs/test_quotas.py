"""What a run uses of the quotas, computed from the code, and the page that shows it."""

from pathlib import Path

import pytest

from scripts.quotas import table

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "restore.md"


@pytest.mark.slow
def test_the_page_has_the_usage_that_the_code_has() -> None:
    """`python -m scripts.quotas` prints the table between the marks."""
    text = PAGE.read_text(encoding="utf-8")

    shown = text.partition("<!-- quotas -->\n")[2].partition("\n<!-- /quotas -->")[0]

    lines = table(1_000_000, 20_000)
    assert shown.splitlines() == lines
    assert "| Vertex batch jobs | 1 | 50 |" in "\n".join(lines)
