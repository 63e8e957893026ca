"""What a search for records found, as lines."""

from troupe.operations.find_records import FoundRecord, FoundRecords
from troupe.report import formatting, labels

from .columns import aligned, line


def found_lines(found: FoundRecords) -> list[str]:
    """How many records fit, by state; one line for each of the page; and where the next one begins."""
    lines = [] if found.counts is None else [_counts(found)]
    lines += [
        f"  {record_id}: in the source, and in no plan of these days"
        for record_id in found.unplanned
    ]
    lines += aligned((_row(each) for each in found.records), indent=2)
    if not found.records and not found.unplanned:
        lines.append("No record fits this search.")
    if found.after:
        lines.append(f"More: the same command with --after {found.after}")
    return lines


def _counts(found: FoundRecords) -> str:
    states = ", ".join(
        f"{formatting.count(records)} {state}" for state, records in (found.counts or {}).items()
    )
    total = formatting.plural(found.total or 0, "record")
    return line(f"{total} of {found.analysis}{':' if states else ''}", states)


def _row(record: FoundRecord) -> tuple[str, ...]:
    error = labels.error(record.error_type, record.cause) if record.error_type else ""
    return (
        record.record_id,
        formatting.moment(record.happened_at),
        record.run_id,
        record.state,
        record.grade or error,
    )
