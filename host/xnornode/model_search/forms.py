"""Networks of random form whose width is still open."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from xnornode._typing import Activation
from xnornode.data.splits import Splits
from xnornode.model.features import Raw
from xnornode.model.ngrams import NGrams
from xnornode.model_search.inputs import (
    LEVELS,
    NGRAMS,
    PIXELS,
    SERIES,
    VALUES,
    Inputs,
    encoded,
    one_of,
)
from xnornode.nn.layer_spec import Conv, Dense, Spec
from xnornode.training.config import TrainConfig

Form = tuple[Callable[[int], TrainConfig], Sequence[int]]
"""A network whose width is still open, and the widths to choose from, rising."""
Family = Callable[[np.random.Generator], Form]

WIDTHS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
FILTERS = WIDTHS[:-2]
BUCKETS = (256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768)
DENSE: Sequence[tuple[float, ...]] = ((), (1.0,), (1.0, 1.0), (1.0, 0.5))
ACTIVATIONS: Sequence[Activation] = ("binary", "binary", "int8")
ACTIVATIONS_OF_LEVELS: Sequence[Activation] = ("int8", "int8", "binary")
GREW = (1.0, 1.5, 2.0)


def families(splits: Splits, base: TrainConfig) -> Sequence[Family]:
    """What draws a form, for data of this kind; several times what deserves more tries."""
    length = splits.window.length
    if splits.train.data_kind == "texts":
        return [lambda rng: _text(rng, base, length)]
    image = base.image_shape is not None
    encodings = PIXELS if image else SERIES if length > 1 else VALUES
    plain = replace(base, features=Raw())
    dense = [lambda rng: _dense(rng, encoded(rng, plain, encodings))]
    if length == 1:
        return dense
    if image:
        return [*dense, *[lambda rng: _convolutions(rng, encoded(rng, plain, PIXELS), True)] * 2]
    inputs = Inputs.of(splits)

    def statistics(rng: np.random.Generator) -> Form:
        config = replace(base, features=inputs.draw_statistics(rng))
        return _dense(rng, encoded(rng, config, VALUES))

    def levels(rng: np.random.Generator) -> Form:
        features = inputs.draw_spectrum(rng)
        config = encoded(rng, replace(base, features=features), LEVELS)
        return _dense(rng, config) if features.summary else _over_frames(rng, config)

    series = [lambda rng: _convolutions(rng, encoded(rng, plain, SERIES), False)] * 2
    spectra = [levels] * 2 if inputs.spectra else []
    return [*dense, *series, statistics, statistics, *spectra]


def _text(rng: np.random.Generator, config: TrainConfig, length: int) -> Form:
    """Hashed n-grams, and in half of the cases a dense layer."""
    unit, shortest, longest = one_of(rng, NGRAMS)

    def hashed(buckets: int) -> TrainConfig:
        return replace(config, features=NGrams(unit, shortest, longest, buckets, length))

    if rng.random() < 0.5:
        return lambda buckets: replace(hashed(buckets), layers=()), BUCKETS
    features = hashed(one_of(rng, BUCKETS))
    activation = one_of(rng, ACTIVATIONS)
    return lambda width: replace(features, layers=(Dense(width, activation),)), WIDTHS


def _dense(rng: np.random.Generator, config: TrainConfig) -> Form:
    """Up to two dense layers, binary or int8."""
    growth, activation = one_of(rng, DENSE), one_of(rng, ACTIVATIONS)
    return _scaled(config, [Dense(1, activation)] * len(growth), growth)


def _convolutions(rng: np.random.Generator, config: TrainConfig, image: bool) -> Form:
    """One to three convolutions, each wider than the last; then a dense layer, a mean, or none."""
    specs: list[Spec] = []
    count, activation = int(rng.integers(1, 4)), one_of(rng, ACTIVATIONS)
    for i in range(count):
        first = i == 0
        kernel = one_of(rng, ((3, 5) if image else (3, 5, 9)) if first else (3,))
        stride = one_of(rng, ((1, 2) if image else (1, 2, 4)) if first else (1,))
        pool = one_of(rng, (1, 2) if image else (1, 2, 4))
        sizes = [(n, n if image else 1) for n in (kernel, stride, pool)]
        specs.append(Conv(1, sizes[0], sizes[1], pool=sizes[2], activation=activation))
    return _ended(rng, config, specs, activation)


def _over_frames(rng: np.random.Generator, config: TrainConfig) -> Form:
    """One to three convolutions along the frames of a spectrum; half of them over bands, too."""
    count, wide = int(rng.integers(1, 4)), rng.random() < 0.5
    activation = one_of(rng, ACTIVATIONS_OF_LEVELS)
    specs: list[Spec] = []
    for i in range(count):
        if wide:
            kernel = (one_of(rng, (3, 5, 7)), one_of(rng, (3, 4))) if i == 0 else (3, 3)
            stride = (one_of(rng, (1, 2)), 2 if i == 0 else 1)
            specs.append(Conv(1, kernel, stride, activation=activation))
        else:
            pool = one_of(rng, (1, 2))
            kernel = (one_of(rng, (3, 5)) if i == 0 else 3, 1)
            specs.append(Conv(1, kernel, pool=(pool, 1), activation=activation))
    return _ended(rng, config, specs, activation)


def _ended(
    rng: np.random.Generator, config: TrainConfig, specs: list[Spec], activation: Activation
) -> Form:
    """Convolutions that grow, and what comes behind them."""
    grown = one_of(rng, GREW)
    growth = [grown**i for i in range(len(specs))]
    end = one_of(rng, ("flat", "dense", "mean"))
    if end == "dense":
        specs = [*specs, Dense(1, activation)]
        growth.append(growth[-1])
    return _scaled(config, specs, growth, end == "mean")


def _scaled(
    config: TrainConfig, specs: Sequence[Spec], growth: Sequence[float], mean: bool = False
) -> Form:
    """Layers; each is so many times as wide as the width that is open."""

    def at(width: int) -> TrainConfig:
        layers = tuple(
            replace(spec, outputs=max(1, round(width * grown)))
            for spec, grown in zip(specs, growth, strict=True)
        )
        return replace(config, layers=layers, global_average_pooling=mean)

    widths = FILTERS if any(isinstance(spec, Conv) for spec in specs) else WIDTHS
    return at, widths if specs else WIDTHS[:1]
