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
    call=-180,
    value=79.3,
    threshold=14.1,
    values=188,
    affine_value=93.5,
    row=64.6,
    word=31.6,
    block=174,
    byte_row=58.9,
    four=6.57,
    table=126,
    place=55.5,
    piece=189,
    list_bit=9.28,
    list_run=159,
    strip=727,
    listed=2.67,
    front=FrontCosts(
        run=597,
        sample=174,
        log=250,
        root=397,
        sorting=26.4,
        band_read=45.4,
        band=45.3,
        pair_read=83.8,
        pair=76.2,
        byte=377,
        gram=58.6,
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
    call=-52.9,
    value=44.6,
    threshold=8.66,
    values=296,
    affine_value=57,
    row=126,
    word=32.7,
    block=87,
    byte_row=81.5,
    four=6.04,
    table=91.1,
    place=54.4,
    piece=63.2,
    list_bit=6.3,
    list_run=39.3,
    strip=520,
    listed=6,
    front=FrontCosts(
        run=212,
        sample=66.9,
        log=168,
        root=130,
        sorting=11.5,
        band_read=22.7,
        band=22.5,
        pair_read=48.9,
        pair=42.8,
        byte=251,
        gram=37.9,
        word_byte=94.8,
    ),
)

CHIPS = (RP2040, ESP32)
