"""What a sample costs on the emulated Pico: `Classifier.feed` and `feed_block`, in microseconds.

The classification is left out. What the window holds afterwards is compared with the twin's. Then
what sound costs, whose frames are computed as samples come (tools/bench/feed_sound.py).
125 MHz, memory that never waits: a real Pico fetches code from flash through a cache.
Exit status 0; 1 where a bar is not met, a window is wrong, or a tool is missing; 2 for wrong usage.
"""

import argparse
import sys
import tempfile
from binascii import crc32
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.lab.readypico import install
from tools.bench.feed_sound import HEAD, heard
from tools.bench.fit_networks import network
from tools.emulators.emulated_pico import EmulatedPico, EmulatorError
from tools.firmware.build import BuildError, build
from xnornode.board import node_library
from xnornode.board.install import Plan
from xnornode.errors import XnorNodeError
from xnornode.link.repl import Board
from xnornode.model import window as window_twin
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Thermometer
from xnornode.model.model import Window

BLOCK = 64  # samples
TIMES = 512
WINDOWS = {6: (256, 128), 1: (2048, 1024)}  # length and hop by channels: motion, and sound

SETUP = """
import gc, machine, time
from array import array
from binascii import crc32
from xnornode import Classifier
class Pretend:
    pass
def feed(given, times):
    clf = classifier
    for _ in range(times):
        clf.feed(given)
def feed_block(given, times):
    clf = classifier
    for _ in range(times):
        clf.feed_block(given)
def nothing(given, times):
    for _ in range(times):
        pass
def spent(function, given, times):
    gc.collect()
    state = machine.disable_irq()
    start = time.ticks_us()
    function(given, times)
    end = time.ticks_us()
    machine.enable_irq(state)
    return time.ticks_diff(end, start)
def prepare(n, scale):
    global classifier, sample, block, channels
    channels = n
    clf = classifier = Classifier('/feed%d.bnn' % channels)
    if scale:
        sensor = Pretend()
        sensor.channels, sensor.scales = clf.model.channels, (scale,) * channels
        clf.use(sensor)
    clf.window.on_complete = gc.enable # it does nothing: what is timed ends here
    block = array('h', [(37 * i * i) % 60_001 - 30_000 for i in range(BLOCK * channels)])
    sample = tuple(block[:channels])
def measure(function, given, times):
    us = (spent(function, given, times) - spent(nothing, given, times)) / times
    held = bytes(memoryview(classifier.window))[: 2 * classifier.window.at * channels]
    print(us, crc32(held), classifier.window.saturated)
"""


@dataclass(frozen=True)
class Cost:
    """Microseconds of a sample, and at most how many it may take."""

    name: str
    microseconds: float
    most: float

    @property
    def met(self) -> bool:
        """Whether it is no more."""
        return self.microseconds <= self.most


# Name, channels, the sensor's scale (0: none is used), what is called, samples of a call, the bar.
CASES = (
    ("a tuple of 6", 6, 0, "feed", "sample", 1, 12.0),
    ("a tuple of 6, converted", 6, 750, "feed", "sample", 1, 12.0),
    ("blocks of 64 x 6", 6, 0, "feed_block", "block", BLOCK, 0.3),
    ("blocks of 64 x 6, converted", 6, 750, "feed_block", "block", BLOCK, 1.0),
    ("blocks of 64 x 1", 1, 0, "feed_block", "block", BLOCK, 0.15),
    ("blocks of 64 x 1, converted", 1, 750, "feed_block", "block", BLOCK, 1.0),
)


def models() -> dict[str, bytes]:
    """Files of models with 6 channels and with 1, whose scale is 1000 billionths a count."""
    found = {}
    for channels in WINDOWS:
        names = tuple(f"x{i} (g)" for i in range(channels))
        length, _, hop = _shape(channels)
        window = Window(names, length, hop, 0, (1000,) * channels)
        encoding = Thermometer(np.zeros((channels, 1), np.int16))
        found[f"/feed{channels}.bnn"] = to_bytes(network(Raw(), encoding, window, [], 2))
    return found


def _shape(channels: int) -> tuple[int, int, int]:
    length, hop = WINDOWS[channels]
    return length, channels, hop


def expected(channels: int, scale: int, samples: int, times: int) -> tuple[int, int]:
    """What a window must hold after it, as a CRC, and how many values must have been clipped."""
    ratio = (3, 2) if scale else (1, 0)  # of 750 to 1000
    window = window_twin.Window(*_shape(channels), [ratio] * channels)
    i = np.arange(BLOCK * channels)
    block = ((37 * i * i) % 60_001 - 30_000).astype(np.int16).reshape(BLOCK, channels)[:samples]
    for _ in range(times):
        taken = 0
        while taken < samples:
            taken += window.fill(block, taken)
    return crc32(window.samples.astype("<i2").tobytes()), window.saturated


def costs(board: Board) -> Iterator[Cost]:
    """Each of CASES, on a board without the library. Raises RuntimeError for a wrong window."""
    install(board, Plan({**node_library.files("armv6m"), **models()}))
    board.clear()
    board.run(f"BLOCK = {BLOCK}\n" + SETUP)
    for name, channels, scale, method, given, samples, most in CASES:
        board.run(f"prepare({channels}, {scale})")
        times = TIMES if samples == 1 else TIMES // 8
        took, *held = board.run(f"measure({method}, {given}, {times})").split()
        if (int(held[0]), int(held[1])) != expected(channels, scale, samples, times):
            raise RuntimeError(f"{name}: the window is another than the twin's")
        yield Cost(name, float(took) / samples, most)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(argv)
    met = True
    try:
        firmware = build("rp2")
        print("| on the emulated Pico, 125 MHz     | us a sample |  bar |")
        print("|-----------------------------------|------------:|-----:|")
        with tempfile.TemporaryDirectory() as folder:
            flash = Path(folder, "flash.bin")
            with EmulatedPico(flash, firmware=firmware) as pico, Board(pico.url) as board:
                for cost in costs(board):
                    said = "met" if cost.met else "not met"
                    print(f"| {cost.name:<33} | {cost.microseconds:11.3f} | {cost.most}: {said} |",
                          flush=True)  # fmt: skip
                    met = met and cost.met
                print(f"\n{HEAD}")
                for sound in heard(board):
                    print(sound.row(), flush=True)
                    met = met and sound.met
    except (BuildError, EmulatorError, OSError, RuntimeError, XnorNodeError) as error:
        print(f"feed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nfeed: stopped", file=sys.stderr)
        return 1
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
