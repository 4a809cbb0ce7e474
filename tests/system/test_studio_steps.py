"""Steps of the page Data by clicks: import, look, cut, relabel, delete, bring back, undo; sound."""

import re
from pathlib import Path

from playwright.sync_api import Locator

from tests.lab.recordlab import counting_node
from tests.lab.studio_files import choose, drop, wav, zip_of_images
from tests.lab.studiolab import StudioProcess, Visitor, wait
from tests.lab.tables import MOVES, series_csv
from xnornode.data.recording_folder import kept

ROWS = 200  # of each recording: 4 s


def samples(data: Path) -> dict[str, int]:
    """How many each recording has, by LABEL/GROUP/NAME."""
    return {str(r.path.relative_to(data)): r.samples for r in kept(data)}


def sees(visitor: Visitor, count: int) -> None:
    """Wait until the page Data lists so many files, and shows them."""
    tiles = visitor.page.get_by_role("button", name=re.compile("^Open "))
    wait(lambda: tiles.count() == count, f"{count} files on the page")


def take_in(visitor: Visitor) -> None:
    """Click on the Import of files that were read, and wait for its end."""
    card = visitor.page.get_by_label("Import", exact=True)
    card.get_by_text("would be added").first.wait_for()
    card.get_by_role("button", name=re.compile("^Import [0-9]+ file")).first.click()
    card.wait_for(state="detached")


def agree(visitor: Visitor, done) -> None:
    """Wait for `done`, and say yes to a question before it, if one is asked."""
    sure = visitor.page.get_by_role("dialog").get_by_role("button", name=re.compile("Delete|bin"))

    def over() -> bool:
        if not done() and sure.count() == 1 and sure.is_visible():
            sure.click()
        return done()

    wait(over, "what was agreed to")


def opened(visitor: Visitor, name: str, has: str = "sample rate") -> Locator:
    """Click on the first file of this name; the dialog with it in full."""
    visitor.page.get_by_role("button", name=f"Open {name}").first.click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_text(has, exact=True).first.wait_for()
    return dialog


def click_a_point(visitor: Visitor) -> None:
    """Go over the map until the hand shows that a point is under it, and click."""
    canvas = visitor.page.get_by_role("application", name=re.compile("^Map of"))
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    for y in range(5, int(box["height"]), 20):
        for x in range(5, int(box["width"]), 20):
            visitor.page.mouse.move(box["x"] + x, box["y"] + y)
            if canvas.evaluate("canvas => canvas.style.cursor") == "pointer":
                visitor.page.mouse.click(box["x"] + x, box["y"] + y)
                visitor.page.get_by_role("dialog").get_by_text("sample rate").first.wait_for()
                return
    raise AssertionError("no point was found on the map")


def undo(visitor: Visitor, data: Path, before: dict[str, int]) -> None:
    """Press Ctrl+Z and wait until the data are as before, and the page shows that."""
    button = visitor.page.get_by_role("button", name=re.compile("^Undo: "))
    button.wait_for()
    change = button.get_attribute("aria-label")
    visitor.page.locator("h1").click()  # the keys are the page's, not a field's
    visitor.page.keyboard.press("Control+z")
    wait(lambda: samples(data) == before, "what was undone")
    wait(lambda: button.get_attribute("aria-label") != change, "the change before it")
    sees(visitor, len(before))


