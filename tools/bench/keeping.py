"""What a node loses by keeping windows in its flash: nothing; and what it takes of RAM and time.

    python -m tools.bench.keeping

On the emulated Pico, with flash that is said to stand more erases than a chip's, so that a window
is kept each second. Each window is compared with what was played, bit for bit. By the chip's clock:
the computer does not matter.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.lab.keeping_pico import Keeping, keep
from tests.lab.readypico import library_flash
from tests.lab.samplinglab import Kind, motion, sound
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.build import build
from xnornode.link.repl import Board

WINDOWS = 3
SPEED = 4  # so many times faster than in real time the Pico sleeps
CODE = """
import gc, xnornode
gc.collect()
before = gc.mem_free()
import xnornode.kept, xnornode.keeper
gc.collect()
print(before - gc.mem_free())
"""


def row(name: str, found: Keeping) -> str:
    """A line of the table."""
    outcome, kind = found.outcome, found.outcome.kind
    differ = len(found.windows) - len(found.places())
    buffer = 2 * kind.window * len(kind.channels)
    size = found.facts.written // found.facts.windows
    fetched = found.fetch_ms / len(found.windows) / 1000
    return (
        f"{name:30}{outcome.count:9,}{outcome.overruns:6,}{len(found.windows):9,}{differ:8,}"
        f"{size:10,}{buffer:10,}{outcome.longest:12,}{fetched:12.2f}"
    )


def main() -> int:
    """The command. Returns the exit status."""
    firmware = build("rp2")
    with tempfile.TemporaryDirectory() as folder:
        with (
            EmulatedPico(library_flash(firmware, Path(folder) / "flash.bin")) as pico,
            Board(pico.url) as board,
        ):
            print(f"code                          {int(board.run(CODE)):,} bytes of RAM\n")
        print(
            f"{'':30}{'samples':>9}{'lost':>6}{'windows':>9}{'differ':>8}{'bytes':>10}"
            f"{'RAM':>10}{'longest, ms':>12}{'fetch, s':>12}"
        )
        kinds: dict[str, Kind] = {
            "MPU6050 at 100 Hz": motion(),
            "sound at 16 kHz, 0.1 s": sound(),
            "sound at 16 kHz, 1 s": replace(sound(), window=16_000),
        }
        for name, kind in kinds.items():
            place = Path(folder) / name.replace(" ", "-")
            place.mkdir()
            print(row(name, keep(kind, firmware, place, WINDOWS, SPEED)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
