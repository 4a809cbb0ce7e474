"""The whole loop by clicks: from a blank Pico to an own gesture that it recognises."""

import time

import pytest

from tests.lab.gestures import gesture
from tests.lab.studio_process import StudioProcess, wait
from tests.lab.studiolab import SCHEMES, SIZES, TITLES, Visitor, chromium
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050

GESTURES = ("rest", "shake", "circle")
SPEED = 8  # so many times faster than in real time is the Pico while it is recorded
RATE = 25  # Hz, and short recordings: the Pico is slower than in real time on a busy computer
TIMES = 6  # recordings of each gesture
LONG = 200.0  # seconds for a command, on a busy computer


class Owner:
    """Somebody with a Pico, who clicks."""

    def __init__(self, visitor: Visitor, pico: EmulatedPico) -> None:
        self.visitor, self.page, self.pico = visitor, visitor.page, pico

    def choose_port(self) -> None:
        self.visitor.go("Node")
        self.page.get_by_label("Another port").fill(self.pico.url)
        self.visitor.click("Use this port")
        self.page.get_by_text("in use").first.wait_for()
        self.visitor.picture("node-blank")

    def ended(self, card: str) -> None:
        """Wait until the command that a card shows has ended well."""
        view = self.page.get_by_label(card, exact=True).locator(".job")
        view.first.wait_for()
        state = view.get_by_role("status").first
        wait(lambda: "running" not in state.inner_text() and state.inner_text() != "…", card, LONG)
        assert state.inner_text().startswith("done"), view.inner_text()

    def set_up(self) -> None:
        self.page.get_by_text("More options").click()
        self.page.get_by_label("Drive of the boot loader").fill(str(self.pico.drive))
        self.visitor.click("Set it up")
        self.ended("Set up")
        self.visitor.picture("node-set-up")

    def choose_sensor(self) -> None:
        card = self.page.get_by_label("Sensor", exact=True)
        card.get_by_label("Kind").select_option("mpu6050")
        card.get_by_label("Sample rate").fill(str(RATE))
        card.get_by_role("button", name="Set it", exact=True).click()
        self.ended("Sensor")
        self.visitor.picture("node-sensor")

    def record(self, label: str) -> None:
        self.visitor.go("Record")
        self.pico.play("mpu6050", gesture(label))
        for name, text in (("Label", label), ("Seconds", 2), ("Repeat", TIMES), ("Pause (s)", 0)):
            self.page.get_by_label(name, exact=True).fill(str(text))
        self.visitor.click("Start")
        self.page.get_by_text(f"Recording {label}").first.wait_for()
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
        for option, value in (("Epochs", 20), ("Window", RATE)):
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
        self.pico.play("mpu6050", gesture(label))
        now = self.page.locator(".live-now strong")
        wait(lambda: now.inner_text() == label, f"{label} on the page", LONG)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def test_from_a_blank_pico_to_an_own_gesture_by_clicks(browser, pico_firmware, tmp_path):
    begun = time.monotonic()

    def took(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s: {what}")

    with (
        EmulatedPico(tmp_path / "flash.bin", sensors=[Mpu6050()], speed=SPEED) as pico,
        StudioProcess(tmp_path / "gestures") as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        owner = Owner(visitor, pico)
        owner.choose_port()
        took("page")
        owner.set_up()
        took("set up")
        owner.choose_sensor()
        took("sensor")
        for label in GESTURES:
            owner.record(label)
            took(f"recorded {label}")
        files = sorted(path.name for path in (tmp_path / "gestures" / "shake").rglob("*.rec"))
        assert files == [f"{n}.rec" for n in range(1, TIMES + 1)]
        owner.train("moves")
        took("trained")
        owner.push("moves")
        took("pushed")
        for label in ("shake", "circle"):
            owner.recognised(label)
            took(f"saw {label}")
        for size in SIZES:
            visitor.resize(size)
            for scheme in SCHEMES:
                visitor.colours(scheme)
                for title in TITLES:
                    visitor.go(title)
                    visitor.picture(f"full-{title.lower()}-{size}-{scheme}")
                    assert not visitor.too_wide(), (title, size)
                    assert visitor.findings() == [], (title, size, scheme)
        took("looked at all pages")
