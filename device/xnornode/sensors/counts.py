"""Counts as sensors send them, to int16 as the node has them. Nothing here allocates.

The functions are machine code (viper): a value takes a fraction of a microsecond on a Pico.
"""

import micropython

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    def ptr16(buffer: object) -> "Any":
        """Viper's: halfwords at a buffer's address, unsigned."""


@micropython.viper
def copy(to: object, at: int, source: object, first: int, count: int) -> object:
    """Copy `count` values of `source`, from value `first` on, to value `at` of `to` and on."""
    target = ptr16(to)
    values = ptr16(source)
    for i in range(count):
        target[at + i] = values[first + i]
    return None


@micropython.viper
def copy_big_endian(to: object, at: int, source: object, count: int) -> object:
    """Copy the first `count` values of `source`, whose high bytes come first, as `copy` does."""
    target = ptr16(to)
    values = ptr16(source)
    for i in range(count):
        value = values[i]
        target[at + i] = value << 8 | value >> 8
    return None


@micropython.viper
def copy_turned(to: object, at: int, source: object, samples: int) -> object:
    """Copy samples of six values whose last three come first: rotation, then acceleration."""
    target = ptr16(to)
    values = ptr16(source)
    for i in range(samples):
        for j in range(3):
            target[at + j] = values[6 * i + 3 + j]
            target[at + 3 + j] = values[6 * i + j]
        at += 6
    return None


@micropython.viper
def copy_upper(to: object, at: int, source: object, first: int, count: int, shift: int) -> object:
    """Copy values of 32 bits, from `first` on, without their lowest `shift` bits (16 at most)."""
    target = ptr16(to)
    halves = ptr16(source)
    for i in range(2 * first, 2 * (first + count), 2):
        value = halves[i + 1]
        if value > 32767:
            value -= 65536
        value = value << (16 - shift) | halves[i] >> shift
        if value > 32767:
            value = 32767
        elif value < -32768:
            value = -32768
        target[at] = value
        at += 1
    return None
