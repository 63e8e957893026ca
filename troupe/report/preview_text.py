"""What a run would take, leave out and cost, before anything is frozen."""

from collections.abc import Mapping
from typing import Any

from analysis.prices import price_with_source

from . import formatting, labels, reconciliation
from .cost_text import price_line
from .reconciliation import Fields, number
from .text_columns import exits, line, named


def preview_lines(preview: Mapping[str, Any]) -> list[str]:
    """`preview` is a row of `preview_plan` with run, model and the estimate beside it."""
    held, taken = number(preview, "source_rows"), number(preview, "records")
    into = formatting.plural(number(preview, "batches"), "batch", "batches")
    size = f", {formatting.megabytes(number(preview, 'bytes'))} of requests" if taken else ""
    return [
        line("Dry run", preview.get("run_id"), "- nothing is changed, asked or paid."),
        named("model", preview.get("model") or formatting.UNKNOWN),
        named("source", formatting.plural(held, "row") if held else "no rows"),
        *exits(reconciliation.exits_before(_as_summary(preview))),
        named("would take", f"{formatting.plural(taken, 'record')} in {into}{size}"),
        *(_estimate(preview) if taken else []),
    ]


def _as_summary(preview: Fields) -> Fields:
    """The row counts what is pending; what of it is not taken is beyond the limit."""
    pending = number(preview, "pending") if "pending" in preview else number(preview, "records")
    skipped = {name: number(preview, name) for name in labels.SKIPPED}
    skipped["beyond_limit"] = pending - number(preview, "records")
    return {
        "source_rows": number(preview, "source_rows"),
        "records": number(preview, "records"),
        "skipped": skipped,
    }


def _estimate(preview: Fields) -> list[str]:
    read, written = preview.get("input_tokens"), preview.get("output_tokens")
    low, high = preview.get("cost") or (None, None)
    model = str(preview.get("model") or "")
    return [
        named("input", _range(read), "tokens"),
        named("output", _range(written), "tokens"),
        named("cost", formatting.span(formatting.dollars(low), formatting.dollars(high))),
        line("   ", price_line(price_with_source(model) or {}, model)),
    ]


def _range(pair: Any) -> str:
    if not pair:
        return formatting.UNKNOWN
    low, high = pair
    return formatting.span(formatting.count(low), formatting.count(high))
