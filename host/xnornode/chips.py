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
    at for a list, list_run: each run of at most 32 of them, list_odd: where channels are no whole
    words; list_narrow: a bit of few channels; strip: one strip at one place, listed: each listed
    column of it. front: of features and of texts.
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
    list_narrow: float
    list_run: float
    list_odd: float
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
    call=633,
    value=90.8,
    threshold=-4.98,
    values=211,
    affine_value=94.5,
    row=75.9,
    word=24.9,
    block=168,
    byte_row=52.6,
    four=7.06,
    table=101,
    place=-87.1,
    piece=220,
    list_bit=2.36,
    list_narrow=-55.4,
    list_run=280,
    list_odd=462,
    strip=659,
    listed=6.97,
    front=FrontCosts(
        run=436,
        sample=154,
        log=219,
        root=476,
        sorting=26.2,
        band_read=44.9,
        band=46.3,
        pair_read=66.5,
        pair=84.8,
        byte=375,
        gram=58.8,
        word_byte=154,
    ),
)

ESP32 = Chip(
    name="ESP32",
    hertz=240_000_000,
    basis=(
        "instructions of the C core on RV32IMC, one taken for each cycle; no ESP32 was measured, "
        "whose own code, cache and branches differ"
    ),
    call=253,
    value=49.9,
    threshold=-4.75,
    values=240,
    affine_value=49.8,
    row=58.9,
    word=12.2,
    block=99.8,
    byte_row=68.1,
    four=5.62,
    table=111,
    place=-87.3,
    piece=95.8,
    list_bit=6.64,
    list_narrow=-43.7,
    list_run=104,
    list_odd=180,
    strip=571,
    listed=6.41,
    front=FrontCosts(
        run=174,
        sample=60.7,
        log=164,
        root=156,
        sorting=11.5,
        band_read=22.7,
        band=22.8,
        pair_read=40.4,
        pair=50.7,
        byte=246,
        gram=38.3,
        word_byte=91.4,
    ),
)

CHIPS = (RP2040, ESP32)
