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
    call=750,  # tools/bench/whole_models.py, its tiny network
    costs={
        "band read": 34,
        "band sample": 48,
        "binary to binary": 73.8,
        "binary to int8": 85,
        "binary to scores": 82.5,
        "bit-planes value": 64,
        "block": 163,
        "block of samples": 223,
        "butterfly of 2": 57.4,
        "butterfly of 4": 150,
        "centred sample": 58.5,
        "change": 40.4,
        "column": 97.7,
        "column of 16": 12.3,
        "column of 32": 11.1,
        "copied byte": 24.7,
        "counting": 192,
        "feature": 140,
        "few bit": 29.3,
        "few row": 15.7,
        "four": 4.28,
        "frame sample": 92.8,
        "frequency": 20.7,
        "hash": 12.9,
        "high planes": 27.6,
        "int8 to binary": 35.4,
        "int8 to int8": 56.6,
        "int8 to scores": 96.7,
        "int8 value": 66.6,
        "int8 word": 56.9,
        "layer": 524,
        "level": 172,
        "listed bit": 3.76,
        "log": 162,
        "look ahead": 3.32,
        "mean of levels": 98.1,
        "n-gram": 48.5,
        "odd int8 word": 17.3,
        "odd run": 83,
        "odd sample": 0,
        "odd word of bits": 177,
        "patch run": 165,
        "plane": 16.7,
        "product": 75.4,
        "raw value": 37.4,
        "reached threshold": 11.6,
        "read sample": 38.6,
        "root": 356,
        "rows": 107,
        "run": 172,
        "sample": 156,
        "sample in turn": 44.4,
        "sorting": 27.1,
        "spectrum value": 54.9,
        "strip": 100,
        "strip of 16": 35.8,
        "strip of 32": 19.2,
        "summed level": 5.29,
        "table": 65.1,
        "text byte": 48.6,
        "text unit": 275,
        "thermometer value": 47,
        "threshold": 13.2,
        "word": 18.2,
        "word of bits": 77.2,
        "written word": 11.1,
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
        "band read": 22.4,
        "band sample": 22.6,
        "binary to binary": 26.4,
        "binary to int8": 52.1,
        "binary to scores": 39.1,
        "bit-planes value": 29.1,
        "block": 77.4,
        "block of samples": 291,
        "butterfly of 2": 36.7,
        "butterfly of 4": 70.9,
        "centred sample": 33.2,
        "change": 21.6,
        "column": 42.6,
        "column of 16": 9.95,
        "column of 32": 9.4,
        "copied byte": 13.1,
        "counting": 250,
        "feature": 49.6,
        "few bit": 16.8,
        "few row": 1.74,
        "four": 10.2,
        "frame sample": 49.3,
        "frequency": 10.5,
        "hash": 8.22,
        "high planes": 15.1,
        "int8 to binary": 17.3,
        "int8 to int8": 31.2,
        "int8 to scores": 40.9,
        "int8 value": 28.3,
        "int8 word": 50.2,
        "layer": 309,
        "level": 85.3,
        "listed bit": 5.26,
        "log": 138,
        "look ahead": 0,
        "mean of levels": 16,
        "n-gram": 31.8,
        "odd int8 word": 19.1,
        "odd run": 41.2,
        "odd sample": 249,
        "odd word of bits": 75,
        "patch run": 69.5,
        "plane": 11.9,
        "product": 45.3,
        "raw value": 28.2,
        "reached threshold": 8.01,
        "read sample": 24.6,
        "root": 124,
        "rows": 103,
        "run": 83.5,
        "sample": 61.5,
        "sample in turn": 15.4,
        "sorting": 17.7,
        "spectrum value": 29,
        "strip": 62,
        "strip of 16": 0,
        "strip of 32": 0,
        "summed level": 3.11,
        "table": 76.6,
        "text byte": 25.4,
        "text unit": 211,
        "thermometer value": 20.4,
        "threshold": 5.9,
        "word": 16.6,
        "word of bits": 41.2,
        "written word": 7.12,
    },
)

CHIPS = (RP2040, ESP32)
