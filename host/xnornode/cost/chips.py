"""What the C core takes on a chip, in cycles: prices fitted to counts of instructions.

`tools/bench/fit_chips.py --renew` builds the core as for a board (-Os), runs networks of many kinds
instruction by instruction, fits, and writes the prices here: renew them when the core changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """A chip and what things take on it.

    basis: what the figures rest on, for people. call: cycles of MicroPython's call of `predict`
    beside those of the core. costs: cycles by the names of `xnornode.cost.cycles.work`. drift:
    cycles of an input, a weight and a sum of drift (tools/bench/drift.py).
    """

    name: str
    hertz: int
    basis: str
    call: int
    costs: Mapping[str, float]
    drift: tuple[float, float, float] = (0.0, 0.0, 0.0)


RP2040 = Chip(
    name="RP2040",
    hertz=125_000_000,
    basis=(
        "cycles of the C core by the Cortex-M0+ manual and of MicroPython's call, with memory that "
        "never waits; stalls of the flash cache are not in it"
    ),
    drift=(105.0, 13.0, 350.0),
    call=750,  # tools/bench/whole_models.py, its tiny network
    costs={
        "band read": 24.4,
        "band sample": 50.7,
        "binary to binary": 65.5,
        "binary to int8": 72.8,
        "binary to scores": 71.2,
        "bit-planes value": 71.7,
        "block": 163,
        "block of samples": 218,
        "butterfly of 2": 56.4,
        "butterfly of 4": 142,
        "centred sample": 43.4,
        "change": 35.8,
        "column": 115,
        "column of 16": 14.2,
        "column of 32": 11.4,
        "copied byte": 18.3,
        "counting": 255,
        "feature": 129,
        "few bit": 17.6,
        "few row": 18.3,
        "four": 5.23,
        "frame sample": 93.9,
        "frequency": 24.7,
        "hash": 11.8,
        "high planes": 0,
        "int8 to binary": 33.9,
        "int8 to int8": 43.2,
        "int8 to scores": 95.6,
        "int8 value": 72.6,
        "int8 word": 55.3,
        "layer": 510,
        "level": 177,
        "listed bit": 3.7,
        "log": 154,
        "look ahead": 49.3,
        "mean of levels": 77.7,
        "n-gram": 48.3,
        "odd int8 word": 18.6,
        "odd run": 91.3,
        "odd sample": 0,
        "odd word of bits": 182,
        "patch run": 168,
        "plane": 8.69,
        "product": 76.6,
        "raw value": 36.3,
        "reached threshold": 13.5,
        "read sample": 47.2,
        "root": 542,
        "row of blocks": 0,
        "rows": 142,
        "run": 82.8,
        "sample": 157,
        "sample in turn": 41.3,
        "sorting": 26.6,
        "spectrum value": 36.8,
        "strip": 88.9,
        "strip of 16": 0,
        "strip of 32": 6.24,
        "summed level": 5.17,
        "table": 91.6,
        "text byte": 49.5,
        "text unit": 278,
        "thermometer value": 58,
        "threshold": 13.2,
        "word": 20.7,
        "word of bits": 86.4,
        "written word": 13.6,
    },
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle, without MicroPython's "
        "call; no ESP32 was measured, whose own code, cache and branches differ"
    ),
    drift=(46.0, 5.6, 225.0),
    call=0,
    costs={
        "band read": 16.4,
        "band sample": 24.2,
        "binary to binary": 29.9,
        "binary to int8": 46.1,
        "binary to scores": 39.7,
        "bit-planes value": 32.7,
        "block": 75.2,
        "block of samples": 281,
        "butterfly of 2": 35.8,
        "butterfly of 4": 67.2,
        "centred sample": 25.8,
        "change": 20.1,
        "column": 42.2,
        "column of 16": 10.6,
        "column of 32": 9.81,
        "copied byte": 11.7,
        "counting": 252,
        "feature": 41.7,
        "few bit": 8.81,
        "few row": 8.18,
        "four": 10.7,
        "frame sample": 50.3,
        "frequency": 12,
        "hash": 7.72,
        "high planes": 0,
        "int8 to binary": 17,
        "int8 to int8": 27.1,
        "int8 to scores": 39.3,
        "int8 value": 31.5,
        "int8 word": 49.9,
        "layer": 329,
        "level": 82.3,
        "listed bit": 5.14,
        "log": 146,
        "look ahead": 37.4,
        "mean of levels": 4.16,
        "n-gram": 31.8,
        "odd int8 word": 18.8,
        "odd run": 53.3,
        "odd sample": 0.469,
        "odd word of bits": 80.6,
        "patch run": 69.1,
        "plane": 9.64,
        "product": 46,
        "raw value": 22.8,
        "reached threshold": 6.33,
        "read sample": 28.8,
        "root": 199,
        "row of blocks": 45,
        "rows": 88.4,
        "run": 53.2,
        "sample": 61.8,
        "sample in turn": 18.9,
        "sorting": 17.5,
        "spectrum value": 23.9,
        "strip": 50.5,
        "strip of 16": 0,
        "strip of 32": 0,
        "summed level": 3.69,
        "table": 83.2,
        "text byte": 25.1,
        "text unit": 213,
        "thermometer value": 24.3,
        "threshold": 5.72,
        "word": 19,
        "word of bits": 35.3,
        "written word": 9.09,
    },
)

CHIPS = (RP2040, ESP32)
