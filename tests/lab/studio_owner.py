"""Somebody who does the whole loop on the studio's pages, by clicks."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.lab.studio_process import wait
from tests.lab.studiolab import SCHEMES, SIZES, TITLES, Visitor

WINDOW = 25  # samples
RECORDING = 2 * WINDOW  # samples: short ones, as an emulated Pico is slow on a busy computer
TIMES = 6  # recordings of each gesture
LONG = 200.0  # seconds for a command, on a busy computer


class Owner:
    """Clicks. rate: samples a second; moves(label): the sensor is moved so from now on."""

    def __init__(self, visitor: Visitor, rate: int, moves: Callable[[str], object]) -> None:
        self.visitor, self.page, self.moves = visitor, visitor.page, moves
        self.rate = rate

    def choose_port(self, url: str, state: str = "in use") -> None:
        """Name a port by hand. state: what the page says of it then."""
        self.visitor.go("Node")
        self.page.get_by_label("Another port").fill(url)
        self.visitor.click("Use this port")
        row = self.page.get_by_role("listitem").filter(has_text=url)
        row.get_by_text(state, exact=True).wait_for()

    def ended(self, card: str) -> None:
        """Wait until the command that a card shows has ended well."""
        view = self.page.get_by_label(card, exact=True).locator(".job")
        view.first.wait_for()
        state = view.get_by_role("status").first
        wait(lambda: "running" not in state.inner_text() and state.inner_text() != "…", card, LONG)
        assert state.inner_text().startswith("done"), view.inner_text()

    def set_up(self, drive: Path) -> None:
        self.page.get_by_text("More options").click()
        self.page.get_by_label("Drive of the boot loader").fill(str(drive))
        self.visitor.click("Set it up")
        self.ended("Set up")
        self.visitor.picture("node-set-up")

    def choose_sensor(self) -> None:
        card = self.page.get_by_label("Sensor", exact=True)
        card.get_by_label("Kind").select_option("mpu6050")
        card.get_by_label("Sample rate").fill(str(self.rate))
        card.get_by_role("button", name="Set it", exact=True).click()
        self.ended("Sensor")
        self.visitor.picture("node-sensor")

    def record(self, label: str) -> None:
        self.visitor.go("Record")
        self.moves(label)
        seconds = RECORDING / self.rate
        fields = {"Label": label, "Seconds": seconds, "Repeat": TIMES, "Pause (s)": 0}
        for name, text in fields.items():
            self.page.get_by_label(name, exact=True).fill(str(text))
        self.visitor.click("Start")
        begun = re.compile(f"^(Recording|Done: {TIMES} recordings of) {label}")
        self.page.get_by_text(begun).first.wait_for()
        if label == "shake":
            self.visitor.picture("record")
        self.visitor.go("Models")  # it goes on, whichever page is open
        state = "fetch('/api/record').then((a) => a.json()).then((about) => about.state)"
        ended = ("idle", "done")
        wait(lambda: self.page.evaluate(state)["phase"] in ended, "recordings", LONG)
        assert not (problem := self.page.evaluate(state)["problem"]), problem
        self.visitor.go("Record")
        self.page.get_by_text(f"Done: {TIMES} recordings of {label}").wait_for()

    def train(self, name: str) -> None:
        self.visitor.go("Train")
        self.page.get_by_label("Name", exact=True).fill(name)
        self.page.get_by_text("Quick: try no other networks").click()
        for option, value in (("Epochs", 20), ("Window", WINDOW)):
            self.page.get_by_label(option, exact=True).filter(visible=True).fill(str(value))
        self.visitor.picture("train-form")
        self.visitor.click("Start training")
        report = self.page.get_by_label(f"Report of {name}", exact=True)
        problem = self.page.get_by_role("alert").filter(visible=True)
        wait(lambda: report.count() or problem.count(), "the report", LONG)
        assert report.count(), problem.first.inner_text()
        self.visitor.picture("train-report")

    def push(self, name: str) -> None:
        self.visitor.click("Push to the node")
        toast = self.page.get_by_text(f"{name} runs on the node")
        problem = self.page.get_by_role("alert").filter(visible=True)
        wait(lambda: toast.count() or problem.count(), "the push", LONG)
        assert toast.count(), problem.first.inner_text()

    def recognised(self, label: str) -> None:
        self.visitor.go("Live")
        self.moves(label)
        now = self.page.locator(".live-now strong")
        wait(lambda: now.inner_text() == label, f"{label} on the page", LONG)
        self.page.locator(".legend li").first.wait_for()  # there is a signal, too

    def look_over(self) -> None:
        """Have `doctor` look at the node, and wait for what it has found."""
        self.visitor.go("Node")
        self.visitor.click("Look it over")
        card = self.page.get_by_label("What is wrong?", exact=True)
        state = card.get_by_role("status")
        wait(lambda: state.count() and state.inner_text() not in ("", "Looking …"), "doctor", LONG)
        assert card.get_by_role("listitem").count() > 1, card.inner_text()
        self.visitor.picture("node-doctor")

    def look_at_recordings(self, count: int) -> None:
        """Open one of so many recordings on the page Data."""
        self.visitor.go("Data")
        self.page.get_by_text(f"{count} files").first.wait_for()
        self.page.get_by_role("button", name="Open").first.click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_text("samples").first.wait_for()
        self.visitor.picture("data-opened")
        dialog.get_by_role("button", name="Close").click()

    def that_was_wrong(self, label: str) -> None:
        """Keep what the node has just felt as a recording of a class."""
        self.visitor.click("That was wrong")
        self.page.get_by_label("Right label").fill(label)
        self.page.get_by_label("Seconds", exact=True).fill("1")
        self.visitor.picture("live-wrong")
        self.page.get_by_role("button", name="Keep").click()
        self.page.get_by_text("the next training has it").wait_for()

    def look_at_all(self, name: str) -> None:
        """Each page in each size and colours: it fits, and is for everybody."""
        for size in SIZES:
            self.visitor.resize(size)
            for title in TITLES:
                self.visitor.go(title)
                for scheme in SCHEMES:
                    self.visitor.colours(scheme)
                    self.visitor.picture(f"{name}-{title.lower()}-{size}-{scheme}")
                    assert not (wide := self.visitor.too_wide()), (title, size, wide)
                    assert not (found := self.visitor.findings()), (title, size, scheme, found)
