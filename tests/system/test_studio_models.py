"""The pages Train and Models in a real Chromium: a killed training goes on, models side by side."""

import json
import os
import re
import signal

from tests.lab.gesture_folder import write_gestures
from tests.lab.studiolab import StudioProcess, Visitor, wait


def epoch(visitor: Visitor) -> int:
    """The last epoch that the page tells."""
    told = visitor.page.locator("[data-says=curves]")
    found = re.match(r"epoch (\d+) of", told.inner_text()) if told.count() else None
    return int(found[1]) if found else 0


def job(data) -> dict:
    """The newest job."""
    *_, last = sorted((data / ".studio" / "jobs").iterdir())
    return json.loads((last / "job.json").read_text())


def fill(visitor: Visitor, name: str, epochs: str) -> None:
    visitor.page.get_by_label("Name", exact=True).fill(name)
    visitor.page.get_by_label("Epochs", exact=True).fill(epochs)
    visitor.page.get_by_label("Quick: try no other networks").check()
    visitor.page.locator("code.command", has_text=f"--name {name}").wait_for()


def test_a_killed_training_goes_on_and_models_stand_side_by_side(browser, tmp_path):
    data = write_gestures(tmp_path / "gestures", "abc", 1)
    with (
        StudioProcess(data) as studio,
        Visitor(browser, studio.address, "narrow", "dark") as visitor,
    ):
        page = visitor.page
        visitor.go("Train")
        page.get_by_text("Then the chosen one is trained").wait_for()
        assert not visitor.findings()
        assert visitor.too_wide() == []
        fill(visitor, "long", "30000")
        visitor.click("Start training")
        wait(lambda: epoch(visitor) > 3, "curves")
        assert not visitor.findings()
        os.killpg(job(data)["pid"], signal.SIGKILL)
        page.get_by_text("was killed").first.wait_for()
        before = epoch(visitor)
        visitor.reload()
        visitor.click("Go on with: training of long")
        wait(lambda: epoch(visitor) > before, "an epoch behind those of before")
        assert job(data)["argv"][-1] == "--resume"
        visitor.click("Stop")
        page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("What was trained is kept: it can go on.").wait_for()
        for name in ("one", "two"):
            visitor.click("New training")
            fill(visitor, name, "6")
            visitor.click("Start training")
            page.get_by_label(f"Report of {name}", exact=True).wait_for()
        assert not visitor.findings()
        visitor.follow("Compare models", "models")
        for name in ("one", "two"):
            page.get_by_label(f"compare {name}", exact=True).check()
        page.get_by_label("Side by side", exact=True).wait_for()
        assert page.get_by_text("not done").count() == 1
        assert not visitor.findings()
        assert visitor.too_wide() == []
        visitor.picture("models")
