"""HTML in small pieces. Whatever is not `Markup` is text, and is escaped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

CUT = 60
"""DeadLetters; longer labels may not fit."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Safe in an element and in a quoted attribute."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def join(pieces: Iterable[object]) -> Markup:
    return Markup("".join(text(piece) for piece in pieces))


def tag(name: str, *inside: object, **attributes: object) -> Markup:
    """`class_` is the class; an attribute that is None is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{join(inside)}</{name}>")


def section(title: str, *inside: object, note: str = "", id_: str = "") -> Markup:
    """A part of the page, under a heading."""
    head = [tag("h2", title), tag("p", note, class_="note") if note else ""]
    return tag("section", *head, *inside, id=id_ or None)


def empty(words: str) -> Markup:
    """What stands where there is nothing to show."""
    return tag("p", words, class_="empty")


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of a list of bars; its length is the part of the longest."""

    label: object
    amount: float
    value: str
    beside: str = ""
    kind: str = ""


def bars(lines: Sequence[Bar], most: float | None = None) -> Markup:
    """Every bar says its value in words as well."""
    longest = most or max((line.amount for line in lines), default=0)
    return tag("ul", *(_bar(line, longest) for line in lines), class_="bars")


def track(amount: float, longest: float) -> Markup:
    """The bar alone; what there is none of has no pixel of it."""
    width = 100 * min(1.0, amount / longest) if longest else 0
    bar = tag("i", style=f"width:{width:.2f}%") if amount else ""
    return tag("span", bar, class_="track", aria_hidden="true")


def _bar(line: Bar, longest: float) -> Markup:
    return tag(
        "li",
        tag("span", line.label, class_="label", title=_whole(line.label)),
        track(line.amount, longest),
        tag("span", unbroken(line.value), " ", tag("small", unbroken(line.beside)), class_="value"),
        class_=line.kind or None,
    )


def unbroken(figure: str) -> str:
    """A figure and its unit stay on one line."""
    return figure.replace(" ", "\u00a0")


def _whole(label: object) -> str | None:
    """A long label is cut where it is shown; here it is whole."""
    return str(label) if len(str(label)) > CUT else None


def pairs(lines: Iterable[tuple[str, object]]) -> Markup:
    """Names and what they are, as a list of definitions."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in lines))


def table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> Markup:
    """The first column names the row; the others are figures. It scrolls by itself."""
    top = tag("tr", *(tag("th", name, scope="col") for name in head))
    body = [
        tag("tr", tag("th", first, scope="row"), *(tag("td", cell) for cell in rest))
        for first, *rest in lines
    ]
    whole = tag("table", tag("thead", top), tag("tbody", *body))
    return tag("div", whole, class_="scroll")
