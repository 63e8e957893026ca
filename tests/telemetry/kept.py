"""Exporters for tests: one keeps spans in memory, one fails."""

from collections import Counter

from troupe.telemetry import Telemetry
from troupe.telemetry.setup import traced_to
from troupe.telemetry.spans import Span


class Kept:
    """Keeps spans in memory, and finds them by name, handler and trace."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.closed = 0

    def export(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        self.closed += 1

    def telemetry(self) -> Telemetry:
        return traced_to(lambda: self)

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def outcomes(self, handler: str) -> Counter[str]:
        deliveries = [span.attributes for span in self.spans if span.kind == "consumer"]
        return Counter(
            str(each["troupe.outcome"]) for each in deliveries if each["troupe.handler"] == handler
        )

    def path_to(self, span: Span) -> list[str]:
        """Return the span names from the root of its trace down to this span."""
        by_context = {each.context: each for each in self.spans}
        path = [span.name]
        while span.parent is not None:
            span = by_context[span.parent]
            path.append(span.name)
        return path[::-1]


class Broken(Kept):
    """An exporter that fails."""

    def export(self, span: Span) -> None:
        raise OSError("no space left")
