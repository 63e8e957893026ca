"""A sink that keeps what it is told, and what tests ask of it."""

from collections import Counter

from troupe.telemetry.spans import Count, Span


class Kept:
    """Spans and counts in memory."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.counts: list[Count] = []
        self.closed = 0

    def tell(self, span: Span) -> None:
        self.spans.append(span)

    def count(self, count: Count) -> None:
        self.counts.append(count)

    def close(self) -> None:
        self.closed += 1

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def outcomes(self, handler: str) -> Counter[str]:
        return Counter(each.outcome for each in self.counts if each.handler == handler)

    def path_to(self, span: Span) -> list[str]:
        """The names from the root of its trace down to this span."""
        by_place = {each.place: each for each in self.spans}
        path = [span.name]
        while span.parent is not None:
            span = by_place[span.parent]
            path.append(span.name)
        return path[::-1]


class Broken(Kept):
    """A sink that cannot be told anything."""

    def tell(self, span: Span) -> None:
        raise OSError("no space left")
