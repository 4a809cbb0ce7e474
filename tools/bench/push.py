"""A 30 kB model over a 115,200 baud line: `xnornode push` and `mpremote fs cp`, side by side.

    python -m tools.bench.push

To the same emulated Pico, at its REPL and while it classifies, through a bridge (tests.lab.bridge)
that carries 115,200 bits a second each way, ten for a byte, and counts. `mpremote fs cp` needs the
REPL, checks nothing and activates nothing; a push does both.

Where this computer runs the emulator slower than the chip, the line is slowed by the same factor,
and the seconds are divided by it: so the chip has as much time for a byte as at 115,200 baud.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab.bridge import BITS_PER_BYTE, Bridge
from tests.lab.faultlab import LENGTH
from tests.lab.faults import TO_HOST, TO_NODE
from tests.lab.livenode import CHANNELS
from tests.lab.nets import random_model
from tests.lab.powerlab import node_files
from tests.lab.readypico import install, set_up
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.build import build
from xnornode.board import node_library
from xnornode.board.install import Plan
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes

BAUD = 115_200
SIZE = 30_000
RATE_MHZ = 20_000
"""Of the samples in millihertz: 2.5 predictions a second."""
TURNS = 100_000
"""Of an empty loop, by which the emulator's speed is measured."""


@dataclass(frozen=True)
class Result:
    """One way to copy a model: bytes to the node and back, seconds."""

    name: str
    to_node: int
    to_host: int
    seconds: float


def model_of(size: int, seed: int) -> bytes:
    """A model file of at least `size` bytes, hardly more."""
    outputs = 1
    shape = seed, LENGTH, len(CHANNELS), 2
    while len(data := to_bytes(random_model(*shape, (outputs, 64, 7)))) < size:
        outputs += max(1, (size - len(data)) // 24)
    return data


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr, flush=True)


def slowness(pico: EmulatedPico) -> float:
    """How many seconds of this computer a busy second of the chip takes; 1 at least."""
    with Board(pico.url) as board:
        start = time.monotonic()
        encoding = f"import time\nt = time.ticks_us()\nfor i in range({TURNS}): pass\n"
        chip = int(board.run(encoding + "print(time.ticks_diff(time.ticks_us(), t))")) / 1e6
        return max(1.0, (time.monotonic() - start) / chip)


def measure(name: str, pico: EmulatedPico, slow: float, command: Callable[[str], str]) -> Result:
    """Run a command over the metered line. Raises CalledProcessError."""
    with Bridge(("127.0.0.1", pico.port), baud=int(BAUD / slow)) as line:
        start = time.monotonic()
        words = [sys.executable, *shlex.split(command(line.url))]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        seconds = (time.monotonic() - start) / slow
    return Result(name, line.carried[TO_NODE], line.carried[TO_HOST], seconds)


def table(size: int, results: list[Result]) -> str:
    """The results for people: of the line is what it carried of what it can carry."""
    head = f"{'':30}{'bytes to node':>15}{'back':>8}{'seconds':>9}{'of the line':>13}"
    copy, *pushes = results
    rows = [head, row(copy)]
    for push in pushes:
        fewer, faster = copy.to_node / push.to_node, copy.seconds / push.seconds
        rows.append(f"{row(push)}  {fewer:.2f} times fewer bytes, {faster:.1f} times as fast")
    alone, fewer = size * BITS_PER_BYTE / BAUD, copy.to_node / size
    rows.append(f"the model's bytes alone: {alone:.2f} s, {fewer:.2f} times fewer than mpremote's")
    return "\n".join(rows)


def row(result: Result) -> str:
    """A line of the table."""
    share = result.to_node * BITS_PER_BYTE / BAUD / result.seconds
    return (
        f"{result.name:30}{result.to_node:15,}{result.to_host:8,}{result.seconds:9.2f}{share:13.0%}"
    )


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Time a push against mpremote fs cp.")
    parser.add_argument("--bytes", type=int, default=SIZE, help="of the model, default %(default)s")
    options = parser.parse_args(argv)
    models = [model_of(options.bytes, seed) for seed in (1, 2)]
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / f"{seed}.bnn" for seed in (1, 2)]
        for file, data in zip(files, models, strict=True):
            file.write_bytes(data)

        def push(file: Path) -> Callable[[str], str]:
            return lambda url: f"-m xnornode push {file} --port {url}"

        with EmulatedPico(Path(name) / "flash.bin", firmware=build("rp2")) as pico:
            with Board(pico.url) as board:
                install(board, Plan(node_library.files("armv6m")))
            slow = slowness(pico)
            say(f"this computer takes {slow:.1f} s for a second of the chip")
            copy = f"-m mpremote connect {{}} fs cp {files[0]} :m"
            results = [
                measure("mpremote fs cp", pico, slow, copy.format),
                measure("xnornode push, at the REPL", pico, slow, push(files[0])),
            ]
            again = slowness(pico)
            set_up(pico, node_files(realtime=True, rate_mhz=RATE_MHZ), models[0])
            results.append(measure("xnornode push, it classifies", pico, slow, push(files[1])))
            if abs(again - slow) > 0.2 * slow:
                say(f"... and now {again:.1f} s: too uneven, run this again on an idle computer")
    print(f"a model of {len(models[0]):,} bytes over {BAUD:,} baud, to an emulated Pico")
    print(table(len(models[0]), results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
