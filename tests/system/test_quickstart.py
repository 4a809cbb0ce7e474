"""The quickstart as it stands: from a blank Pico to what it says of its owner's own recordings."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.lab import documents
from tests.lab.gestures import gesture
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050

COMMAND = str(Path(sys.executable).parent / "xnornode")
PAGE = "quickstart.md"
SPEED = 8  # so many times faster than in real time is the Pico while it is recorded
LINES = 20  # of `xnornode monitor`, in which the gesture must come
PATIENCE = 200  # seconds for a command, on a busy computer


def page_commands() -> list[list[str]]:
    """The commands of `xnornode` on the page, in their order."""
    blocks = [b for b in documents.blocks() if b.page.name == PAGE and b.language == "sh"]
    lines = [shlex.split(line) for block in blocks if block.tested for line in block.commands]
    return [words[1:] for words in lines if words[0] == "xnornode"]


class Owner:
    """Somebody who follows the page, with a Pico whose port and drive are named for them."""

    def __init__(self, pico: EmulatedPico, folder: Path, firmware: Path) -> None:
        self.pico, self.folder = pico, folder
        self.environment = {**os.environ, "XNORNODE_PORT": pico.url}
        self.more = {
            "flash": ["--drive", str(pico.drive), "--firmware", str(firmware)],
            "record": ["--pause", "0"],  # nobody has to get ready
            "monitor": ["--format", "text"],  # as on a terminal
        }

    def give(self, words: list[str]) -> None:
        """Give one command of the page, and do what the page says meanwhile."""
        name = words[0]
        if name == "record":
            self.pico.play("mpu6050", gesture(words[words.index("--label") + 1]))
            self.pico.set_speed(SPEED)
        done = subprocess.run(
            [COMMAND, *words, *self.more.get(name, [])],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        self.pico.set_speed(1)

    def look(self, words: list[str], label: str) -> list[str]:
        """Follow the node until a gesture that is made from its first line on is detected."""
        self.pico.set_speed(SPEED)
        command = [COMMAND, *words, *self.more["monitor"]]
        seen: list[str] = []
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            for line in process.stdout:
                if not seen:
                    self.pico.play("mpu6050", gesture(label))
                seen.append(line)
                if ("detected" in line and label in line) or len(seen) == LINES:
                    break
            process.send_signal(signal.SIGINT)
        return seen


def test_from_a_blank_pico_to_events_of_an_own_recording(pico_firmware, tmp_path):
    commands = page_commands()
    names = list(dict.fromkeys(words[0] for words in commands))
    assert names == ["flash", "sensor", "record", "train", "push", "monitor"]
    *before, monitor = commands
    with EmulatedPico(tmp_path / "flash.bin", sensors=[Mpu6050()]) as pico:
        assert pico.drive.is_dir(), "a blank Pico shows its drive"
        owner = Owner(pico, tmp_path, pico_firmware)
        for words in before:
            owner.give(words)
        for label in ("shake", "circle"):
            seen = owner.look(monitor, label)
            assert "detected" in seen[-1] and label in seen[-1], seen
