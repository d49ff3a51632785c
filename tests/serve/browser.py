"""A real Chromium, and what a page does in it; skipped where there is none, unless this is CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

__all__ = ["Visit", "chromium", "visiting"]

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser of this machine, driven by Playwright; its own download is not needed."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        reason = f"no browser was found ({', '.join(NAMES)}); install Debian's package chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # As root, in a container say, Chromium has no sandbox to offer.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that is open, and what it asked and complained of."""

    page: Any
    home: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def strangers(self) -> list[str]:
        """What was asked of anyone but the server."""
        return [url for url in self.asked if not url.startswith((self.home, "data:", "blob:"))]

    def text(self, selector: str) -> str:
        return str(self.page.inner_text(selector))

    def drop(self, name: str, content: str) -> None:
        """What a person does who drops a file of this name on the page."""
        self.page.evaluate(
            """([name, content]) => {
                const given = new DataTransfer();
                given.items.add(new File([content], name, { type: "text/csv" }));
                const event = { dataTransfer: given, bubbles: true, cancelable: true };
                document.body.dispatchEvent(new DragEvent("drop", event));
            }""",
            [name, content],
        )

    def told(self, words: str) -> str:
        """The result, once it holds these words."""
        self.page.wait_for_function(
            "words => document.querySelector('#result').innerText.includes(words)", arg=words, timeout=15000
        )
        return self.text("#result")


@contextmanager
def visiting(browser: Any, home: str, *, quiet: bool = True, **options: Any) -> Iterator[Visit]:
    """The page at home, in a session of its own; unless told otherwise it must have had nothing to complain of."""
    context = browser.new_context(**{"viewport": {"width": 1024, "height": 600}, "locale": "en-GB"} | options)
    visit = Visit(context.new_page(), home)
    visit.page.on("request", lambda request: visit.asked.append(request.url))
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.on("console", lambda said: visit.complaints.extend([said.text] if said.type == "error" else []))
    try:
        visit.page.goto(home)
        yield visit
        assert visit.strangers == []
        assert visit.complaints == [] or not quiet
    finally:
        context.close()
