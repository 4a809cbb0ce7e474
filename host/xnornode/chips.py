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
    """Cycles of the core's parts. basis: what the figures rest on, for people.

    call: a classification. value: coding one value, threshold: each threshold it is compared with,
    values: 32 values of a window where there is one threshold for all, affine_value: coding one
    value as bit planes or a byte. row: one neuron at one place, with bits; word: 32 inputs of it,
    block: 256 inputs. byte_row: one neuron at one place, with bytes; four: 4 inputs of it, table:
    made of 4 inputs, for up to 64 rows. place: one place of a layer and group. piece: a run of
    inputs that is gathered for it. With weights in columns, list_bit: an input bit that is looked
    at for a list, list_run: each run of at most 32 of them; strip: one strip at one place, listed:
    each listed column of it. front: of features and of texts.
    """

    name: str
    hertz: int
    basis: str
    call: float
    value: float
    threshold: float
    values: float
    affine_value: float
    row: float
    word: float
    block: float
    byte_row: float
    four: float
    table: float
    place: float
    piece: float
    list_bit: float
    list_run: float
    strip: float
    listed: float
    front: FrontCosts


RP2040 = Chip(
    name="RP2040",
    hertz=125_000_000,
    basis=(
        "cycles of the C core by the Cortex-M0+ manual, with memory that never waits; stalls of "
        "the flash cache and MicroPython's call are not in it"
    ),
    call=289,
    value=81.5,
    threshold=15.3,
    values=193,
    affine_value=97.2,
    row=78.5,
    word=22.1,
    block=163,
    byte_row=56.2,
    four=6.88,
    table=96.5,
    place=168,
    piece=167,
    list_bit=6.32,
    list_run=28.1,
    strip=521,
    listed=9.88,
    front=FrontCosts(
        run=476,
        sample=174,
        log=227,
        root=453,
        sorting=26.3,
        band_read=39,
        band=46.8,
        pair_read=79.3,
        pair=77.9,
        byte=376,
        gram=58.7,
        word_byte=155,
    ),
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle; no ESP32 was measured, "
        "whose own code, cache and branches differ"
    ),
    call=163,
    value=45.2,
    threshold=9.03,
    values=294,
    affine_value=56.9,
    row=131,
    word=29.2,
    block=84.5,
    byte_row=78.8,
    four=6.15,
    table=87.8,
    place=41.7,
    piece=69.8,
    list_bit=4.78,
    list_run=9.75,
    strip=451,
    listed=8.82,
    front=FrontCosts(
        run=161,
        sample=66.8,
        log=163,
        root=162,
        sorting=11.5,
        band_read=19.9,
        band=23.2,
        pair_read=47.3,
        pair=43.3,
        byte=250,
        gram=38,
        word_byte=94.5,
    ),
)

CHIPS = (RP2040, ESP32)
