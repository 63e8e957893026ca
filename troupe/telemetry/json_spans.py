"""Spans as JSON lines, for a laptop: readable with nothing but a text tool."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from .spans import Count, Place, Span


class Lines:
    """Appends to a file, one span a line. Counts are left out: each delivery's span has them."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` for a file that cannot be written."""
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = Lock()

    def tell(self, span: Span) -> None:
        line = json.dumps(_told(span), ensure_ascii=False) + "\n"
        with self._lock:
            self._file.write(line)

    def count(self, count: Count) -> None:
        pass

    def close(self) -> None:
        self._file.close()


def _told(span: Span) -> Mapping[str, Any]:
    told = {
        "name": span.name,
        "kind": span.kind,
        "trace_id": span.place.trace,
        "span_id": span.place.span,
        "parent_id": span.parent.span if span.parent else None,
        "started": span.started.isoformat(),
        "milliseconds": round((span.ended - span.started).total_seconds() * 1000, 3),
        "attributes": dict(span.about),
        "links": [_link(place) for place in span.links],
    }
    return told | ({"failed": span.failed} if span.failed else {})


def _link(place: Place) -> dict[str, str]:
    return {"trace_id": place.trace, "span_id": place.span}
