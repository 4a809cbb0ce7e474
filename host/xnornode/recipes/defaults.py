"""Settings to start from, by what the data are: some kilobytes that are trained in a minute or two.

For the example sets they are the recipes; what each setting brings is in docs/training-results.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import ceil

from xnornode.data.dataset import Dataset
from xnornode.data.prepare import Splits
from xnornode.data.windows import Texts
from xnornode.datasets.as_dataset import from_dataset, from_images, from_texts
from xnornode.datasets.images import digits, fashion_mnist, mnist
from xnornode.datasets.texts import languages, mails
from xnornode.datasets.watch import watch
from xnornode.model.features import DEFAULT, MAX_LAG, Statistics
from xnornode.model.ngrams import NGrams
from xnornode.model.preprocessing import Features, Raw
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes import settings
from xnornode.training.config import TrainConfig

STEPS = 2000  # of the optimizer, which even small data sets need
FEWEST_EPOCHS, MOST_EPOCHS = 20, 300
TEXT_BUCKETS = 2048
MOST_BANDS = 5
LAG = 0.16  # seconds
MOST_COVARIANCES = 8  # channels: each makes a value with each other one, and with itself
FEATURES = ("window", "features", "text")


@dataclass(frozen=True)
class Example:
    """An example set: how it is read, and the recipe for it."""

    read: Callable[[], Dataset]
    config: TrainConfig | None = None
    training_hop: int | None = None


def features_named(name: str, parts: Splits) -> Features:
    """The front of that name, with settings that suit most data."""
    channels = len(parts.window.channels)
    if name == "text":
        return NGrams("characters", 1, 4, TEXT_BUCKETS, parts.window.length)
    if name == "features":
        # As many octaves as there is room for: b of them need more than 2 (2^b - 1) samples.
        length = parts.window.length
        bands = min(MOST_BANDS, ((length + 1) // 2).bit_length() - 1)
        if length < 3:
            return Statistics(bands=bands)
        # What tells a motion from the same one backwards, and the most that features brought.
        rate = parts.window.rate_mhz / 1000
        lag = max(1, min(MAX_LAG, length - 1, round(LAG * rate) if rate else length // 16))
        between = ("covariance", "lagged covariance") if channels <= MOST_COVARIANCES else ()
        return Statistics((*DEFAULT, "asymmetry", *between), bands=bands, lag=lag)
    return Raw()


EXAMPLES = {
    "watch": Example(
        lambda: from_dataset(watch()), settings.WATCH.config, settings.WATCH.training_hop
    ),
    "mnist": Example(lambda: from_images(mnist()), settings.MNIST_12K),
    "fashion-mnist": Example(lambda: from_images(fashion_mnist()), settings.FASHION_32K),
    "digits": Example(lambda: from_images(digits()), settings.DIGITS_2K),
    "mails": Example(lambda: from_texts(mails()), settings.MAILS_16K),
    "languages": Example(lambda: from_texts(languages()), settings.LANGUAGES_16K),
}


def default_config(parts: Splits) -> TrainConfig:
    """Settings that suit `parts`."""
    count = len(parts.train)
    batch = 128 if count >= 4000 else 64 if count >= 1000 else 32
    epochs = min(max(ceil(STEPS * batch / count), FEWEST_EPOCHS), MOST_EPOCHS)
    config = TrainConfig(epochs=epochs, batch=batch, ste="polynomial")
    if isinstance(parts.train, Texts):
        return replace(config, features=features_named("text", parts))
    if parts.image_shape and min(parts.image_shape) >= 16:
        layers = (Conv(32, (5, 5), (2, 2)), Conv(64, pool=(2, 2)), Dense(64))
        return replace(config, layers=layers, encoding="int8", image_shape=parts.image_shape)
    if parts.image_shape or parts.window.length == 1:
        return replace(
            config, layers=(Dense(128), Dense(64)), encoding="int8", image_shape=parts.image_shape
        )
    features = features_named("features", parts)
    return replace(config, layers=(Dense(128), Dense(64)), encoding="int8", features=features)
