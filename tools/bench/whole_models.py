"""Whole models on the emulated Pico: microseconds of `predict`, MicroPython's call included.

First the counts of tools/bench/kernels.py are compared with two other interpreters of the same
machine code, our emulated Pico's and rp2040js's: they must be equal. Then the Pico's firmware is
built, and each network is timed on it: a tiny one, those of tools/bench/cases.py, and the models
that are named. 125 MHz, memory that never waits: a real Pico fetches code from flash through a
cache.
Exit status 0; 1 where counts or predictions differ, or a tool is missing; 2 for wrong usage.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.bench.cases import ONE_BIT, layers, models
from tools.bench.fit_networks import Case, network
from tools.emulators.emulated_pico import (
    EMULATOR,
    EmulatedPico,
    EmulatorError,
    install_package,
    node_command,
)
from tools.emulators.unicorn_core import (
    ARMV6M,
    END,
    FLASH,
    FLASH_SIZE,
    INPUT,
    MODEL,
    SCORES,
    SCRATCH,
    SRAM,
    SRAM_SIZE,
    Machine,
    classify,
    load,
)
from tools.firmware.build import BuildError, build
from xnornode.data.prepare import prepare
from xnornode.datasets.load import EXAMPLES, load_dataset
from xnornode.errors import XnorNodeError
from xnornode.link.repl import Board
from xnornode.model import model_file
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Window

MHZ = 125
SAME = ("dense 1024 to 64", "int8 784 to 64 bits", "conv 5, 16 to 32, 128 long", "MNIST, 3 x 256",
        "watch", "languages")  # fmt: skip
CALL_BAR = 1500  # cycles of a call that classifies next to nothing
BARS = {"mnist": ((0.99, 600_000), (0.97, 100_000))}  # by accuracy: the most cycles of a call
LEAST = 200_000  # microseconds that a network is timed for, so that one of them does not show

SETUP = """
import bnn, gc, machine, time
def calls(predict, windows, times):
    for w in windows:
        for _ in range(times):
            predict(w)
def nothing(predict, windows, times):
    for w in windows:
        for _ in range(times):
            pass
def spent(function, *given):
    state = machine.disable_irq()
    start = time.ticks_us()
    function(*given)
    end = time.ticks_us()
    machine.enable_irq(state)
    return time.ticks_diff(end, start)
def measure(sizes, least):
    gc.collect()
    m = bnn.Model(open('/bench.bnn', 'rb').read())
    with open('/bench.win', 'rb') as f:
        windows = [f.read(size) for size in sizes]
    got = [m.predict(w) for w in windows]
    times = 1 + least // spent(calls, m.predict, windows, 1)
    us = spent(calls, m.predict, windows, times) - spent(nothing, m.predict, windows, times)
    print(us / times / len(windows), *got)
