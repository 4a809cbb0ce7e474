"""The whole loop by clicks: from a blank Pico to an own gesture that it recognises."""

import time

from tests.lab.gestures import gesture
from tests.lab.studio_owner import TIMES, Owner
from tests.lab.studio_process import StudioProcess
from tests.lab.studiolab import Visitor
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050

GESTURES = ("rest", "shake", "circle")
RATE = 25  # Hz
SPEED = 8  # so many times faster than in real time is the Pico while it is recorded


def test_from_a_blank_pico_to_an_own_gesture_by_clicks(browser, pico_firmware, tmp_path):
    begun = time.monotonic()

    def took(what: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s: {what}")

    with (
        EmulatedPico(tmp_path / "flash.bin", sensors=[Mpu6050()], speed=SPEED) as pico,
        StudioProcess(tmp_path / "gestures") as studio,
        Visitor(browser, studio.address) as visitor,
    ):
        owner = Owner(visitor, RATE, lambda label: pico.play("mpu6050", gesture(label)))
        owner.choose_port(pico.url, "does not open yet")  # a blank Pico has its drive alone
        took("page")
        owner.set_up(pico.drive)
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
        visitor.picture("pico-live")
