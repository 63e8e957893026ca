"""The preview of a run as lines: what it would select, leave out and cost."""

from handlers.runs.token_rates import Basis
from troupe.operations.empty_request import Nothing
from troupe.operations.run_requests import Preview, Requested
from troupe.report import formatting
from troupe.report.reconciliation import exits_before

from .columns import exit_lines, line, named
from .outcome import golden_line, nothing_lines, step_lines
from .run_cost import price_line


def request_lines(answer: Preview | Requested | Nothing) -> list[str]:
    """What was requested, or would be, or why nothing was."""
    if isinstance(answer, Nothing):
        return nothing_lines(answer)
    if isinstance(answer, Preview):
        return preview_lines(answer)
    if answer.known:
        return [f"run {answer.run_id} was requested before; nothing changes"]
    covered = [golden_line(answer.golden)] if answer.golden else []
    return [*covered, f"requested run {answer.run_id}"]


def preview_lines(preview: Preview) -> list[str]:
    """Of a preview without records, no estimate is shown."""
    rows, records = preview.source_rows, preview.records
    into = formatting.plural(preview.batches, "batch", "batches")
    size = f", {formatting.megabytes(preview.bytes)} of requests" if records else ""
    return [
        line("Dry run", preview.run_id, "- nothing is changed, requested or paid."),
        named("model", preview.model),
        named("source", formatting.plural(rows, "row") if rows else "no rows"),
        *exit_lines(exits_before(rows, preview.skipped, records)),
        named("would select", f"{formatting.plural(records, 'record')} in {into}{size}"),
        *([golden_line(preview.golden)] if preview.golden else []),
        *(_estimate(preview) if records else []),
        *([line(f"nothing to do: {preview.nothing.why}")] if preview.nothing else []),
        *(step_lines(preview.nothing.next) if preview.nothing else []),
    ]


def _estimate(preview: Preview) -> list[str]:
    low, high = preview.cost
    return [
        named("input", _range(preview.input_tokens), "tokens"),
        named("output", _range(preview.output_tokens), "tokens"),
        line("   ", basis_line(preview.basis)),
        *([line("    not counted:", why)] if (why := preview.basis.not_counted) else []),
        named("cost", formatting.span(formatting.dollars(low), formatting.dollars(high))),
        line("   ", price_line(preview.price, preview.model)),
    ]


def basis_line(basis: Basis) -> str:
    """Return a sentence on what the tokens were estimated by."""
    measured = "answers as measured on earlier ones"
    output = measured if basis.output == "measured" else "answers by the fields of the schema"
    if basis.input == "counted":
        requests = formatting.plural(basis.samples, "request")
        return f"tokens as Vertex AI counts them in {requests} of the run; {output}"
    if basis.input == "measured":
        answers = formatting.plural(basis.samples, "answer")
        return f"tokens as measured on {answers} to the same prompt"
    texts = formatting.plural(basis.samples, "transcript")
    return f"tokens by the words and scripts of {texts}; {output}"


def _range(tokens: tuple[int, int]) -> str:
    return formatting.span(*map(formatting.count, tokens))
