"""Cheap settings that are worth a try, by what the data are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xnornode.data.augment import Augment, Augmentation, TextAugment
from xnornode.data.default_augment import default_augment, image_augment
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.data.triads import find_triads
from xnornode.errors import DataError
from xnornode.model.features import Raw
from xnornode.model.fft import SHORTEST
from xnornode.model.ngrams import NGrams
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.defaults import DENSE, default_config, features_named, is_table
from xnornode.training.config import TrainConfig

THERMOMETER, MANY_COLUMNS = 8, 64
"""Bits of a value; half as many where there are more columns. A network learns where they step, so
bits that step together make a weight of several bits."""
MOST_WEIGHTS = 72_000
"""Weights of a thermometer's layer: 9 kB."""
MOST_COLUMNS = 96
"""Of tables whose layer of 512 leaves the model below 32 kB."""
SMALLEST_IMAGE = 7
"""Pixels that three convolutions of 3 x 3 need."""
SHORTEST_SERIES = 16
"""Samples of a window from which convolutions along time are tried."""
LONG_SERIES = 32
"""Samples from which there are two convolutions, the first with a stride."""
ROTATION = 30.0
"""Degrees that a sensor is worn turned."""
SLOW_EPOCHS, FEWEST = 40, 15
"""Epochs that wide int8 layers need at least, and thermometers."""


def longer(epochs: int) -> int:
    """Epochs of layers that learn slowly."""
    return max(epochs, SLOW_EPOCHS)


@dataclass(frozen=True)
class Candidate:
    """Settings that are worth a try.

    Parameters
    ----------
    name : str
        What a table calls them, such as "statistics, dense 512".
    config : TrainConfig
        What is trained, and how.
    """

    name: str
    config: TrainConfig


def candidates(splits: Splits) -> tuple[Candidate, ...]:
    """Settings that are worth a try on these data, the cheapest to try first.

    Parameters
    ----------
    splits : Splits
        The data. Only the training part is looked at.

    Returns
    -------
    tuple of Candidate
        Three to five. The first is `default_config`.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows, prepare
    >>> from xnornode.recipes.candidates import candidates
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 1, 4)).astype(np.int16)
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 40 + ["high"] * 40))
    >>> candidates(splits)[0].name
    'values, binary 128-64'
    """
    first = default_config(splits)
    if splits.train.data_kind == "texts":
        return tuple(_texts(splits, first))
    if splits.image_shape:
        return tuple(_images(splits, first))
    if is_table(splits):
        return tuple(_tables(splits, first))
    return tuple(_windows(splits, first))


def _tables(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    """Depth with int8 activations for smooth borders, thermometers for steps and single bits."""
    yield Candidate("values, binary 128-64", first)
    int8 = replace(first, epochs=longer(first.epochs), learning_rate=0.006)
    yield Candidate("values, int8 256-128", replace(int8, layers=_int8(256, 128)))
    columns = splits.window.length * len(splits.window.channels)
    if columns <= MOST_COLUMNS:
        yield Candidate("values, int8 512-256", replace(int8, layers=_int8(512, 256)))
    bits = THERMOMETER if columns <= MANY_COLUMNS else THERMOMETER // 2
    width = next((w for w in (128, 96, 64, 32) if w * bits * columns <= MOST_WEIGHTS), 16)
    learned = replace(
        first,
        epochs=max(FEWEST, first.epochs // 4),  # it learns fast, and then by heart
        encoding="learned-thermometer",
        bits=bits,
        standardize=True,
        learning_rate=0.006,
        smoothing=0.2,
        layers=_int8(width),
    )
    yield Candidate(f"thermometer, int8 {width}", learned)


def _images(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    yield Candidate(f"{_kind(first)}, binary", first)
    if isinstance(first.layers[0], Conv):
        int8 = tuple(replace(layer, activation="int8") for layer in first.layers)
        yield Candidate("convolutions, int8", replace(first, layers=int8))
        return
    yield Candidate("values, int8 256-128", replace(first, layers=_int8(256, 128)))
    if min(splits.image_shape or ()) >= SMALLEST_IMAGE:
        layers = tuple(Conv(n, activation="int8") for n in (16, 24, 20))
        moved = replace(first, layers=layers, augment=image_augment(splits), smoothing=0.1)
        yield Candidate("convolutions, int8", moved)


def _kind(config: TrainConfig) -> str:
    return "convolutions" if isinstance(config.layers[0], Conv) else "values"


def _texts(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    length = splits.window.length
    yield Candidate("n-grams of 1 to 4", first)
    many = NGrams("characters", 2, 4, 8192, length)
    drop = TextAugment(drop=0.3)
    yield Candidate(
        "n-grams of 2 to 4, 8192", replace(first, features=many, layers=(Dense(14),), augment=drop)
    )
    words = NGrams("words", 1, 2, 4096, length)
    yield Candidate("words, 1 or 2", replace(first, features=words, layers=(Dense(16),)))


def _windows(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    sound = is_sound(splits.window.channels, splits.window.rate_mhz)
    statistics = features_named("statistics", splits)
    plain = replace(first, features=statistics, layers=DENSE, augment=None, encoding="int8")
    if sound and first.features != statistics:
        yield Candidate("log-mel, convolutions", first)
    yield Candidate("statistics, binary 128-64", plain)
    if not sound:
        augment = _motion(splits, plain)
        wide = replace(plain, layers=(Dense(512),), augment=augment)
        yield Candidate("statistics, binary 512", wide)
    if splits.window.length >= SHORTEST:
        try:
            spectrum = features_named("spectrum", splits)
        except DataError:  # too many channels
            pass
        else:
            yield Candidate("spectrum, binary 128-64", replace(plain, features=spectrum))
    if splits.window.length >= SHORTEST_SERIES and not sound:
        along: tuple[Conv, ...] = (Conv(48, (5, 1), pool=(2, 1), activation="int8"),)
        if splits.window.length >= LONG_SERIES:
            along = (Conv(32, (5, 1), (2, 1), activation="int8"), *along)
        series = replace(plain, features=Raw(), layers=(*along, Dense(64, "int8")), smoothing=0.1)
        yield Candidate("samples, convolutions", series)


def _int8(*widths: int) -> tuple[Dense, ...]:
    return tuple(Dense(width, "int8") for width in widths)


def _motion(splits: Splits, config: TrainConfig) -> Augmentation | None:
    """The usual augmentation, and small rotations where channels are three axes."""
    usual = default_augment(splits, config.features)
    triads = find_triads(splits.window.channels)
    if not triads or not isinstance(usual, Augment) or usual.rotation:
        return usual
    return replace(usual, rotation=ROTATION, triads=triads)
