"""What the C core takes on a chip, in cycles: constants fitted to counts of instructions.

The core was built as for a board (GCC 12.2, -Os), and 18 networks (dense 32 to 3072 inputs wide,
1-D and 2-D convolutions, groups, bits and bytes), 27 sets of features and 7 of n-grams ran
instruction by instruction in an emulator; the constants are the least-squares fit, which misses
none of the networks by more than 1.3 %, of the features by 5 % and of the n-grams by 10 %.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FrontCosts:
    """Cycles of what comes before the code.

    run, sample: statistics of a run of samples, and each sample of it. log, root: a logarithm, a
    square root. sorting: of a sample, times the logarithm of how many to base 2. band_read, band: a
    sample that bands are taken of, and each band of it. pair_read, pair: a sample of a channel
    whose covariance is taken, and of each pair of channels. byte, gram: a byte of a text in
    characters, and each length of n-grams that begin there; word_byte: a byte of a text in words.
    """

    run: float
    sample: float
    log: float
    root: float
    sorting: float
    band_read: float
    band: float
    pair_read: float
    pair: float
    byte: float
    gram: float
    word_byte: float


@dataclass(frozen=True)
class Chip:
    """Cycles of the portable kernel's parts. basis: what the figures rest on, for people.

    call: a classification. value: coding one value, threshold: each threshold it is compared with,
    affine_value: coding one value as bit planes or a byte. row: one neuron at one place, with bits;
    word: 32 inputs of it, block: 256 inputs. byte_row, four_bytes: the same with bytes. place: one
    place of a layer and group. piece: a run of inputs that is gathered for it.
    front: of the features and of texts.
    """

    name: str
    hertz: int
    basis: str
    call: float
    value: float
    threshold: float
    affine_value: float
    row: float
    word: float
    block: float
    byte_row: float
    four_bytes: float
    place: float
    piece: float
    front: FrontCosts


RP2040 = Chip(
    name="RP2040",
    hertz=125_000_000,
    basis=(
        "cycles of the C core by the Cortex-M0+ manual, with memory that never waits; stalls of "
        "the flash cache and MicroPython's call are not in it"
    ),
    call=399,
    value=84.6,
    threshold=12.3,
    affine_value=98.0,
    row=183,
    word=34.8,
    block=158,
    byte_row=147,
    four_bytes=33.6,
    place=754,
    piece=73.6,
    front=FrontCosts(
        run=599,
        sample=174,
        log=260,
        root=311,
        sorting=25.1,
        band_read=33.7,
        band=47.8,
        pair_read=104,
        pair=61.4,
        byte=352,
        gram=58,
        word_byte=141,
    ),
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle; no ESP32 was measured, "
        "whose own code, cache and branches differ"
    ),
    call=302,
    value=47.2,
    threshold=7.1,
    affine_value=54.6,
    row=105,
    word=33.5,
    block=96.8,
    byte_row=76.7,
    four_bytes=15.9,
    place=389,
    piece=12.7,
    front=FrontCosts(
        run=245,
        sample=67.1,
        log=167,
        root=71.9,
        sorting=11.0,
        band_read=17.4,
        band=23.7,
        pair_read=61.4,
        pair=37.2,
        byte=247,
        gram=37,
        word_byte=88,
    ),
)

CHIPS = (RP2040, ESP32)
