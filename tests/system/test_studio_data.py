"""500 recordings of 10 s on the Data page: looked at, put away, brought back."""

import pytest

from tests.lab.many_recordings import CYCLES, write_recordings
from tests.lab.studio_process import StudioProcess, wait
from tests.lab.studiolab import SIZES, Visitor

LONG = 120.0  # seconds for what reads all recordings, on a busy computer


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "data"
    assert write_recordings(folder, tuple(CYCLES), groups=10, each=10, seconds=10.0) == 500
    with StudioProcess(folder) as process:
        yield process


def text(visitor: Visitor) -> str:
    return visitor.page.locator("main").inner_text()


@pytest.mark.parametrize("size", SIZES)
def test_all_are_counted_and_shown(browser, studio, size):
    with Visitor(browser, studio.address, size) as visitor:
        visitor.go("Data")
        wait(lambda: "500 files" in text(visitor), "500 recordings", LONG)
        assert "5 classes" in text(visitor)
        visitor.picture(f"data-500-{size}")
        assert visitor.too_wide() == []
        assert visitor.findings() == []


def test_one_is_opened_and_the_next(browser, studio):
    with Visitor(browser, studio.address) as visitor:
        visitor.go("Data")
        wait(lambda: "500 files" in text(visitor), "500 recordings", LONG)
        visitor.page.get_by_role("button", name="Open").first.click()
        dialog = visitor.page.get_by_role("dialog")
        dialog.wait_for()
        wait(lambda: "10.0 s" in dialog.inner_text(), "its length")
        visitor.picture("data-opened")
        assert visitor.findings() == []
        before = dialog.inner_text()
        visitor.page.keyboard.press("n")
        wait(lambda: dialog.inner_text() != before, "the next one")
        visitor.page.keyboard.press("Escape")
        dialog.wait_for(state="detached")


def test_what_is_understood_and_the_map(browser, studio):
    with Visitor(browser, studio.address) as visitor:
        visitor.go("Data")
        visitor.follow("What is understood", "data/understood")
        table = visitor.page.get_by_role("table").filter(has_text="person 10")
        table.first.wait_for(timeout=1000 * LONG)
        assert "A training would take these data" in text(visitor)
        visitor.picture("data-understood")
        assert visitor.findings() == []
        visitor.follow("Feature map", "data/map")
        visitor.page.locator("main canvas.map").wait_for(timeout=1000 * LONG)
        visitor.picture("data-map")
        assert visitor.findings() == []


def test_a_class_is_deleted_and_brought_back(browser, studio):
    files = sorted(studio.data.glob("tap/*/*.rec"))
    with Visitor(browser, studio.address) as visitor:
        visitor.go("Data")
        wait(lambda: "500 files" in text(visitor), "500 recordings", LONG)
        visitor.page.get_by_label("Search names").fill("tap")
        wait(lambda: "100 files" in text(visitor), "those of one class", LONG)
        visitor.quiet()
        visitor.click("Choose all")
        wait(lambda: "100 chosen" in text(visitor), "all of them")
        visitor.click("Delete")
        visitor.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        wait(lambda: not [*studio.data.glob("tap/*/*.rec")], "the class is gone", LONG)
        wait(lambda: "400 files" in text(visitor), "what is left", LONG)
        visitor.page.get_by_role("button", name="Undo").click()
        wait(lambda: sorted(studio.data.glob("tap/*/*.rec")) == files, "all are back", LONG)
        wait(lambda: "500 files" in text(visitor), "500 recordings", LONG)
