"""A real Chromium that looks at the studio's page, and what goes wrong on it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.lab.studio_process import PATIENCE, StudioProcess, wait
from tools.firmware.sources import BUILD
from tools.web.packages import checks

__all__ = ["PATIENCE", "StudioProcess", "Visitor", "chromium", "wait"]

SCREENS = BUILD / "screens"
SIZES = {"wide": (1280, 800), "narrow": (360, 740)}
TITLES = ("Node", "Record", "Data", "Train", "Models", "Live", "Fleet")
SCHEMES = ("light", "dark")
WIDER = """() => {
  const root = document.documentElement, wide = root.clientWidth;
  if (root.scrollWidth <= wide) return [];
  const free = (node) =>
    !node || (getComputedStyle(node).overflowX === "visible" && free(node.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((node) => node.getBoundingClientRect().right > wide + 1 && free(node.parentElement))
    .map((node) => node.cloneNode(node.children.length === 0).outerHTML.slice(0, 200));
}"""
AXE = "async () => (await axe.run({resultTypes: ['violations']})).violations"
GRAVE = ("serious", "critical")
DRAWN = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"""


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """This computer's Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    assert path, "there is no Chromium: `make setup-test` installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage", *arguments]
        )
        yield browser
        browser.close()


class Visitor:
    """Somebody who has the studio's page open, and notes what goes wrong on it.

    Args:
        browser: from `chromium`.
        address: with the token.
        size: one of SIZES.
        scheme: one of SCHEMES.
    """

    def __init__(
        self, browser: Browser, address: str, size: str = "wide", scheme: str = "light"
    ) -> None:
        width, height = SIZES[size]
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page: Page = self.context.new_page()
        self.address = address
        self.size = size
        self.wrong: list[str] = []
        """Errors in the console, and requests that failed."""
        self._expected: set[str] = set()
        self._asked = 0
        self._open: set[Any] = set()  # requests of the page that are under way
        self._watch(self.page)

    def _watch(self, page: Page) -> None:
        page.on("console", self._spoken)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asks)
        page.on("requestfinished", lambda request: self._open.discard(request))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _spoken(self, message: Any) -> None:
        # A request that failed is noted with its address elsewhere
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _asks(self, request: Any) -> None:
        self._asked += 1
        self._open.add(request)

    def _failed(self, request: Any) -> None:
        self._open.discard(request)
        if request.failure != "net::ERR_ABORTED":  # the page itself was left
            self.wrong.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.request.method} {response.url}: {response.status}")

    def __enter__(self) -> "Visitor":
        self.page.goto(self.address)
        self.settled()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            self._shoot("failed")
            print(self.page.locator("body").inner_text(), *self.wrong, sep="\n")
        self.context.close()
        wrong = [text for text in self.wrong if not any(part in text for part in self._expected)]
        if error is None:
            assert not wrong, wrong

    def settled(self) -> None:
        """Wait until the page has its head, and says of nothing that it is on its way."""
        self.page.locator("main[data-shown] h1").first.wait_for()
        busy = self.page.locator("[aria-busy=true]")
        wait(lambda: busy.count() == 0, "a page that is not busy")

    def quiet(self) -> None:
        """Wait until the page is settled and drawn, and asks for nothing more."""

        def over() -> bool:
            before = self._asked
            self.page.evaluate(DRAWN)
            return not self._open and self._asked == before

        self.settled()
        wait(over, "a page that asks for nothing more")
        self.settled()

    def go(self, title: str) -> None:
        """Click on a page's name in the bar."""
        bar = self.page.get_by_role("navigation", name="Pages")
        bar.get_by_role("link", name=title, exact=True).click()
        self.shown(title.lower())

    def follow(self, link: str, place: str) -> None:
        """Click on a link to a place of the studio, such as data/map."""
        self.page.get_by_role("link", name=link, exact=True).click()
        self.shown(place)

    def shown(self, place: str) -> None:
        """Wait until the page of a place is there, as a whole."""
        self.page.locator(f"main[data-shown='{place}']").wait_for()
        self.settled()

    def reload(self) -> None:
        """Have the browser load the page anew."""
        self.page.reload()
        self.settled()

    def click(self, name: str) -> None:
        """Click on the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def expected(self, *parts: str) -> None:
        """What goes wrong on this page and has one of these parts is what the test brings about."""
        self._expected |= {*parts}

    def picture(self, name: str) -> Path:
        """Save the whole page, once it is quiet, as build/screens/NAME.png."""
        self.quiet()
        return self._shoot(name)

    def _shoot(self, name: str) -> Path:
        SCREENS.mkdir(parents=True, exist_ok=True)
        path = SCREENS / f"{name}.png"
        self.page.evaluate("scrollTo(0, 0)")  # what sticks to the window's top belongs there
        self.page.screenshot(path=path, full_page=True)
        return path

    def too_wide(self) -> list[str]:
        """What sticks out of the window at its right, as HTML; nothing if the page fits."""
        return self.page.evaluate(WIDER)

    def findings(self) -> list[str]:
        """What axe-core finds on the page that is serious or worse."""
        if not self.page.evaluate("() => 'axe' in window"):
            tool = self.context.new_cdp_session(self.page)  # the page's policy lets in no script
            tool.send("Runtime.evaluate", {"expression": checks().read_text(encoding="utf-8")})
        found = self.page.evaluate(AXE)
        return [
            f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for rule in found
            if rule["impact"] in GRAVE
            for node in rule["nodes"]
        ]

    def resize(self, size: str) -> None:
        """Change the window's size to one of SIZES."""
        width, height = SIZES[size]
        self.page.set_viewport_size({"width": width, "height": height})

    def colours(self, scheme: str) -> None:
        """Change between dark and light, as the system does."""
        self.page.emulate_media(color_scheme=scheme)
