"""Small charts for the pages: SVG without styles, whose figures stand in the text beside them."""

from collections.abc import Sequence

from troupe.report.html.elements import Markup, tag

STEP, GAP, HEIGHT = 6, 1, 24
LEAST = 0.6
"""Height of the smallest share that is not zero."""


def sparkline(parts: Sequence[float], wholes: Sequence[float], title: str) -> Markup:
    """A column for each step, as high as the share of `parts` in `wholes`; none without a whole."""
    drawn = []
    for at, (part, whole) in enumerate(zip(parts, wholes, strict=True)):
        if part and whole:
            height = max(LEAST, HEIGHT * min(1.0, part / whole))
            drawn.append(f"M{at * STEP} {HEIGHT}v-{height:.1f}h{STEP - GAP}v{height:.1f}z")
    width = max(1, len(parts) * STEP - GAP)
    return tag(
        "svg",
        tag("path", d="".join(drawn)) if drawn else "",
        viewBox=f"0 0 {width} {HEIGHT}",
        preserveAspectRatio="none",
        class_="sparkline",
        role="img",
        aria_label=title,
    )
