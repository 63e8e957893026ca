"""Build HTML from small pieces. Everything that is not `Markup` is text, and is escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

CUT = 60
"""Characters; longer labels may not fit."""
LEAST_WIDTH = 0.3
"""Percent of the longest bar."""


class Markup(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()

    def __html__(self) -> str:
        """Tell templates that this is not escaped again."""
        return self


def text(value: object) -> Markup:
    """Escape a value for an element or a quoted attribute."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def join(pieces: Iterable[object]) -> Markup:
    return Markup("".join(text(piece) for piece in pieces))


def tag(name: str, *inside: object, **attributes: object) -> Markup:
    """An element. `class_` is its class; an attribute that is None is left out."""
    pairs_ = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{pairs_}>{join(inside)}</{name}>")


def section(title: str, *inside: object, note: str = "", id_: str = "") -> Markup:
    """A section of the page, under a heading."""
    head = [tag("h2", title), tag("p", note, class_="note") if note else ""]
    return tag("section", *head, *inside, id=id_ or None)


def empty(note: str) -> Markup:
    """A paragraph in the place of a list without entries."""
    return tag("p", note, class_="empty")


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a list of bars; its length is its share of the longest."""

    label: object
    amount: float
    value: str
    note: str = ""
    kind: str = ""


def bars(lines: Sequence[Bar], most: float | None = None) -> Markup:
    """A list of bars; each has its value as text as well."""
    longest = most or max((line.amount for line in lines), default=0)
    return tag("ul", *(_bar(line, longest) for line in lines), class_="bars")


def track(amount: float, longest: float) -> Markup:
    """The bar alone; an amount of zero draws no pixel, any other can be seen.

    Its length is an attribute, because the pages of the console allow no style of an element.
    """
    width = max(LEAST_WIDTH, 100 * min(1.0, amount / longest)) if longest else 0
    bar = tag("rect", width=f"{width:.2f}%", height="100%") if amount else ""
    return tag("svg", bar, class_="track", aria_hidden="true")


def _bar(line: Bar, longest: float) -> Markup:
    return tag(
        "li",
        tag("span", line.label, class_="label", title=_whole(line.label)),
        track(line.amount, longest),
        tag("span", unbroken(line.value), " ", tag("small", unbroken(line.note)), class_="value"),
        class_=line.kind or None,
    )


def unbroken(figure: str) -> str:
    """Keep a figure and its unit on one line."""
    return figure.replace(" ", "\u00a0")


def _whole(label: object) -> str | None:
    """The whole text of a label that is cut where it is shown."""
    return str(label) if len(str(label)) > CUT else None


def pairs(lines: Iterable[tuple[str, object]]) -> Markup:
    """Names and values as a definition list."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in lines))


def table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> Markup:
    """A table whose first column names the row; wide tables scroll by themselves, with keys too."""
    top = tag("tr", *(tag("th", name, scope="col") for name in head))
    body = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest))
        for first, *rest in lines
    ]
    whole = tag("table", tag("thead", top), tag("tbody", *body))
    return tag("div", whole, class_="scroll", tabindex="0", role="group", aria_label="Table")
