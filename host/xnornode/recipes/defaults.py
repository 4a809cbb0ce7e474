"""Settings to start from, by what the data are: some kilobytes, trained in a minute or two."""

from dataclasses import replace
from math import ceil

from xnornode.data.default_augment import default_augment, image_augment
from xnornode.data.series import is_series
from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.data.windows import Windows
from xnornode.errors import DataError
from xnornode.model.features import Features, Raw
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import DEFAULT, MAX_LAG, Statistics
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.spectra import LOGMEL_LAYERS, logmel, spectrum
from xnornode.training.config import TrainConfig

DENSE = (Dense(128), Dense(64))
STEPS = 2000  # of the optimizer, which even small data sets need
SOUND_EPOCHS = 40  # at most, of convolutions over frames: each takes long, and brings much
FEWEST_EPOCHS, MOST_EPOCHS = 20, 300
TEXT_BUCKETS = 2048
MOST_BANDS = 5
LAG = 0.16  # seconds
MOST_COVARIANCES = 8  # channels: each makes a value with each other one, and with itself
SPECTRA = {"spectrum": spectrum, "logmel": logmel}
FEATURES = ("raw", "statistics", "spectrum", "logmel", "ngrams")


def features_named(name: str, splits: Splits) -> Features:
    """The features of that name, with settings that suit most data."""
    channels = len(splits.window.channels)
    if name == "ngrams":
        return NGrams("characters", 1, 4, TEXT_BUCKETS, splits.window.length)
    if name in SPECTRA and splits.train.data_kind == "windows":
        return SPECTRA[name](splits)
    if name == "statistics":
        # As many octaves as there is room for: b of them need more than 2 (2^b - 1) samples.
        length = splits.window.length
        bands = min(MOST_BANDS, ((length + 1) // 2).bit_length() - 1)
        if length < 3:
            return Statistics(bands=bands)
        # What tells a motion from the same one backwards, and the most that features brought.
        rate = splits.window.rate_mhz / 1000
        lag = max(1, min(MAX_LAG, length - 1, round(LAG * rate) if rate else length // 16))
        between = ("covariance", "lagged covariance") if channels <= MOST_COVARIANCES else ()
        return Statistics((*DEFAULT, "asymmetry", *between), bands=bands, lag=lag)
    return Raw()


def is_table(splits: Splits) -> bool:
    """Whether each place of an item means something of its own, as the columns of a table do.

    Of items that are whole windows without a sample rate, it is measured (`is_series`).
    """
    window, items = splits.window, splits.train
    if not isinstance(items, Windows) or splits.image_shape:
        return False
    if window.length == 1:
        return True
    return items.places is None and not window.rate_mhz and not is_series(items.items)


def default_config(splits: Splits) -> TrainConfig:
    """Choose settings that suit the data: some kilobytes, trained in a minute or two.

    Parameters
    ----------
    splits : Splits
        The data.

    Returns
    -------
    TrainConfig
        n-grams for texts, convolutions for large images, log-mel spectra for sound, statistics
        for other windows. `xnornode train` tries more.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import default_config, from_windows, prepare
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> splits = prepare(from_windows("demo", samples, ["low"] * 40 + ["high"] * 40))
    >>> default_config(splits).encoding
    'int8'
    """
    count = len(splits.train)
    batch = 128 if count >= 4000 else 64 if count >= 1000 else 32
    epochs = min(max(ceil(STEPS * batch / count), FEWEST_EPOCHS), MOST_EPOCHS)
    config = TrainConfig(epochs=epochs, batch=batch, ste="polynomial")
    if splits.train.data_kind == "texts":
        return replace(config, features=features_named("ngrams", splits))
    if splits.image_shape and min(splits.image_shape) >= 16:
        layers = (Conv(32, (5, 5), (2, 2)), Conv(64, pool=(2, 2)), Dense(64))
        return replace(
            config,
            layers=layers,
            encoding="int8",
            image_shape=splits.image_shape,
            augment=image_augment(splits),
        )
    if splits.image_shape or is_table(splits):
        return replace(config, layers=DENSE, encoding="int8", image_shape=splits.image_shape)
    if is_sound(splits.window.channels, splits.window.rate_mhz):
        try:
            features = features_named("logmel", splits)
        except DataError:
            pass  # the windows are too short
        else:
            augment = default_augment(splits, features)
            return replace(
                config,
                epochs=min(epochs, SOUND_EPOCHS),
                layers=LOGMEL_LAYERS,
                encoding="int8",
                features=features,
                augment=augment,
            )
    features = features_named("statistics", splits)
    return replace(config, layers=DENSE, encoding="int8", features=features)