def test_the_data_are_imported_changed_and_brought_back(browser, tmp_path):
    table = series_csv(tmp_path / "moves.csv", rows=ROWS, people=("ann", "bob", "cat"))
    more = series_csv(tmp_path / "more.csv", rows=ROWS, people=("dan",))
    with StudioProcess(tmp_path / "data") as studio, Visitor(browser, studio.address) as visitor:
        page, data = visitor.page, studio.data
        visitor.go("Data")
        choose(page, "Import files", table)
        take_in(visitor)
        sees(visitor, 6)
        drop(page, more)
        take_in(visitor)
        sees(visitor, 8)
        before = samples(data)
        people = ("ann", "bob", "cat", "dan")
        assert before == {f"{move}/{name}/1.rec": ROWS for move in MOVES for name in people}

        visitor.follow("What is understood", "data/understood")
        page.get_by_text("A training would take these data").wait_for()
        table = page.get_by_role("table").filter(has_text="walk").first
        assert table.get_by_role("row").count() >= 3, table.inner_text()

        visitor.follow("Feature map", "data/map")
        click_a_point(visitor)
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        visitor.follow("Recordings", "data")

        dialog = opened(visitor, "still / ann")
        dialog.get_by_label("End of the range in s", exact=True).fill("2")
        dialog.get_by_label("End of the range in s", exact=True).press("Tab")
        dialog.get_by_text("The range is 0 to 2 s").wait_for()
        dialog.get_by_role("button", name="Cut to the range").click()
        cut = sorted([100, *[ROWS] * (len(before) - 1)])
        wait(lambda: sorted(samples(data).values()) == cut, "the shorter recording in its place")
        dialog.wait_for(state="detached")
        undo(visitor, data, before)

        dialog = opened(visitor, "walk / bob")
        dialog.get_by_label("Label", exact=True).fill("run")
        dialog.get_by_role("button", name="Change", exact=True).click()
        moved = {name.replace("walk/bob", "run/bob"): count for name, count in before.items()}
        wait(lambda: samples(data) == moved, "the new label")
        dialog.wait_for(state="detached")
        undo(visitor, data, before)

        away = ("walk/cat/1.rec", "walk/dan/1.rec")
        left = {name: count for name, count in before.items() if name not in away}
        for back in ("Ctrl+Z", "the bin"):
            for name in away:
                page.get_by_label(f"Choose {name}", exact=True).check()
            bar = page.get_by_label("What is chosen", exact=True)
            bar.get_by_text("2 chosen").wait_for()
            bar.get_by_role("button", name="Delete").click()
            agree(visitor, lambda: samples(data) == left)
            sees(visitor, len(left))
            if back == "Ctrl+Z":
                undo(visitor, data, before)
        page.get_by_role("link", name=re.compile("^Bin")).click()
        visitor.shown("data/bin")
        for name in away:
            bring = page.get_by_role("button", name=f"Bring back {name}", exact=True)
            bring.click()
            wait(lambda name=name: name in samples(data), f"{name} is back")
            bring.wait_for(state="detached")
        wait(lambda: samples(data) == before, "the data as before")


def test_sound_and_images_are_dropped_and_seen(browser, tmp_path):
    for number in (1, 2):
        wav(tmp_path / "sounds" / "low" / f"{number}.wav", 300.0 * number)
        wav(tmp_path / "sounds" / "high" / f"{number}.wav", 1500.0 * number)
    packed = zip_of_images(tmp_path / "pictures.zip", ("light", "dark"), 2)
    with (
        counting_node(tmp_path / "node", channels=1, rate=16000) as (_, bridge),
        StudioProcess(tmp_path / "data", "--port", bridge.url) as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        page = visitor.page
        visitor.go("Record")
        page.get_by_role("img", name=re.compile("^spectrogram")).wait_for()
        level = page.get_by_role("meter", name=re.compile("^level of the sound"))
        wait(lambda: level.evaluate("meter => meter.value > meter.min"), "a level of the sound")

        visitor.go("Data")
        choose(page, "Import a folder", tmp_path / "sounds")
        take_in(visitor)
        sees(visitor, 4)
        dialog = opened(visitor, "low")
        sound = dialog.get_by_label(re.compile("^Play "))
        play = "a => { a.muted = true; return a.play().then(() => a.duration) }"
        assert sound.evaluate(play) == 1.0
        dialog.get_by_role("button", name="Close").click()

        drop(page, packed)
        take_in(visitor)
        sees(visitor, 8)
        dialog = opened(visitor, "dark", "kind")
        picture = dialog.get_by_role("img", name=re.compile("^dark"))
        wait(lambda: picture.evaluate("i => i.complete && i.naturalWidth") == 16, "the image")
