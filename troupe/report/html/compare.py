"""The comparison as one self-contained HTML page."""

from troupe.quality.comparison import ColumnComparison, Comparison, DifferingRecord
from troupe.report import formatting
from troupe.report.compare_words import (
    AGREES,
    agrees,
    by_agreement,
    figures_of,
    interval,
    judged_columns,
    simulated_note,
    too_few_note,
    value_name,
    words_note,
)

from .elements import Markup, empty, join, section, table, tag
from .page import page

MOST_VALUES = 24
"""Values of a confusion matrix on each side; the others are in the JSON."""
_WIDTH, _HEIGHT = 300.0, 14.0


def render_comparison(comparison: Comparison) -> str:
    """The page. It has no script, and no address, font or picture from elsewhere."""
    title = f"{comparison.a.name} and {comparison.b.name}"
    return page(title, [tag("h1", title), comparison_sections(comparison)], "compare.css")


def comparison_sections(comparison: Comparison, records_at: str = "") -> Markup:
    """The sections of the page, below its heading; no element has a style of its own.

    `records_at`: where the page of a record is, without its id; empty: there is none.
    """
    return join(
        [
            _head(comparison),
            _gates(comparison),
            _sides(comparison),
            _agreement(comparison),
            _amounts(comparison),
            _marks(comparison),
            *(_matrix(each, comparison) for each in comparison.columns if each.kind == "closed"),
            _records(comparison, records_at),
            _left_out(comparison),
        ]
    )


def _head(comparison: Comparison) -> Markup:
    a, b = comparison.a, comparison.b
    simulated = simulated_note(comparison)
    worst = [each for each in by_agreement(judged_columns(comparison)) if not agrees(each)]
    judgement = (
        f"{worst[0].column} differs most: {formatting.percent(worst[0].agreement)} agree."
        if worst
        else f"Every column agrees in {formatting.percent(AGREES)} of the records or more."
    )
    notes = [*too_few_note(comparison), *(note for side in (a, b) for note in side.notes)]
    return join(
        [
            tag("p", simulated, class_="simulated") if simulated else "",
            section(
                f"{formatting.plural(comparison.records, 'record')} on both sides",
                tag("p", judgement),
                tag(
                    "p",
                    f"No column differs in {formatting.plural(comparison.identical, 'record')}.",
                ),
                *(tag("p", note, class_="note") for note in notes),
            ),
        ]
    )


def _gates(comparison: Comparison) -> Markup:
    if not comparison.gates:
        return Markup("")
    rows = [
        (
            gate.column,
            gate.measure,
            formatting.NONE if gate.value is None else f"{gate.value:.3f}",
            f"{gate.threshold:g}",
            "ok" if gate.passed else tag("b", "below its limit"),
        )
        for gate in comparison.gates
    ]
    return section("Limits", table(("column", "measure", "value", "limit", ""), rows))


def _sides(comparison: Comparison) -> Markup:
    rows = figures_of(comparison.a, comparison.b)
    note = "Figures are means over the records that both sides have."
    return section("Sides", table(("", comparison.a.name, comparison.b.name), rows), note=note)


def _agreement(comparison: Comparison) -> Markup:
    """A bar for each column, with its interval as a line on it."""
    rows = [
        (
            each.column,
            _bar(each),
            formatting.percent(each.agreement),
            interval(each.low, each.high),
            "" if each.kappa is None else f"{each.kappa.value:.2f}",
            formatting.count(each.judged),
        )
        for each in by_agreement(judged_columns(comparison))
    ]
    if not rows:
        return section("Agreement", empty("No column can be judged."))
    head = ("column", "", "agree", "95 %", "kappa", "records")
    return section("Agreement", table(head, rows), id_="agreement")


def _bar(column: ColumnComparison) -> Markup:
    share, low, high = column.agreement or 0.0, column.low or 0.0, column.high or 0.0
    middle = _HEIGHT / 2
    parts = [
        tag(
            "rect", x="0", y="3", width=f"{_WIDTH:.0f}", height=f"{_HEIGHT - 6:.0f}", class_="whole"
        ),
        tag(
            "rect",
            x="0",
            y="3",
            width=f"{_WIDTH * share:.1f}",
            height=f"{_HEIGHT - 6:.0f}",
            class_="fill",
        ),
        tag(
            "path",
            d=f"M{_WIDTH * low:.1f} {middle}H{_WIDTH * high:.1f}M{_WIDTH * low:.1f} 2V12"
            f"M{_WIDTH * high:.1f} 2V12",
            class_="range",
        ),
    ]
    name = f"{formatting.percent(column.agreement)}, between {interval(column.low, column.high)}"
    return tag(
        "svg", *parts, viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}", role="img", aria_label=name, class_="bar"
    )  # fmt: skip


