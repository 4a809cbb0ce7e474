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
    word: 32 inputs of it, block: 256 inputs. byte_row, byte_word: the same with bytes; table: what
    four bytes cost beyond for each 32 rows. place: one
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
    call=1170,
    value=84.7,
    threshold=12.6,
    affine_value=101,
    row=177,
    word=36,
    block=147,
    byte_row=120,
    byte_word=14.7,
    table=100,
    place=731,
    piece=76.7,
    front=FrontCosts(
        run=510,
        sample=174,
        log=218,
        root=416,
        sorting=26.3,
        band_read=40.1,
        band=46.6,
        pair_read=81.6,
        pair=77,
        byte=374,
        gram=59,
        word_byte=153,
    ),
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle; no ESP32 was measured, "
        "whose own code, cache and branches differ"
    ),
    call=914,
    value=47.3,
    threshold=7.29,
    affine_value=55.7,
    row=103,
    word=34,
    block=90.5,
    byte_row=57.8,
    byte_word=8.6,
    table=100,
    place=332,
    piece=24.9,
    front=FrontCosts(
        run=183,
        sample=67,
        log=152,
        root=123,
        sorting=11.5,
        band_read=19.6,
        band=23.3,
        pair_read=48.7,
        pair=42.8,
        byte=247,
        gram=38.3,
        word_byte=92.5,
    ),
)

CHIPS = (RP2040, ESP32)
