"""A reviewer at the page: presses keys in a browser, and reads what the page shows."""

import json
from pathlib import Path
from typing import Any

from scripts.browser import Browser, Page, View
from troupe.operations.quality.review_sample import ReviewSample
from troupe.quality.review_page import render_page

MOST_LOOKS = 200


class Reviewer:
    """Judges one page in one tab."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        """In a tab of its own, whose browser keeps nothing of other tests."""
        self.folder, self.file = folder, folder / "review.html"
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        here = {"browserContextId": self._context}
        target = browser.call("Target.createTarget", url="about:blank", **here)["targetId"]
        session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.page = Page(browser, session)
        self.page.set_view(View(1200))
        browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder.resolve()),
            **here,
        )

    def close(self) -> None:
        self.page.browser.call("Target.disposeBrowserContext", browserContextId=self._context)

    def open(self, sample: ReviewSample) -> None:
        """Show the page of a sample."""
        self.file.write_text(render_page(sample), encoding="utf-8")
        self.page.open(self.file)

    def again(self) -> None:
        """Load the page again, as a person who comes back.

        A browser moves a page to another process, which may know what was kept a moment later.
        """
        kept = self.page.run("JSON.stringify(localStorage)")
        self.page.open(self.file)
        for _ in range(MOST_LOOKS):
            if self.page.run("JSON.stringify(localStorage)") == kept:
                break
            self.page.open(self.file)

    def press(self, *keys: str) -> None:
        self.page.press(*keys)

    def write(self, text: str) -> None:
        """Replace what stands in the field in focus."""
        self.page.write(text)

    def choose(self, value: Any) -> None:
        """Choose from the list in focus."""
        self.page.run(
            f"(() => {{ const field = document.activeElement; field.value = {json.dumps(json.dumps(value))};"
            " field.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )

    def text(self, selector: str) -> str:
        found: str = self.page.run(f"document.querySelector({selector!r}).textContent")
        return found

    def focus(self) -> str:
        """Where the focus is: the legend of its column, or the id of the element."""
        where: str = self.page.run(
            "document.activeElement.closest('fieldset')?.querySelector('legend').textContent"
            " ?? document.activeElement.id"
        )
        return where

    def checked(self) -> dict[str, str]:
        """What is chosen, by column, where it is judged."""
        found: dict[str, str] = self.page.run(
            "Object.fromEntries([...document.querySelectorAll('fieldset')]"
            ".map(f => [f.querySelector('legend').textContent, f.querySelector('input:checked').value])"
            ".filter(([, how]) => how))"
        )
        return found

    def imports(self, lines: str) -> str:
        """Choose a file with these lines, and return what the page says about it."""
        said: str = self.page.run(
            "new Promise(ok => { const files = new DataTransfer();"
            f" files.items.add(new File([{json.dumps(lines)}], 'labels.jsonl'));"
            " const input = document.getElementById('import'), says = document.getElementById('message');"
            " says.textContent = ''; input.files = files.files; input.dispatchEvent(new Event('change'));"
            " new MutationObserver(() => ok(says.textContent)).observe(says, {childList: true}); })"
        )
        return said

    def exported(self) -> Path:
        """Export the labels, and return the file when the browser has written it."""
        for before in self.folder.glob("*.jsonl"):
            before.unlink()
        self.press("e")
        for _ in range(MOST_LOOKS):
            for file in self.folder.glob("*.jsonl"):
                # The browser takes the name with an empty file, and replaces it.
                if file.stat().st_size:
                    return file
            self.page.run("new Promise(ok => setTimeout(ok, 25))")
        raise AssertionError(f"nothing was exported: {self.text('#message')}")