def _amounts(comparison: Comparison) -> Markup:
    rows = []
    for each in comparison.columns:
        found = each.amounts
        if found is not None:
            share = found.overlap if found.distance is None else None
            rows.append(
                (
                    each.column,
                    each.kind,
                    _mean(found.a),
                    _mean(found.b),
                    formatting.percent(share) if share is not None else "",
                    _mean(found.distance) if found.distance is not None else "",
                    formatting.count(each.none_a),
                    formatting.count(each.none_b),
                )
            )
    if not rows:
        return Markup("")
    head = ("column", "kind", "a", "b", "in common", "|b - a|", "none in a", "none in b")
    note = (
        "Means: characters of texts, entries of lists, numbers. In common are the words of four letters "
        "and more, or the entries, that both have, as a share of those that either has. It does not "
        "say that two texts mean the same."
    )
    measured = words_note(comparison)
    note += f" Texts: {measured}." if measured else ""
    return section("Texts, lists and numbers", table(head, rows), note=note)


def _marks(comparison: Comparison) -> Markup:
    rows = [
        (each.column, each.nulled_a, each.nulled_b, each.normalised_a, each.normalised_b)
        for each in comparison.columns
        if each.nulled_a or each.nulled_b or each.normalised_a or each.normalised_b
    ]
    if not rows:
        return Markup("")
    head = ("column", "nulled in a", "nulled in b", "normalised in a", "normalised in b")
    note = "Values that did not fit the schema as they were written: null, or their equivalent."
    return section("Marks", table(head, rows), note=note)


def _mean(number: float | None) -> str:
    return formatting.NONE if number is None else f"{number:,.3g}"


def _matrix(column: ColumnComparison, comparison: Comparison) -> Markup:
    """The confusion matrix as a table whose cells are shaded by their share of the row."""
    cells = [cell for cell in column.cells if cell.relation in ("equal", "differs")]
    befores = list(dict.fromkeys(cell.a for cell in sorted(cells, key=lambda cell: cell.a or "~")))
    afters = list(dict.fromkeys(cell.b for cell in sorted(cells, key=lambda cell: cell.b or "~")))
    if not cells or max(len(befores), len(afters)) > MOST_VALUES:
        return section(column.column, empty("No pair of values, or too many to show."))
    counts = {(cell.a, cell.b): cell.records for cell in cells}
    rows = []
    for a in befores:
        whole = sum(counts.get((a, b), 0) for b in afters)
        rows.append(
            (value_name(a), *(_cell(counts.get((a, b), 0), whole, same=a == b) for b in afters))
        )
    head = (f"{comparison.a.name} ↓ {comparison.b.name} →", *map(value_name, afters))
    return section(column.column, table(head, rows), _scores(column), *_rejected(column))


def _cell(records: int, whole: int, *, same: bool) -> Markup:
    tenths = -(-10 * records // whole) if whole else 0
    kind = "same" if same else "other"
    return tag("span", formatting.count(records), class_=f"cell {kind} tenths-{tenths}")


def _rejected(column: ColumnComparison) -> list[Markup]:
    if not column.rejected:
        return []
    records = formatting.plural(column.rejected, "answer")
    return [
        empty(f"{records} that a label calls wrong, without the right value, count as differing.")
    ]


def _scores(column: ColumnComparison) -> Markup:
    if not column.scores:
        return Markup("")
    rows = [
        (
            value_name(score.value),
            formatting.count(score.labelled),
            formatting.percent(score.precision),
            formatting.percent(score.recall),
            formatting.NONE if score.f1 is None else f"{score.f1:.2f}",
        )
        for score in column.scores
    ]
    return table(("value", "labels", "precision", "recall", "F1"), rows)


def _records(comparison: Comparison, records_at: str) -> Markup:
    if not comparison.differing:
        return Markup("")
    note = "The records with the most differing columns first."
    return section(
        "Records that differ",
        *(_record(each, comparison, records_at) for each in comparison.differing),
        note=note,
    )


def _record(record: DifferingRecord, comparison: Comparison, records_at: str) -> Markup:
    rows = [
        (
            each.column,
            value_name(each.a),
            ("not " if each.rejected else "") + value_name(each.b),
        )
        for each in record.values
    ]
    transcript = (
        tag("details", tag("summary", "Transcript"), tag("pre", record.transcript))
        if record.transcript is not None
        else ""
    )
    values = table(("column", comparison.a.name, comparison.b.name), rows)
    name = tag("code", record.record_id)
    head = tag("a", name, href=f"{records_at}{record.record_id}") if records_at else name
    return tag("article", tag("h3", head), values, transcript)


def _left_out(comparison: Comparison) -> Markup:
    if not comparison.not_compared:
        return Markup("")
    rows = [(each.column, each.why) for each in comparison.not_compared]
    return section("Not compared", table(("column", "why"), rows))
