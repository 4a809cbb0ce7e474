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
    call=467,
    value=85.1,
    threshold=8.18,
    values=197,
    affine_value=95.5,
    row=72.5,
    word=26.8,
    block=166,
    byte_row=63.4,
    four=6.53,
    table=117,
    place=214,
    piece=168,
    list_bit=10.5,
    list_run=66.2,
    strip=574,
    listed=6.04,
    front=FrontCosts(
        run=520,
        sample=174,
        log=235,
        root=431,
        sorting=26.3,
        band_read=41.3,
        band=46.3,
        pair_read=81,
        pair=77.2,
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
    call=295,
    value=46.4,
    threshold=7.32,
    values=304,
    affine_value=58.2,
    row=129,
    word=30.2,
    block=82.8,
    byte_row=82.3,
    four=6.03,
    table=87.1,
    place=66.7,
    piece=61.8,
    list_bit=5.93,
    list_run=35.5,
    strip=502,
    listed=8.03,
    front=FrontCosts(
        run=179,
        sample=66.8,
        log=165,
        root=150,
        sorting=11.5,
        band_read=20.8,
        band=22.9,
        pair_read=47.9,
        pair=43.1,
        byte=251,
        gram=37.9,
        word_byte=95,
    ),
)

CHIPS = (RP2040, ESP32)
