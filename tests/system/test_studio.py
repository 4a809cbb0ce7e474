"""The studio's pages in a real Chromium: without a node, in all sizes and colours, by keys."""

import signal

import pytest

from tests.lab.studio_process import StudioProcess, wait
from tests.lab.studiolab import SCHEMES, SIZES, TITLES, Visitor


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with StudioProcess(tmp_path_factory.mktemp("empty") / "data") as process:
        yield process


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", SIZES)
def test_pages_without_data_or_node_are_for_everybody(browser, studio, size, scheme):
    with Visitor(browser, studio.address, size, scheme) as visitor:
        for title in TITLES:
            visitor.go(title)
            visitor.picture(f"empty-{title.lower()}-{size}-{scheme}")
            assert visitor.page.title() == f"{title} · XnorNode studio"
            assert visitor.too_wide() == [], title
            assert visitor.findings() == [], title
    assert not studio.data.exists()


def test_by_keys_alone(browser, studio):
    with Visitor(browser, studio.address) as visitor:
        page = visitor.page
        for number, title in enumerate(TITLES, start=1):
            page.keyboard.press(str(number))
            visitor.shown(title.lower())
            assert page.url.endswith(f"/#/{title.lower()}")
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog")
        dialog.wait_for()
        assert "the pages" in dialog.inner_text()
        assert visitor.findings() == []
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        visitor.reload()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
        page.keyboard.press("Enter")
        page.wait_for_function("document.activeElement.id == 'main'")


def test_the_switch_of_colours_outlives_the_page(browser, studio):
    with Visitor(browser, studio.address, scheme="light") as visitor:
        ground = "getComputedStyle(document.body.parentElement).backgroundColor"
        light = visitor.page.evaluate(ground)
        visitor.click("Change between dark and light")
        assert visitor.page.evaluate(ground) != light
        dark = visitor.page.evaluate(ground)
        visitor.reload()
        assert visitor.page.evaluate(ground) == dark


def test_a_page_says_that_the_studio_has_gone_and_goes_on_with_it(browser, tmp_path):
    with StudioProcess(tmp_path / "data") as first, Visitor(browser, first.address) as visitor:
        banner = visitor.page.locator("#banner")
        wait(lambda: banner.is_hidden(), "no warning while the studio runs")
        visitor.quiet()
        visitor.expected("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "/api/about: 403", "/ws")
        first.end(signal.SIGKILL)
        banner.wait_for(state="visible")
        assert "does not answer" in banner.inner_text()
        with StudioProcess(tmp_path / "data", "--http", str(first.port)) as second:
            wait(lambda: "started again" in banner.inner_text(), "what the page says of a new one")
            visitor.page.goto(second.address)
            visitor.settled()
            wait(lambda: banner.is_hidden(), "no warning with the new address")
            visitor.go("Data")
            visitor.page.goto("about:blank")  # it asks for nothing once the studio has ended
