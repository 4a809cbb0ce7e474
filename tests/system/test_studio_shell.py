"""The frame around the studio's pages: names of pages, addresses, and pages that do not come."""

from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor


def test_what_was_typed_stays_where_the_same_page_is_asked_for(browser, tmp_path):
    with StudioProcess(tmp_path / "data") as studio, Visitor(browser, studio.address) as visitor:
        port = visitor.page.get_by_label("Another port")
        port.fill("socket://127.0.0.1:1")
        visitor.go("Node")  # the page's other address
        assert port.input_value() == "socket://127.0.0.1:1"


def test_skip_to_the_page_stays_on_it(browser, tmp_path):
    with StudioProcess(tmp_path / "data") as studio, Visitor(browser, studio.address) as visitor:
        visitor.go("Models")
        visitor.page.get_by_role("link", name="Skip to the page").press("Enter")
        assert visitor.page.evaluate("document.activeElement.id") == "main"
        assert visitor.page.url.endswith("#/models")
        assert visitor.page.title().startswith("Models")


def test_a_page_that_does_not_come_is_said_and_comes_with_the_next_click(browser, tmp_path):
    with StudioProcess(tmp_path / "data") as studio, Visitor(browser, studio.address) as visitor:
        visitor.page.route("**/web/pages/data.js*", lambda route: route.abort("connectionrefused"))
        link = visitor.page.get_by_role("navigation").get_by_role("link", name="Data", exact=True)
        link.click()
        visitor.page.get_by_text("The page Data could not be loaded").wait_for()
        visitor.expected("ERR_CONNECTION_REFUSED")
        visitor.page.unroute("**/web/pages/data.js*")
        visitor.go("Data")
