"""Cheap settings that are worth a try, by what the data are."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.features import Raw
from xnornode.model.ngrams import NGrams
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.recipes.defaults import default_config, features_named
from xnornode.recipes.spectra import LOGMEL_LAYERS, SOUND
from xnornode.training.config import TrainConfig

INT8_WIDE = (Dense(512, "int8"), Dense(256, "int8"))
INT8_MIDDLE = (Dense(256, "int8"), Dense(128, "int8"))
SHORTEST_SERIES = 16
"""Samples of a window from which convolutions along time are tried."""


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
    'values, 2 layers'
    """
    first = default_config(splits)
    if splits.train.data_kind == "texts":
        return tuple(_texts(splits, first))
    if splits.image_shape:
        return tuple(_images(first))
    if splits.window.length == 1:
        return tuple(_tables(first))
    return tuple(_windows(splits, first))


def _tables(first: TrainConfig) -> Iterator[Candidate]:
    yield Candidate("values, 2 layers", first)
    yield Candidate("values, int8 256-128", replace(first, layers=INT8_MIDDLE))
    yield Candidate("values, int8 512-256", replace(first, layers=INT8_WIDE))
    bits = replace(first, encoding="learned-thermometer", bits=8, layers=(Dense(128, "int8"),))
    yield Candidate("thermometer, int8 128", bits)


def _images(first: TrainConfig) -> Iterator[Candidate]:
    yield Candidate("binary layers", first)
    int8 = tuple(replace(layer, activation="int8") for layer in first.layers)
    yield Candidate("int8 layers", replace(first, layers=int8))


def _texts(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    yield Candidate("n-grams 1-4", first)
    length = splits.window.length
    words = NGrams("words", 1, 2, 4096, length)
    yield Candidate("words 1-2", replace(first, features=words, layers=(Dense(16),)))
    many = NGrams("characters", 2, 4, 8192, length)
    yield Candidate("n-grams 2-4, many", replace(first, features=many, layers=(Dense(14),)))


def _windows(splits: Splits, first: TrainConfig) -> Iterator[Candidate]:
    length, rate = splits.window.length, splits.window.rate_mhz / 1000
    sound = rate >= SOUND
    statistics = (
        first if not sound else replace(first, features=features_named("statistics", splits))
    )
    yield Candidate("statistics, 2 layers", statistics)
    yield Candidate("statistics, 512", replace(statistics, layers=(Dense(512),)))
    try:
        spectrum = features_named("spectrum", splits)
        yield Candidate("spectrum, 2 layers", replace(statistics, features=spectrum))
        if sound:
            logmel = features_named("logmel", splits)
            config = replace(statistics, features=logmel, layers=LOGMEL_LAYERS)
            yield Candidate("log-mel, convolutions", config)
    except DataError:
        pass  # the windows are too short
    if length >= SHORTEST_SERIES and not sound:
        layers = (
            Conv(32, (5, 1), (2, 1), activation="int8"),
            Conv(48, (5, 1), pool=(2, 1), activation="int8"),
            Dense(64, "int8"),
        )
        yield Candidate("samples, convolutions", replace(statistics, features=Raw(), layers=layers))
