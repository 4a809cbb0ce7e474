"""What the C core takes on a chip, in cycles: constants fitted to counts of instructions.

`tools/fit_chips.py` builds the core as for a board (-Os), runs networks, features and n-grams of
many shapes instruction by instruction, and fits. Renew the constants when the kernels change.
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
    word: 32 inputs of it, block: 256 inputs. byte_row, byte_word: the same with bytes; table: made
    of 32 bytes, for up to 32 rows. place: one place of a layer and group. piece: a run of inputs
    that is gathered for it. front: of features and of texts.
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
    byte_word: float
    table: float
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
    call=259,
    value=86.2,
    threshold=12.9,
    affine_value=108,
    row=196,
    word=32.8,
    block=144,
    byte_row=82.1,
    byte_word=74,
    table=1310,
    place=370,
    piece=137,
    front=FrontCosts(
        run=515,
        sample=174,
        log=237,
        root=433,
        sorting=26.4,
        band_read=40.8,
        band=46.3,
        pair_read=81,
        pair=77.2,
        byte=379,
        gram=58.4,
        word_byte=156,
    ),
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle; no ESP32 was measured, "
        "whose own code, cache and branches differ"
    ),
    call=424,
    value=48.3,
    threshold=7.45,
    affine_value=60.2,
    row=114,
    word=32.3,
    block=88.5,
    byte_row=38.7,
    byte_word=46.3,
    table=644,
    place=109,
    piece=63,
    front=FrontCosts(
        run=193,
        sample=66.9,
        log=161,
        root=129,
        sorting=11.5,
        band_read=20.8,
        band=23,
        pair_read=48.6,
        pair=42.9,
        byte=250,
        gram=38,
        word_byte=94.3,
    ),
)

CHIPS = (RP2040, ESP32)
