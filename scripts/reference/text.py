"""Parts of generated pages."""

MADE = "<!-- Written by `python -m scripts.reference`: do not edit by hand. -->"


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def renewed(text: str, tables: dict[str, str]) -> str:
    """Replace each table between the two marks with its name."""
    for name, table in tables.items():
        before, start, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        text = f"{before}{start}\n{table}\n{end}{after}"
    return text
