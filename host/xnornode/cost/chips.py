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
    beside those of the core. costs: cycles by the names of `xnornode.cost.cycles.work`.
    """

    name: str
    hertz: int
    basis: str
    call: int
    costs: Mapping[str, float]


RP2040 = Chip(
    name="RP2040",
    hertz=125_000_000,
    basis=(
        "cycles of the C core by the Cortex-M0+ manual and of MicroPython's call, with memory that "
        "never waits; stalls of the flash cache are not in it"
    ),
    call=670,  # tools/bench/whole_models.py, its tiny network
    costs={
        "band read": 29.7,
        "band sample": 49.2,
        "binary to binary": 73.9,
        "binary to int8": 85.5,
        "binary to scores": 82.6,
        "bit-planes value": 49.7,
        "block": 164,
        "block of samples": 221,
        "int8 value": 52.7,
        "int8 word": 57,
        "centred sample": 56.6,
        "change": 39.1,
        "column": 97.4,
        "column of 16": 12.3,
        "column of 32": 11.1,
        "copied byte": 24.8,
        "counting": 196,
        "feature": 84.7,
        "few bit": 28,
        "few row": 15.8,
        "four": 4.32,
        "hash": 12.9,
        "high planes": 29.7,
        "int8 to binary": 35.7,
        "int8 to int8": 57.1,
        "int8 to scores": 97.7,
        "layer": 522,
        "listed bit": 3.75,
        "log": 243,
        "look ahead": 17.7,
        "n-gram": 48.5,
        "odd int8 word": 16.9,
        "odd run": 83.4,
        "odd sample": 0,
        "odd word of bits": 180,
        "patch run": 165,
        "plane": 16.5,
        "product": 75,
        "raw value": 51.4,
        "reached threshold": 11.9,
        "read sample": 39.2,
        "root": 541,
        "rows": 107,
        "run": 165,
        "sample": 156,
        "sample in turn": 44.1,
        "sorting": 26.3,
        "strip": 103,
        "strip of 16": 32.3,
        "strip of 32": 17.4,
        "table": 64.5,
        "text byte": 72.4,
        "text unit": 266,
        "thermometer value": 33.8,
        "threshold": 12.2,
        "word": 18.2,
        "word of bits": 80.1,
        "written word": 10.6,
    },
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle, without MicroPython's "
        "call; no ESP32 was measured, whose own code, cache and branches differ"
    ),
    call=0,
    costs={
        "band read": 21.5,
        "band sample": 22.9,
        "binary to binary": 26.4,
        "binary to int8": 52.6,
        "binary to scores": 39.3,
        "bit-planes value": 24.4,
        "block": 78.1,
        "block of samples": 289,
        "int8 value": 23.9,
        "int8 word": 50.2,
        "centred sample": 32.6,
        "change": 21.2,
        "column": 43.1,
        "column of 16": 9.91,
        "column of 32": 9.36,
        "copied byte": 13.2,
        "counting": 248,
        "feature": 31.8,
        "few bit": 16.8,
        "few row": 1.78,
        "four": 10.2,
        "hash": 8.21,
        "high planes": 16.3,
        "int8 to binary": 17.5,
        "int8 to int8": 31.6,
        "int8 to scores": 41.8,
        "layer": 308,
        "listed bit": 5.31,
        "log": 164,
        "look ahead": 0,
        "n-gram": 31.9,
        "odd int8 word": 18.7,
        "odd run": 40.7,
        "odd sample": 244,
        "odd word of bits": 75.7,
        "patch run": 69.8,
        "plane": 12.4,
        "product": 45.2,
        "raw value": 32.7,
        "reached threshold": 8.21,
        "read sample": 24.8,
        "root": 183,
        "rows": 103,
        "run": 78.1,
        "sample": 61.6,
        "sample in turn": 15,
        "sorting": 11.5,
        "strip": 64.4,
        "strip of 16": 0,
        "strip of 32": 0,
        "table": 76.1,
        "text byte": 38.7,
        "text unit": 207,
        "thermometer value": 16.3,
        "threshold": 5.38,
        "word": 16.5,
        "word of bits": 42.5,
        "written word": 6.74,
    },
)

CHIPS = (RP2040, ESP32)
