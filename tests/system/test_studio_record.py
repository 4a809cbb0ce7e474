"""The page Record in a real Chromium: by clicks and keys, on two pages, dark, light and narrow."""

import json
from pathlib import Path

import pytest

from tests.lab.recordlab import counting_node
from tests.lab.studiolab import SCHEMES, SIZES, StudioProcess, Visitor, wait
from xnornode.data.recording_folder import kept

HEAR = """() => {
  const stage = document.querySelector(".stage"), said = window.said = new Set();
  new MutationObserver(() => said.add(stage.innerText))
    .observe(stage, {subtree: true, childList: true, characterData: true});
}"""
"""Keeps what the page says of a recording: a busy computer may not see a second's word."""


@pytest.fixture(params=[{"channels": 2, "rate": 100}, {"channels": 1, "rate": 16000}], ids=str)
def studio(request, tmp_path):
    """A studio with a node, of motion or of sound."""
    with (
        counting_node(tmp_path / "node", **request.param) as (_, bridge),
        StudioProcess(tmp_path / "data", "--port", bridge.url) as studio,
    ):
        yield studio


def wish(visitor: Visitor, **fields) -> None:
    """Fill the form in; a name's underscores are blanks."""
    for name, value in fields.items():
        visitor.page.get_by_label(name.replace("_", " "), exact=True).fill(str(value))


def names(data: Path) -> list[str]:
    """Of the recordings, in the order in which they were made."""
    return sorted(r.path.name for r in kept(data))


def see(visitor: Visitor, text: str, exact: bool = False) -> None:
    visitor.page.get_by_text(text, exact=exact).first.wait_for()


def test_by_clicks_and_by_keys(studio, browser):
    data = studio.data
    with Visitor(browser, studio.address) as visitor:
        page = visitor.page
        visitor.go("Record")
        page.locator("canvas.signal").first.wait_for()
        wish(visitor, Label="wave", Group="anna", Seconds=0.5, Repeat=2)
        page.get_by_label("Pause (s)").fill("1")
        page.evaluate(HEAR)
        visitor.click("Start")
        see(visitor, "Done: 2 recordings of wave (anna)")
        assert "begins in 1 s" in page.evaluate("[...said].join()")
        see(visitor, "wave/anna/2.rec")
        assert names(data) == ["1.rec", "2.rec"]
        page.get_by_label("Pause (s)").fill("600")
        page.keyboard.press("Enter")
        see(visitor, "wave (anna), 1 of 2 begins")
        page.locator("h1").click()  # the keys are the page's, not a field's
        for key in ("Space", "r", "Space"):
            if key == "Space":
                see(visitor, "wave (anna), 1 of 2 begins")
            else:
                see(visitor, "Ready", exact=True)
            page.keyboard.press(key)
        see(visitor, "Ready", exact=True)
        page.keyboard.press("z")
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        wait(lambda: names(data) == ["1.rec"], "the bin")
        sounds = page.locator("audio")
        kept_sounds = studio.ask("GET", "/api/record")[2].count(b'"sound": true')
        wait(lambda: sounds.count() == kept_sounds, "one recording on the page")
        if sounds.count():
            length = "a => a.play().then(() => a.duration)"
            assert sounds.first.evaluate(f"a => {{ a.muted = true; return ({length})(a) }}") == 0.5
        page.keyboard.press("?")
        see(visitor, "undo the last recording")


def test_it_can_be_read(studio, browser):
    with Visitor(browser, studio.address) as visitor:
        visitor.go("Record")
        visitor.page.locator("canvas.signal").first.wait_for()
        wish(visitor, Label="wave", Seconds=0.5)
        visitor.page.get_by_label("Pause (s)").fill("0")
        visitor.click("Start")
        see(visitor, "wave/1.rec")
        for size in SIZES:
            visitor.resize(size)
            for scheme in SCHEMES:
                visitor.colours(scheme)
                assert not visitor.findings(), (size, scheme)
            assert visitor.too_wide() == []
        visitor.picture("record-narrow")


def test_two_pages_see_the_same(studio, browser):
    with Visitor(browser, studio.address) as one, Visitor(browser, studio.address) as other:
        for visitor in (one, other):
            visitor.go("Record")
            visitor.page.locator("canvas.signal").first.wait_for()
            wish(visitor, Label="wave", Seconds=600)
            visitor.page.get_by_label("Pause (s)").fill("0")
        one.click("Start")
        see(other, "Recording wave")
        error = studio.ask("POST", "/api/record/start", json.dumps({"label": "rest"}).encode())
        assert error[0] == 400 and b"under way: wave" in error[2]
        one.page.goto("about:blank")  # the page is closed: nothing ends
        state = json.loads(studio.ask("GET", "/api/record")[2])["state"]
        assert state["phase"] == "recording"
        other.click("Stop")
        see(other, "cut short")
        one.page.goto(studio.origin + "/#/record")
        see(one, "cut short")
    assert len([*kept(studio.data)]) == 1