"""


@dataclass(frozen=True)
class Timed:
    """A network on the Pico: microseconds of a call, and cycles of its classification alone."""

    name: str
    microseconds: float
    core: float

    @property
    def cycles(self) -> float:
        """Cycles of a call."""
        return MHZ * self.microseconds


def compare_counts(machine: Machine, case: Case) -> dict[str, Any]:
    """Cycles of one classification, by each of the three interpreters.

    Raises RuntimeError where registers or memory differ after it.
    """
    load(machine, to_bytes(case.model))
    machine.write(INPUT, case.inputs[0])
    call = ("bnn_classify", MODEL, INPUT, len(case.inputs[0]), SCRATCH, SCORES)
    registers = machine.prepare(*call)
    registers[15] = machine.symbols[call[0]]
    with tempfile.TemporaryDirectory() as folder:
        flash, sram = Path(folder, "flash"), Path(folder, "sram")
        flash.write_bytes(machine.read(FLASH, FLASH_SIZE))
        sram.write_bytes(machine.read(SRAM, SRAM_SIZE))
        command = [node_command(), str(EMULATOR / "count.mjs"), str(flash), str(sram), str(END)]
        command += [str(registers.get(i, 0)) for i in range(16)]
        counts = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        machine.call(*call)
        if not counts["equal"] or sram.read_bytes() != machine.read(SRAM, SRAM_SIZE):
            raise RuntimeError(f"{case.name}: the interpreters leave different results")
    return {"unicorn": machine.count, "pico": counts["cycles"], "package": counts["package"]}


def tiny() -> Case:
    """The network whose call is nearly nothing but the call."""
    model = network(Raw(), ONE_BIT, Window(("x",), 1, 1, 0, (0,)), [], 1)
    given = np.zeros((1, 1, 1), np.int16)
    return Case("tiny: 1 sample, 1 class", model, given, [given.astype("<i2").tobytes()])


def named(path: Path, data: str | None, count: int) -> tuple[Case, float | None]:
    """A model file with windows, and its accuracy: `count` windows from the test part of an example
    set, whose accuracy it is; or the self-test's, without an accuracy.

    Raises XnorNodeError for a file or a set that does not fit.
    """
    model = model_file.load_model(path)
    given: Any = model.selftest_window()
    accuracy = None
    if data:
        w = model.window
        splits = prepare(load_dataset(data), validation=(), length=w.length, hop=w.hop)
        test = splits.tested()
        given = [x[: w.length] for x in test.items] if test.data_kind == "texts" else test.items
        accuracy = float((model.predict(given) == test.labels).mean())
        some = np.linspace(0, len(test) - 1, count).astype(int)
        given = [given[i] for i in some] if test.data_kind == "texts" else given[some]
    inputs = [x if isinstance(x, bytes) else x.astype("<i2").tobytes() for x in given]
    return Case(path.name, model, given, inputs), accuracy


def bar(data: str | None, accuracy: float | None, cycles: float) -> str:
    """An accuracy, the bar for it, and whether it is met."""
    if accuracy is None:
        return ""
    text = f"{accuracy:.2%}"
    for least, most in BARS.get(data or "", ()):
        if accuracy >= least:
            return f"{text}; {most:,} at {least:.0%}: {'met' if cycles <= most else 'not met'}"
    return text


def timed(board: Board, machine: Machine, case: Case) -> Timed:
    """Put a network on the board and time it. Raises RuntimeError where a prediction is wrong."""
    board.put(to_bytes(case.model), "/bench.bnn")
    board.put(b"".join(case.inputs), "/bench.win")
    sizes = [len(x) for x in case.inputs]
    microseconds, *got = board.run(f"measure({sizes}, {LEAST})").split()
    if [int(x) for x in got] != case.model.predict(case.given).tolist():
        raise RuntimeError(f"{case.name}: the Pico's predictions differ from the reference")
    load(machine, to_bytes(case.model))
    total = 0
    for given in case.inputs:
        classify(machine, given, len(case.model.labels))
        total += machine.count
    return Timed(case.name, float(microseconds), total / len(case.inputs))


def run(paths: Sequence[Path], data: str | None, count: int) -> None:
    """Print both tables."""
    own = [named(path, data, count) for path in paths]
    accuracies = {case.name: accuracy for case, accuracy in own}
    machine = Machine(ARMV6M)
    install_package()
    print("| cycles of one classification      |     counted |   our core |   rp2040js |")
    print("|-----------------------------------|------------:|-----------:|-----------:|")
    for case in (*layers(), *models()):
        if case.name in SAME:
            counts = compare_counts(machine, case)
            print("| {:<33} | {:11,} | {:10,} | {:10,} |".format(case.name, *counts.values()))
            if len(set(counts.values())) > 1:
                raise RuntimeError(f"{case.name}: the counts differ")
    print("\n| on the emulated Pico, 125 MHz     | us a call |     cycles | without call | bar |")
    print("|-----------------------------------|----------:|-----------:|-------------:|-----|")
    with tempfile.TemporaryDirectory() as folder:
        flash = Path(folder, "flash.bin")
        with EmulatedPico(flash, firmware=build("rp2")) as pico, Board(pico.url) as board:
            board.run(SETUP)
            call = timed(board, machine, tiny())
            show(call, f"{CALL_BAR:,}: {'met' if call.cycles < CALL_BAR else 'not met'}")
            for case in (*models(), *(case for case, _ in own)):
                result = timed(board, machine, case)
                show(result, bar(data, accuracies.get(case.name), result.cycles))


def show(result: Timed, remark: str) -> None:
    """Print a line of the second table."""
    us, cycles = f"{result.microseconds:,.2f}", result.cycles
    if result.microseconds > 100:  # the clock's last microsecond is by chance
        us, cycles = f"{result.microseconds:,.0f}", round(result.cycles, -2)
    figures = f"{us:>9} | {cycles:10,.0f} | {result.core:12,.0f}"
    print(f"| {result.name:<33} | {figures} | {remark} |", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.bnn")
    parser.add_argument("--data", choices=EXAMPLES, help="time MODELs on windows of its test part")
    parser.add_argument("--count", type=int, default=10, help="so many of them (10)")
    args = parser.parse_args(argv)
    try:
        run(args.models, args.data, args.count)
    except (BuildError, EmulatorError, OSError, RuntimeError, XnorNodeError) as error:
        print(f"whole_models: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"whole_models: {error}\n{(error.stderr or b'').decode()}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nwhole_models: stopped", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
