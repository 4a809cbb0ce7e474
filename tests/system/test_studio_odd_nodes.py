"""A node that sends odd lines: the pages show text as text, and go on."""

from tests.lab.odd_node import OddNode
from tests.lab.studio_process import StudioProcess, wait
from tests.lab.studiolab import TITLES, Visitor

GAP = 0.001  # seconds from one line to the next: a page takes them even faster


def test_each_odd_line_on_some_page(browser, tmp_path):
    with (
        OddNode(gap=GAP) as node,
        StudioProcess(tmp_path / "data", "--port", node.url) as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        visitor.expected(": 400")  # what such a node is asked fails
        for title in TITLES:
            visitor.go(title)
            end = node.sent + node.kinds // len(TITLES) + 1
            wait(lambda end=end: node.sent >= end, f"odd lines up to {end}")
            assert visitor.page.title().startswith(title)
        assert not visitor.page.locator("img[src=x]").count()
        assert "Traceback" not in studio.text
        about = visitor.page.evaluate("fetch('/api/about').then((a) => a.json())")
        assert about["node"]["port"] == node.url
    assert "has ended" in studio.text
