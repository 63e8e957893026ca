"""Attacks that only a real browser shows: injected scripts, and forms and links of other sites."""

from urllib.parse import quote

import pytest

from tests.console import hostile
from tests.console.visitor import Visit, Visitor


def on_other_site(visitor: Visitor, body: str) -> None:
    """Open a page of another origin in the browser of a person who is signed in."""
    visitor.page.go(f"data:text/html,{quote(body)}")
    assert "null" == visitor.page.run("origin")


def test_the_policy_refuses_what_is_injected(visit: Visit) -> None:
    """Should markup get through all the same: no script, handler, style, frame or request of it."""
    visitor = visit(hostile.compared())
    visitor.go("/review")

    visitor.page.run(
        "document.querySelector('main').insertAdjacentHTML('beforeend',"
        ' \'<img src=x onerror="window.ran = 1"><iframe src="https://example.com"></iframe>\''
        ' + \'<b style="color: red">b</b><form action="https://example.com"></form>\')'
    )
    visitor.page.run(
        "(() => { const script = document.createElement('script'); script.textContent = 'window.ran = 1';"
        " document.body.append(script); fetch('https://example.com').catch(() => 0);"
        " document.querySelector('main form[action^=https]').submit(); })()"
    )
    expected = {
        "script-src-attr", "frame-src", "style-src-attr", "script-src-elem", "connect-src", "form-action",
    }  # fmt: skip
    visitor.until(lambda: expected <= {*visitor.page.run("refused")})

    assert visitor.page.run("window.ran === undefined")


def test_a_form_of_another_site_changes_nothing(visit: Visit) -> None:
    """The browser is signed in: it sends no cookie with it."""
    visitor = visit(hostile.compared())
    target = f"{visitor.console.address}/review/draw"
    on_other_site(
        visitor,
        f"<main><form method=post action='{target}'><input name=run value=before></form></main>",
    )

    visitor.leave("document.forms[0].submit()")

    assert "This console is private" in visitor.page.run("document.body.innerText")
    visitor.go("/review")
    assert 1 == visitor.page.run("document.querySelectorAll('tbody tr').length")


@pytest.mark.parametrize("way", ["link", "read"])
def test_another_site_sees_nothing(visit: Visit, way: str) -> None:
    """Neither by a link nor by a request; the person's own pages stay open."""
    visitor = visit(hostile.compared())
    address = visitor.console.address
    on_other_site(visitor, f"<main><a href='{address}/'>x</a></main>")

    if way == "link":
        visitor.leave("document.links[0].click()")
        assert "This console is private" in visitor.page.run("document.body.innerText")
    else:
        said = visitor.page.run(
            f"fetch('{address}/', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"
        )
        assert "refused" == said
    visitor.go("/")
    assert "All runs" in visitor.text


def test_axe_sees_a_barrier(visit: Visit) -> None:
    """A field without a label, on a page that had none such."""
    visitor = visit(hostile.compared())
    visitor.go("/review")
    assert [] == visitor.barriers()

    visitor.page.run(
        "document.querySelectorAll('main label').forEach(e => e.replaceWith(e.control))"
    )

    assert "label" in " ".join(visitor.barriers())
