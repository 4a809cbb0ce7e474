#!/usr/bin/env python3
"""A 30 kB model over a 115,200 baud line: `xnornode push` and `mpremote fs cp`, side by side.

    python tools/bench_push.py

Both talk to the same emulated Pico at its REPL, through a bridge (tests/bridge.py) that carries
115,200 bits a second each way, ten for a byte, and counts. `mpremote fs cp` checks nothing and
activates nothing; a push does both.

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

from emulated_pico import EmulatedPico
from firmware import build
from sources import ROOT

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "host")]

from bridge import BITS_PER_BYTE, Bridge  # type: ignore[import-not-found]  # noqa: E402
from faults import TO_HOST, TO_NODE  # type: ignore[import-not-found]  # noqa: E402
from nets import random_model  # type: ignore[import-not-found]  # noqa: E402
from xnornode.fileformat import to_bytes  # noqa: E402
from xnornode.install import Installer, Plan  # noqa: E402
from xnornode.link import Board  # noqa: E402

BAUD = 115_200
SIZE = 30_000
TURNS = 100_000
"""Of an empty loop, by which the emulator's speed is measured."""
CLI = "from xnornode.cli import main; raise SystemExit(main())"


@dataclass(frozen=True)
class Result:
    """One way to copy a model: bytes to the node and back, seconds."""

    name: str
    to_node: int
    to_host: int
    seconds: float


def model_of(size: int) -> bytes:
    """A model file of at least `size` bytes, hardly more."""
    outputs = 1
    while len(data := to_bytes(random_model(1, 128, 6, 1, (outputs, 16, 7)))) < size:
        outputs += max(1, (size - len(data)) // 110)
    return data


def set_up(pico: EmulatedPico) -> None:
    """The node's library on the board, no program that runs."""
    files = {
        f"/lib/xnornode/{path.name}": path.read_bytes()
        for path in (ROOT / "device" / "xnornode").glob("*.py")
    }
    with Board(pico.url) as board:
        for _ in Installer(board, lambda text: None, lambda *_: None).install(Plan(files)):
            pass


def say(text: str) -> None:
    """One line of talk."""
    print(text, file=sys.stderr, flush=True)


def slowness(pico: EmulatedPico) -> float:
    """How many seconds of this computer a busy second of the chip takes; 1 at least."""
    with Board(pico.url) as board:
        start = time.monotonic()
        code = f"import time\nt = time.ticks_us()\nfor i in range({TURNS}): pass\n"
        chip = int(board.run(code + "print(time.ticks_diff(time.ticks_us(), t))")) / 1e6
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
    rows = [f"{'':16}{'bytes to node':>15}{'bytes back':>12}{'seconds':>9}{'of the line':>13}"]
    for r in results:
        share = r.to_node * BITS_PER_BYTE / BAUD / r.seconds
        rows.append(f"{r.name:16}{r.to_node:15,}{r.to_host:12,}{r.seconds:9.2f}{share:13.0%}")
    copy, push = results
    rows.append(
        f"a push takes {push.to_node / copy.to_node:.0%} of the bytes "
        f"({copy.to_node / push.to_node:.1f} times fewer) and is "
        f"{copy.seconds / push.seconds:.1f} times as fast; "
        f"{size * BITS_PER_BYTE / BAUD:.2f} s would be the model's bytes alone"
    )
    return "\n".join(rows)


def main(argv: list[str] | None = None) -> int:
    """The command. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Time a push against mpremote fs cp.")
    parser.add_argument("--bytes", type=int, default=SIZE, help="of the model, default %(default)s")
    options = parser.parse_args(argv)
    data = model_of(options.bytes)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = folder / "model.bnn"
        model.write_bytes(data)
        with EmulatedPico(folder / "flash.bin", firmware=build("rp2")) as pico:
            set_up(pico)
            slow = slowness(pico)
            say(f"this computer takes {slow:.1f} s for a second of the chip")
            results = [
                measure(name, pico, slow, command)
                for name, command in (
                    ("mpremote fs cp", lambda url: f"-m mpremote connect {url} fs cp {model} :m"),
                    ("xnornode push", lambda url: f"-c {CLI!r} push {model} --port {url}"),
                )
            ]
            again = slowness(pico)
            if abs(again - slow) > 0.2 * slow:
                say(f"... and now {again:.1f} s: too uneven, run this again on an idle computer")
    print(f"a model of {len(data):,} bytes over {BAUD:,} baud, to an emulated Pico at its REPL")
    print(table(len(data), results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
