"""Pages from templates. All values are escaped; nothing is inline, neither script nor style."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from troupe.report import formatting, labels
from troupe.report.html.elements import unbroken
from troupe.report.html.page import page_file

from .client import client_of
from .security import session_of

NAVIGATION = (
    ("runs", "/", "Runs"),
    ("records", "/records", "Records"),
    ("answers", "/answers", "Answers"),
    ("compare", "/compare", "Compare"),
    ("review", "/review", "Review"),
    ("dead_letters", "/dead-letters", "Dead letters"),
    ("costs", "/costs", "Costs"),
    ("analyses", "/analyses", "Analyses"),
)
"""Name of the page (the first part of its template's name), address and label."""


def render(
    request: Request, template: str, *, status_code: int = 200, **context: Any
) -> HTMLResponse:
    """Return a page. Its template gets the context, and besides:

    `navigation` and `entry` (which of it is shown), `page` (the template's name), `csrf` (the secret of forms), `read_only`,
    `no_text`, `user` (empty on a laptop), and `assets` (a version of the static files).
    """
    return HTMLResponse(fragment(request, template, **context), status_code)


def fragment(request: Request, template: str, **context: Any) -> str:
    """Return the text of a template, with the context of `render`."""
    client, session = client_of(request), session_of(request)
    given = {
        "navigation": NAVIGATION,
        "page": (name := template.partition(".")[0]),
        "entry": name,
        "csrf": session.csrf,
        "user": session.user,
        "read_only": client.read_only,
        "no_text": client.no_text,
        "assets": assets_version(),
    }
    return environment().get_template(template).render(given | context)


@cache
def environment() -> Environment:
    """Return the templates, with filters that write figures as the report does."""
    templates = Environment(
        loader=PackageLoader("troupe.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "count": formatting.count,
        "plural": formatting.plural,
        "percent": formatting.percent,
        "seconds": formatting.seconds,
        "dollars": formatting.dollars,
        "megabytes": formatting.megabytes,
        "moment": formatting.moment,
        "plain": labels.plain,
        "unbroken": unbroken,
    }
    return templates


@cache
def static_file(name: str) -> str:
    """Return the text of a static file; `report.css` is the style of the report."""
    if name in _OF_REPORT:
        return page_file(_OF_REPORT[name])
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


_OF_REPORT = {"report.css": "page.css", "compare.css": "compare.css"}
"""Styles that the report has as well."""
STATIC = {
    "report.css": "text/css",
    "console.css": "text/css",
    "compare.css": "text/css",
    "quality.css": "text/css",
    "console.js": "text/javascript",
    "review.js": "text/javascript",
}
"""Static files, and their types."""


@cache
def assets_version() -> str:
    """Return a hash of the static files, so that a browser does not keep old ones."""
    whole = "".join(static_file(name) for name in STATIC)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
