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
        "band read": 22.9,
        "band sample": 51,
        "binary to binary": 65.1,
        "binary to int8": 72.8,
        "binary to scores": 72,
        "bit-planes value": 72.6,
        "block": 163,
        "block of samples": 218,
        "butterfly of 2": 56.4,
        "butterfly of 4": 142,
        "centred sample": 43.7,
        "change": 35.7,
        "column": 108,
        "column of 16": 14,
        "column of 32": 11.3,
        "copied byte": 17.7,
        "counting": 253,
        "feature": 134,
        "few bit": 23.8,
        "few row": 17.4,
        "four": 5.26,
        "frame sample": 94,
        "frequency": 24.7,
        "hash": 11.9,
        "high planes": 0,
        "int8 to binary": 33.7,
        "int8 to int8": 43.1,
        "int8 to scores": 95.5,
        "int8 value": 73.2,
        "int8 word": 55.3,
        "layer": 508,
        "level": 177,
        "listed bit": 2.92,
        "log": 152,
        "look ahead": 17,
        "mean of levels": 77.5,
        "n-gram": 48.1,
        "odd int8 word": 18.6,
        "odd run": 103,
        "odd sample": 0,
        "odd word of bits": 180,
        "patch run": 169,
        "plane": 9.34,
        "product": 76.6,
        "raw value": 35.7,
        "reached threshold": 33,
        "read sample": 47,
        "root": 536,
        "row of blocks": 0,
        "rows": 142,
        "run": 82.3,
        "sample": 157,
        "sample in turn": 2.82,
        "sorting": 26.6,
        "spectrum value": 36.2,
        "strip": 91.3,
        "strip of 16": 0,
        "strip of 32": 6.27,
        "summed level": 5.19,
        "table": 91.7,
        "text byte": 49.3,
        "text unit": 279,
        "thermometer value": 60.3,
        "threshold": 11.8,
        "word": 20.7,
        "word of bits": 104,
        "written word": 13.9,
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
        "band read": 15.6,
        "band sample": 24.3,
        "binary to binary": 30,
        "binary to int8": 46.2,
        "binary to scores": 40.4,
        "bit-planes value": 33.2,
        "block": 75.1,
        "block of samples": 281,
        "butterfly of 2": 35.8,
        "butterfly of 4": 67.1,
        "centred sample": 26.1,
        "change": 20,
        "column": 38.4,
        "column of 16": 10.6,
        "column of 32": 9.77,
        "copied byte": 11.4,
        "counting": 251,
        "feature": 44.7,
        "few bit": 12,
        "few row": 7.74,
        "four": 10.8,
        "frame sample": 50.4,
        "frequency": 12,
        "hash": 7.75,
        "high planes": 0,
        "int8 to binary": 17,
        "int8 to int8": 27.1,
        "int8 to scores": 39.4,
        "int8 value": 31.9,
        "int8 word": 49.9,
        "layer": 329,
        "level": 82.3,
        "listed bit": 4.54,
        "log": 146,
        "look ahead": 19.9,
        "mean of levels": 4.01,
        "n-gram": 31.7,
        "odd int8 word": 18.8,
        "odd run": 60.9,
        "odd sample": 0,
        "odd word of bits": 79.1,
        "patch run": 69.6,
        "plane": 9.85,
        "product": 46,
        "raw value": 22.5,
        "reached threshold": 15.9,
        "read sample": 28.7,
        "root": 196,
        "row of blocks": 45.1,
        "rows": 87.3,
        "run": 53.1,
        "sample": 61.8,
        "sample in turn": 0,
        "sorting": 17.5,
        "spectrum value": 23.6,
        "strip": 52.3,
        "strip of 16": 0,
        "strip of 32": 0,
        "summed level": 3.71,
        "table": 83.2,
        "text byte": 25,
        "text unit": 213,
        "thermometer value": 25.7,
        "threshold": 4.76,
        "word": 19,
        "word of bits": 46.1,
        "written word": 9.15,
    },
)

CHIPS = (RP2040, ESP32)
