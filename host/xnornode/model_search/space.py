"""Networks that keep a budget: encoders and layers at random, and widths up to what still fits."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from xnornode._typing import Activation
from xnornode.data.splits import Splits
from xnornode.errors import DataError, ModelError
from xnornode.model.features import Raw
from xnornode.model.fit_encoding import EncodingName
from xnornode.model.ngrams import NGrams, Unit
from xnornode.model.statistics import COVARIANCE, DEFAULT, Statistics
from xnornode.model_search.budget import Budget, Candidate, Cost, cost_of
from xnornode.nn.layer_spec import Conv, Dense, Spec
from xnornode.training.config import TrainConfig

T = TypeVar("T")
# A network whose width is still open, and the widths to choose from, rising.
Form = tuple[Callable[[int], TrainConfig], Sequence[int]]

WIDTHS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
FORMS = 6  # tries in a family; one must fit
TRIES = 30  # draws in a row that give nothing new, after which there is nothing new

# The input encodings that are tried, with their bits, by what a window is.
Encodings = Sequence[tuple[EncodingName, Sequence[int]]]
SERIES: Encodings = (
    ("thermometer", (1, 2, 3, 4, 6)),
    ("learned-thermometer", (2, 3)),
    ("bit-planes", (4, 6)),
    ("int8", (8,)),
)
PIXELS: Encodings = (("thermometer", (1, 2, 3)), ("bit-planes", (3, 4)), ("int8", (8,)))
# From fast to slow on the node: quartiles need the samples sorted, parts and bands another pass.
STATISTICS = (
    DEFAULT,
    (*DEFAULT, "above mean", "rises", COVARIANCE),
    (*DEFAULT, "lower quartile", "median", "upper quartile", COVARIANCE),
)
BANDS = (0, 3, 5)
PARTS: Sequence[tuple[int, tuple[str, ...]]] = (
    (0, ()),
    (2, ("mean", "deviation", "log change")),
    (4, ("mean", "log change")),
)
NGRAMS: Sequence[tuple[Unit, int, int]] = (
    ("characters", 1, 3),
    ("characters", 2, 4),
    ("characters", 1, 4),
    ("characters", 3, 5),
    ("words", 1, 1),
    ("words", 1, 2),
)
BUCKETS = (256, 512, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768)
VALUES: Encodings = (
    ("thermometer", (2, 3, 4, 6, 8, 12)),
    ("bit-planes", (4, 6, 8)),
    ("int8", (8,)),
)


def checked(
    configs: Sequence[TrainConfig], splits: Splits, budget: Budget
) -> tuple[Iterator[Candidate], int]:
    """Those of `configs` that keep the budget, and how many do not."""
    costs = [cost_of(config, splits, budget.chip) for config in configs]
    kept = [(g, c) for g, c in zip(configs, costs, strict=True) if c.within(budget)]
    if not kept:
        raise _nothing_fits(budget, costs)
    return iter([Candidate(i, g, c) for i, (g, c) in enumerate(kept)]), len(costs) - len(kept)


def drawn(splits: Splits, budget: Budget, base: TrainConfig) -> Iterator[Candidate]:
    """Different networks that keep the budget, `base` first if it does, until none is new.

    Half of them are as wide as the budget allows, the others anything up to that: accuracy rises
    with width, but the Pareto front wants small ones too. Raises DataError where nothing fits.
    """
    rng = np.random.default_rng(base.seed)
    costs: dict[str, Cost | None] = {}
    problem: Exception | None = None

    def fits(config: TrainConfig) -> bool:
        nonlocal problem
        key = repr(config)
        if key not in costs:
            try:
                costs[key] = cost_of(config, splits, budget.chip)
            except (DataError, ModelError) as error:
                costs[key], problem = None, error
        cost = costs[key]
        return cost is not None and cost.within(budget)

    given: set[str] = set()
    idle = 0
    config: TrainConfig | None = base
    while idle < TRIES:
        idle += 1
        if config and repr(config) not in given and fits(config):
            cost = costs[repr(config)]
            assert cost
            yield Candidate(len(given), config, cost)
            given.add(repr(config))
            idle = 0
        config = _draw(splits, base, rng, fits)
    if not given:
        known = [cost for cost in costs.values() if cost]
        raise _nothing_fits(budget, known) if known or not problem else problem


def _nothing_fits(budget: Budget, costs: Sequence[Cost]) -> DataError:
    least = min(c.bytes for c in costs)
    fastest = min(c.microseconds for c in costs) / 1000
    frugal = min(c.ram for c in costs)
    return DataError(
        f"no network fits {budget}: of {len(costs)} that were tried the smallest takes {least:,} "
        f"bytes, the fastest {fastest:.3g} ms on {budget.chip.name}, the least RAM {frugal:,} "
        "bytes; names, labels and channels count too"
    )


def _draw(
    splits: Splits, base: TrainConfig, rng: np.random.Generator, fits: Callable[[TrainConfig], bool]
) -> TrainConfig | None:
    """A network of random form, as wide as fits or less; None where none was found."""
    family = _one_of(rng, _families(splits, base))
    # More than one try, or a family with few forms that fit would hardly be seen.
    for _ in range(FORMS):
        at, widths = family(rng)
        fitting = bisect_left(widths, True, key=lambda width: not fits(at(width)))
        if fitting:
            widest = rng.random() < 0.5
            return at(widths[fitting - 1 if widest else int(rng.integers(fitting))])
    return None


def _families(splits: Splits, base: TrainConfig) -> Sequence[Callable[[np.random.Generator], Form]]:
    """What draws a form, for data of this kind; several times what deserves more tries."""
    length = splits.window.length
    if splits.train.data_kind == "texts":
        return [lambda rng: _text(rng, base, length)]
    image = base.image_shape is not None
    encodings = PIXELS if image else SERIES if length > 1 else VALUES
    plain = replace(base, features=Raw())
    dense = [lambda rng: _dense(rng, _coded(rng, plain, encodings))]
    if length == 1:
        return dense
    convolutions = [lambda rng: _convolutions(rng, _coded(rng, plain, encodings), image)] * 2
    features = [] if image else [lambda rng: _features(rng, base)] * 2
    return [*dense, *convolutions, *features]


def _coded(rng: np.random.Generator, config: TrainConfig, encodings: Encodings) -> TrainConfig:
    encoding, bits = _one_of(rng, encodings)
    return replace(config, encoding=encoding, bits=_one_of(rng, bits))


def _features(rng: np.random.Generator, config: TrainConfig) -> Form:
    parts, of_parts = _one_of(rng, PARTS)
    features = Statistics(_one_of(rng, STATISTICS), _one_of(rng, BANDS), parts, of_parts)
    return _dense(rng, _coded(rng, replace(config, features=features), VALUES))


def _text(rng: np.random.Generator, config: TrainConfig, length: int) -> Form:
    """Hashed n-grams, and in half of the cases a dense layer."""
    unit, shortest, longest = _one_of(rng, NGRAMS)

    def hashed(buckets: int) -> TrainConfig:
        return replace(config, features=NGrams(unit, shortest, longest, buckets, length))

    if rng.random() < 0.5:
        return lambda buckets: replace(hashed(buckets), layers=()), BUCKETS
    features = hashed(_one_of(rng, BUCKETS))
    return lambda width: replace(features, layers=(Dense(width),)), WIDTHS


def _dense(rng: np.random.Generator, config: TrainConfig) -> Form:
    growths: Sequence[tuple[float, ...]] = ((), (1.0,), (1.0, 1.0), (1.0, 0.5))
    growth = _one_of(rng, growths)
    return _scaled(config, [Dense(1)] * len(growth), growth)


def _convolutions(rng: np.random.Generator, config: TrainConfig, image: bool) -> Form:
    """One to three convolutions, each wider than the last; then a dense layer, a mean, or none."""
    outputs: Sequence[Activation] = ("binary", "binary", "int8")
    count, output = int(rng.integers(1, 4)), _one_of(rng, outputs)
    grown = _one_of(rng, (1.0, 1.5, 2.0))
    specs: list[Spec] = []
    for i in range(count):
        first = i == 0
        kernel = _one_of(rng, ((3, 5) if image else (3, 5, 9)) if first else (3,))
        stride = _one_of(rng, ((1, 2) if image else (1, 2, 4)) if first else (1,))
        pool = _one_of(rng, (1, 2) if image else (1, 2, 4))
        sizes = [(n, n if image else 1) for n in (kernel, stride, pool)]
        specs.append(Conv(1, sizes[0], sizes[1], pool=sizes[2], activation=output))
    growth = [grown**i for i in range(count)]
    end = _one_of(rng, ("flat", "dense", "mean"))
    if end == "dense":
        specs.append(Dense(1))
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

    return at, WIDTHS if specs else WIDTHS[:1]


def _one_of(rng: np.random.Generator, options: Sequence[T]) -> T:
    return options[int(rng.integers(len(options)))]
