"""What the C core takes on a chip, in cycles: constants fitted to counts of instructions.

`tools/bench/fit_chips.py` builds the core as for a board (-Os), runs networks, features and n-grams
of many shapes instruction by instruction, and fits. Renew the constants when the kernels change.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureCosts:
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
    values: 32 samples of one channel against the first threshold, reached: where there are more, a
    sample besides, affine_value: coding one value as bit planes or a byte. row: one neuron at one
    place, with bits; word: 32 inputs of it, block: 256 inputs. byte_row: one neuron at one place,
    with bytes; four: 4 inputs of it, table: made of 4 inputs, for up to 64 rows. place: one place
    of a layer and group. piece: a run of inputs that is gathered for it. With weights in columns,
    list_bit: an input bit that is looked at for a list, list_run: each run of at most 32 of them,
    list_odd: where channels are no whole words; list_row: one row of a place, where channels are
    few, list_narrow: each listed bit of it; strip: one strip at one place, plane: each plane of its
    bases, listed: each listed column of it. front: of features and of texts.
    """

    name: str
    hertz: int
    basis: str
    call: float
    value: float
    threshold: float
    values: float
    reached: float
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
    list_row: float
    list_run: float
    list_odd: float
    strip: float
    plane: float
    listed: float
    features: FeatureCosts


RP2040 = Chip(
    name="RP2040",
    hertz=125_000_000,
    basis=(
        "cycles of the C core by the Cortex-M0+ manual, with memory that never waits; stalls of "
        "the flash cache and MicroPython's call are not in it"
    ),
    call=833,
    value=79.8,
    threshold=17.2,
    values=237,
    reached=35.8,
    affine_value=99.9,
    row=85.7,
    word=17.4,
    block=159,
    byte_row=58.4,
    four=6.85,
    table=88.2,
    place=27.3,
    piece=196,
    list_bit=3.59,
    list_narrow=12.3,
    list_row=32.2,
    list_run=73.9,
    list_odd=193,
    strip=0,
    plane=78.9,
    listed=9.08,
    features=FeatureCosts(
        run=352,
        sample=154,
        log=202,
        root=512,
        sorting=26.2,
        band_read=40.3,
        band=47.3,
        pair_read=63.5,
        pair=86,
        byte=375,
        gram=58.9,
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
    call=363,
    value=44.3,
    threshold=7.67,
    values=255,
    reached=16.2,
    affine_value=53.1,
    row=62.7,
    word=8.74,
    block=95,
    byte_row=70.9,
    four=5.48,
    table=103,
    place=7.96,
    piece=76.8,
    list_bit=6.35,
    list_narrow=2.84,
    list_row=15.5,
    list_run=0,
    list_odd=36.5,
    strip=43.4,
    plane=61.9,
    listed=7.77,
    features=FeatureCosts(
        run=110,
        sample=60.7,
        log=157,
        root=193,
        sorting=11.5,
        band_read=19.1,
        band=23.6,
        pair_read=38.5,
        pair=51.4,
        byte=246,
        gram=38.4,
        word_byte=91.4,
    ),
)

CHIPS = (RP2040, ESP32)
