"""What a run replaced in its transcripts, in counts; never a value."""

from handlers.summary.run_summary import RunRedaction, RunSummary
from troupe.report import formatting
from troupe.report.html.elements import Markup, empty, section, table

from .columns import line, named


def redaction_lines(summary: RunSummary) -> list[str]:
    """One line for a run with redaction, and one for each rule that was counted."""
    redaction = summary.redaction
    if redaction is None or _is_unused(redaction):
        return []
    counts = [
        line(
            f"    {formatting.plural(each.replacements, 'place')} in"
            f" {formatting.plural(each.records, 'record')}: {each.rule}"
        )
        for each in redaction.counts
    ]
    return [named("redaction", _state(redaction)), *counts]


def redaction_section(summary: RunSummary) -> Markup:
    """The same for the page; nothing for a run without redaction."""
    redaction = summary.redaction
    if redaction is None or _is_unused(redaction):
        return Markup("")
    rows = [
        (each.rule, formatting.count(each.replacements), formatting.count(each.records))
        for each in redaction.counts
    ]
    inside = table(("Rule", "Places", "Records"), rows) if rows else empty("Not counted.")
    return section("Redaction", inside, note=_state(redaction), id_="redaction")


def _is_unused(redaction: RunRedaction) -> bool:
    """The analysis has no redact.json. One that is on says so even where an old plan has no rule."""
    return redaction.redact == "off" and not redaction.rules


def _state(redaction: RunRedaction) -> str:
    if not redaction.rules:
        return "on, but it had no rule: transcripts were sent as they are"
    rules = formatting.plural(len(redaction.rules), "rule")
    return {
        "off": f"off: {rules} not applied, transcripts were sent as they are",
        "on": f"{rules} before a transcript was frozen and sent: {', '.join(redaction.rules)}",
        "report": f"{rules} before a transcript was frozen and sent; replaced:",
    }[redaction.redact]
