"""Calls of the kernels (bnn_kernel.h), and what they give by the words of FORMAT.md, in plain
integers."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Place = Literal["end", "begin"] | int
BIAS = 512  # of an entry of the tables for bytes
MAX_COLUMNS = 4095
MOST_WORDS = 2048  # of a row: 65534 bits
UNITS = (32, 16)
SOME, NONE, ALL = 0.5, 0.0, 1.0  # densities of 1s


@dataclass(frozen=True)
class Buffer:
    """Memory that a call is given, and what it holds afterwards, if not the same.

    place: "end" where memory ends behind the buffer, "begin" where it begins with it, or an offset
    from a multiple of 4 in between. The argument is the address, less `before`.
    """

    data: bytes = field(repr=False)
    place: Place
    after: bytes | None = field(repr=False, default=None)
    before: int = 0


@dataclass(frozen=True)
class Call:
    """A function's arguments and result; of a result "end" it is that of the last argument.

    free: of the last buffer, in lengths of u16, runs whose order is free. armv6m: the function is
    of that instruction set alone. turn: which memory the first buffer has.
    """

    function: str
    what: str
    arguments: tuple[int | Buffer, ...] = field(repr=False)
    result: int | Literal["end"] | None
    turn: int
    free: tuple[int, ...] = field(repr=False, default=())
    armv6m: bool = False

    def buffers(self) -> list[Buffer]:
        """Those of the arguments that are buffers."""
        return [argument for argument in self.arguments if isinstance(argument, Buffer)]


def _place(rng: Random, align: int) -> Place:
    """Any place that an address of this alignment may have."""
    return rng.choice(["end", "end", "begin", *range(0, 4, align)])


def _words(values: list[int], kind: str = "I") -> bytes:
    return struct.pack(f"<{len(values)}{kind}", *values)


def _bits(rng: Random, count: int, density: float) -> int:
    """`count` bits, of which so many are 1."""
    if density == SOME:
        return rng.getrandbits(count) if count else 0
    if density in (NONE, ALL):
        return ((1 << count) - 1) * int(density)
    return sum((rng.random() < density) << i for i in range(count))


def _transposed(rows: list[int], count: int) -> list[int]:
    """Of the lowest `count` bits of each row: bit j of column i is bit i of row j."""
    digits = [format(row & ((1 << count) - 1), f"0{count}b") for row in reversed(rows)]
    return [int("".join(column), 2) for column in zip(*digits, strict=True)][::-1]


def at_least(rng: Random, threshold: int) -> Call:
    near = [max(-32768, min(32767, threshold + d)) for d in (-1, 0, 1)]
    near += [-32768, 32767, 0, -1]
    samples = [rng.choice([*near, rng.randrange(-32768, 32768)]) for _ in range(32)]
    result = sum((sample >= threshold) << i for i, sample in enumerate(samples))
    given = Buffer(_words(samples, "h"), _place(rng, 4))
    what = f"threshold {threshold}, samples {samples}"
    return Call("bnn_kernel_at_least", what, (given, threshold), result, rng.randrange(8))


def listing(rng: Random, count: int, density: float, flip: int, first: int) -> Call:
    """`count` words are listed, from column `first` on."""
    words = [_bits(rng, 32, density) for _ in range(count)]
    runs = [
        [4 * (first + 32 * i + j) for j in range(32) if (word ^ flip) >> j & 1]
        for i, word in enumerate(words)
    ]
    entries = _words([entry for run in runs for entry in run], "H")
    arguments = (
        *(Buffer(_words(words), _place(rng, 4)), count, flip, 4 * first),
        Buffer(rng.randbytes(len(entries)), _place(rng, 2), entries),
    )
    what = f"{count} words, density {density}, flip {flip:#x}, first {first}"
    free = tuple(map(len, runs))
    return Call("bnn_kernel_list", what, arguments, "end", rng.randrange(8), free)


def strip(
    rng: Random, unit: int, inputs: int, listed: int, first: int, density: float, outputs: int = 0
) -> Call:
    """A layer of so many inputs, of which `listed` have the counted value, at column `first`.

    outputs: of the strip, 0 for all; some thresholds are at the ends of their range, some at and
    one above the number that differs.
    """
    outputs = outputs or unit
    rows = [_bits(rng, inputs, density) for _ in range(outputs)]
    seen = rng.sample(range(inputs), listed)
    mask = sum(1 << i for i in seen)
    bases, result = [], 0
    for j, row in enumerate(rows):
        ones = row.bit_count()
        differing = ones + listed - 2 * (row & mask).bit_count()
        some = [0, inputs + 1, differing, differing + 1, rng.randint(0, inputs + 1)]
        threshold = rng.choice(some)
        bases.append(ones - threshold)
        result |= (differing < threshold) << j
    digits = (inputs + 1).bit_length() + 1
    columns, planes = _transposed(rows, inputs), _transposed(bases, digits)
    kind, size = {32: "I", 16: "H"}[unit], unit // 8
    entries = [4 * (first + i) for i in seen]
    arguments = (
        Buffer(_words(columns, kind), _place(rng, size), before=first * size),
        Buffer(_words(entries, "H"), _place(rng, 2)),
        *(listed, Buffer(_words(planes, kind), _place(rng, size)), digits),
    )
    what = f"{inputs} inputs, {listed} listed, {outputs} outputs, first {first}, density {density}"
    return Call(f"bnn_kernel_strip{unit}", what, arguments, result, rng.randrange(8))


def _row_bytes(rows: list[int], words: int) -> bytes:
    return b"".join(row.to_bytes(4 * words, "little") for row in rows)


def differing(rng: Random, bits: int, count: int, x: float, rows: float) -> Call:
    """x, rows: how many bits of each are 1."""
    words = -(-bits // 32)
    given = _bits(rng, bits, x)
    wanted = [_bits(rng, bits, rows) for _ in range(count)]
    sums = _words([(given ^ row).bit_count() for row in wanted], "i")
    arguments = (
        Buffer(_row_bytes([given], words), _place(rng, 4)),
        Buffer(_row_bytes(wanted, words), _place(rng, 4)),
        *(words, count, Buffer(rng.randbytes(len(sums)), _place(rng, 4), sums)),
    )
    what = f"{bits} bits, {count} rows, densities {x} and {rows}"
    return Call("bnn_kernel_differing", what, arguments, None, rng.randrange(8))


def _signed(x: list[int], row: int) -> int:
    return sum(b if row >> i & 1 else -b for i, b in enumerate(x))


def _octets(rng: Random, n: int, values: tuple[int, ...]) -> list[int]:
    """Bytes of these values, or where there are none, any."""
    return [rng.choice(values) if values else rng.randrange(-128, 128) for _ in range(n)]


def signed_sums(rng: Random, n: int, count: int, values: tuple[int, ...] = ()) -> Call:
    """`n` bytes; of three rows one gives the highest sum, and one the lowest."""
    x = _octets(rng, n, values)
    positive = sum((b > 0) << i for i, b in enumerate(x))
    ends = (positive, positive ^ ((1 << n) - 1))
    rows = [rng.choice([*ends, rng.getrandbits(n)]) for _ in range(count)]
    sums = _words([_signed(x, row) for row in rows], "i")
    words = -(-n // 32)
    arguments = (
        *(Buffer(_words(x, "b") + bytes(-n % 4), _place(rng, 4)), n),
        Buffer(_row_bytes(rows, words), _place(rng, 4)),
        *(words, count, Buffer(rng.randbytes(len(sums)), _place(rng, 4), sums)),
    )
    what = f"{n} bytes, {count} rows, values {values}"
    return Call("bnn_kernel_signed_sums", what, arguments, None, rng.randrange(8))


def fill_table(rng: Random, fours: int, values: tuple[int, ...] = ()) -> Call:
    """Of a table the first `fours` of 8 columns."""
    x = _octets(rng, 4 * fours, values)
    was = [rng.getrandbits(16) for _ in range(16 * 8)]
    table = was.copy()
    for v in range(16):
        for k in range(fours):
            table[8 * v + k] = _signed(x[4 * k : 4 * k + 4], v) + BIAS
    arguments = (
        Buffer(_words(was, "H"), _place(rng, 2), _words(table, "H")),
        *(Buffer(_words(x, "b"), _place(rng, 4)), fours),
    )
    what = f"{fours} fours, values {values}"
    turn = rng.randrange(8)
    return Call("bnn_kernel_fill_table", what, arguments, None, turn, armv6m=True)


def add_entries(rng: Random, fours: int, words: int, count: int) -> Call:
    """A word of each row, which are `words` words apart."""
    table = [rng.choice([0, 1023, rng.randrange(1024)]) for _ in range(16 * 8)]
    rows = [rng.getrandbits(4 * fours) for _ in range(count)]
    was = [rng.randrange(-(2**30), 2**30) for _ in range(count)]
    sums = [
        before + sum(table[8 * (row >> 4 * k & 15) + k] for k in range(fours))
        for before, row in zip(was, rows, strict=True)
    ]
    apart = [word for row in rows for word in (row, *[rng.getrandbits(32)] * (words - 1))]
    arguments = (
        Buffer(_words(table, "H"), _place(rng, 2)),
        Buffer(_words(apart[: len(apart) - (words - 1)]), _place(rng, 4)),
        *(words, count, Buffer(_words(was, "i"), _place(rng, 4), _words(sums, "i")), fours),
    )
    what = f"{fours} fours, {words} words, {count} rows"
    turn = rng.randrange(8)
    return Call("bnn_kernel_add_entries", what, arguments, None, turn, armv6m=True)


def inputs_of(planes: int) -> tuple[int, int]:
    """The fewest and the most inputs of a layer whose bases have so many planes."""
    return 2 ** (planes - 2) - 1, min(2 ** (planes - 1) - 2, MAX_COLUMNS)


def every_shape(rng: Random) -> Iterator[Call]:
    """Each count, remainder, number of planes and density, and both ends of each range."""
    for threshold in (-32768, -32767, -257, -1, 0, 1, 255, 256, 32766, 32767):
        yield at_least(rng, threshold)
    for count in (*range(5), 33, 127):
        for density in (NONE, 0.05, SOME, ALL):
            for flip in (0, 0xFFFFFFFF, rng.getrandbits(32)):
                last = MAX_COLUMNS + 1 - 32 * count
                yield listing(rng, count, density, flip, rng.choice([0, rng.randint(0, last)]))
    for unit in UNITS:
        for listed in (*range(50), *range(240, 273)):
            inputs = max(1, listed + rng.choice([0, 1, 30]))
            first = rng.choice([0, rng.randint(1, MAX_COLUMNS - inputs), MAX_COLUMNS - inputs])
            outputs = rng.choice([0, rng.randint(1, unit)])
            yield strip(rng, unit, inputs, listed, first, SOME, outputs)
        for planes in range(3, 15):
            for inputs in inputs_of(planes):
                for listed in (0, inputs):
                    yield strip(rng, unit, inputs, listed, 0, rng.choice([NONE, SOME, ALL]))
    for bits in (*range(1, 70), 991, 992, 993, 1024, 1984, 1985, 2048, 2300):
        x, rows = rng.choice([(SOME, SOME), (NONE, ALL), (ALL, NONE), (ALL, ALL)])
        yield differing(rng, bits, rng.choice([1, 2, 5]), x, rows)
    for words in (1, 8, 31, 32, 62, 63, MOST_WORDS):
        yield differing(rng, 32 * words - 2, 2, ALL, NONE)
    yield differing(rng, 40, 64, SOME, SOME)
    for n in range(1, 70):
        values = rng.choice([(), (-128,), (127,), (-128, 127)])
        yield signed_sums(rng, n, rng.choice([1, 2, 5]), values)
    yield signed_sums(rng, 45, 64)
    yield signed_sums(rng, 32 * MOST_WORDS - 2, 1, (-128, 127))
    for fours in range(1, 9):
        for values in ((), (-128,), (127,)):
            yield fill_table(rng, fours, values)
        for words, count in ((1, 1), (1, 64), (3, 2), (MOST_WORDS, 2)):
            yield add_entries(rng, fours, words, count)
