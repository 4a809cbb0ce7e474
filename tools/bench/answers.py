"""What `bnn.Answers.add` costs on the emulated Pico, in microseconds of a window.

The answers are compared with the twin's. 125 MHz, memory that never waits: a real Pico fetches code
from flash through a cache.
Exit status 0; 1 where an answer is wrong or a tool is missing; 2 for wrong usage.
"""

import argparse
import sys
import tempfile
from ast import literal_eval
from binascii import b2a_base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tools.bench.fit_networks import network
from tools.emulators.emulated_pico import EmulatedPico, EmulatorError
from tools.firmware.build import BuildError, build
from xnornode._typing import Int32
from xnornode.errors import XnorNodeError
from xnornode.link.repl import Board
from xnornode.model.answers import Answers, AnswerStream
from xnornode.model.features import Raw
from xnornode.model.file_format import to_bytes
from xnornode.model.input_encoding import Thermometer
from xnornode.model.model import Model, Window

CASES = ((2, 1), (5, 1), (5, 5), (5, 32), (10, 5), (50, 5), (255, 5))
"""Classes, and windows of the mean."""
ROWS, TIMES = 24, 200
SHARPNESS = 0.05
"""1/T of the softmax: where scores lie 100 apart, the lower one keeps some probability."""

SETUP = """
import bnn, gc, machine, time
from array import array
from binascii import a2b_base64
def spent(function, given, times):
    gc.collect()
    state = machine.disable_irq()
    start = time.ticks_us()
    for _ in range(times):
        function(given)
    end = time.ticks_us()
    machine.enable_irq(state)
    return time.ticks_diff(end, start)
def nothing(given):
    pass
def begin():
    global answers, rows
    answers, rows = bnn.Answers(bnn.Model(open('/answers.bnn', 'rb').read())), []
def add(text):
    row = array('i', a2b_base64(text))
    rows.append(row)
    print((answers.add(row), answers.confidence, answers.detected))
def measure(times):
    row = rows[len(rows) // 2]
    print((spent(answers.add, row, times) - spent(nothing, row, times)) / times)
"""


@dataclass(frozen=True)
class Cost:
    """Microseconds of a window, and how many answers were not those of the twin."""

    classes: int
    windows: int
    microseconds: float
    wrong: int


def answering(classes: int, windows: int) -> Model:
    """A small model of so many classes, with answers."""
    encoding = Thermometer(np.zeros((1, 1), np.int16))
    model = network(Raw(), encoding, Window(("x (g)",), 4, 4, 0, (0,)), [], classes)
    answers = Answers(*Answers.scaled(SHARPNESS), windows, 30_000, 2, (0,))
    return replace(model, answers=answers)


def scores(classes: int) -> Int32:
    """Rows of scores in which one class after the other leads for some windows."""
    found = np.random.default_rng(classes).integers(-100, 100, (ROWS, classes))
    found[np.arange(ROWS), np.arange(ROWS) // 6 % classes] += 100
    return found.astype(np.int32)


def costs(board: Board) -> Iterator[Cost]:
    """Each of CASES."""
    board.run(SETUP)
    for classes, windows in CASES:
        model, given = answering(classes, windows), scores(classes)
        assert model.answers
        stream = AnswerStream(model.answers, classes)
        board.put(to_bytes(model), "/answers.bnn")
        board.run("begin()")
        wrong = 0
        for row in given:
            answer = stream.add(row)
            said = board.run(f"add({b2a_base64(row.astype('<i4').tobytes())!r})")
            wrong += literal_eval(said) != (answer.index, answer.confidence, answer.detected)
        yield Cost(classes, windows, float(board.run(f"measure({TIMES})")), wrong)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args(argv)
    wrong = 0
    try:
        firmware = build("rp2")
        print("| Answers.add, emulated Pico, 125 MHz | us a window | wrong |")
        print("|-------------------------------------|------------:|------:|")
        with tempfile.TemporaryDirectory() as folder:
            flash = Path(folder, "flash.bin")
            with EmulatedPico(flash, firmware=firmware) as pico, Board(pico.url) as board:
                for cost in costs(board):
                    name = f"{cost.classes} classes, mean of {cost.windows}"
                    said = f"{cost.wrong} of {ROWS}"
                    print(f"| {name:<35} | {cost.microseconds:11.1f} | {said} |", flush=True)
                    wrong += cost.wrong
    except (BuildError, EmulatorError, OSError, XnorNodeError) as error:
        print(f"answers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nanswers: stopped", file=sys.stderr)
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
