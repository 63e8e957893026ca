"""Numbers, times and sizes as text. An unknown value is a word, never a zero."""

from datetime import UTC, datetime

from handlers.runs.estimate import UNKNOWN as UNKNOWN
from handlers.runs.estimate import dollars as dollars

NONE = "none"


def count(number: float | None) -> str:
    """With thousands separators."""
    return NONE if number is None else f"{round(number):,}"


def counts(owner: object, *names: str) -> str:
    """The counts that an object has under these names: `8 analysed, 2 failed`."""
    return ", ".join(f"{count(getattr(owner, name))} {name}" for name in names)


def plural(number: int | None, one: str, many: str = "") -> str:
    """`1 record`, `2 records`."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def rate(number: float | None) -> str:
    """Two significant digits below 10, whole numbers above."""
    if number is None:
        return NONE
    return count(number) if number >= 10 else f"{number:.2g}"


def percent(share: float | None) -> str:
    """Only an exact 1 is 100 %, and only an exact 0 is 0 %."""
    if share is None:
        return NONE
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{100 * share:.1f}".removesuffix(".0") + " %"


def share_of(part: float, whole: float) -> str:
    """As a percentage; empty when the whole is zero."""
    return percent(part / whole) if whole else ""


def seconds(number: float | None) -> str:
    """`36 ms`, `4.2 s`, `3 m 12 s`, `3 h 12 m`, `2 d 3 h`."""
    if number is None:
        return NONE
    if number < 0.9995:
        return f"{number * 1000:.0f} ms" if number > 0 else "0 s"
    if number < 59.95:
        return f"{number:.1f}".removesuffix(".0") + " s"
    return _in_two_units(round(number))


def _in_two_units(whole: int) -> str:
    for size, unit, below, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "m")):
        if whole >= size:
            return _joined(whole // size, unit, whole % size // below, part)
    return _joined(whole // 60, "m", whole % 60, "s")


def _joined(many: int, unit: str, rest: int, part: str) -> str:
    return f"{many} {unit} {rest} {part}" if rest else f"{many} {unit}"


def spent(amount: float | None, records: int, *, simulated: bool = False) -> str:
    """The cost so far, after so many records. Before the first, no cost is known."""
    if amount is None:
        return "cost unknown" if records else "no cost yet"
    return f"would have cost {dollars(amount)}" if simulated else f"cost {dollars(amount)}"


def span(low: str, high: str) -> str:
    """From low to high, or the one text that both are."""
    return low if low == high else f"{low} to {high}"


def megabytes(size: float | None) -> str:
    """A size given in bytes."""
    if size is None:
        return NONE
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def moment(time: datetime | None) -> str:
    """`2026-11-21 23:05:38 UTC`. A time without a zone is UTC."""
    if time is None:
        return NONE
    in_utc = time.astimezone(UTC) if time.tzinfo else time
    return f"{in_utc:%Y-%m-%d %H:%M:%S} UTC"


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds from one time to the other; None while one of them is missing."""
    return (end - start).total_seconds() if start and end else None
