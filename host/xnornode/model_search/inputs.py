"""What comes before a network, drawn at random: features and input encodings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from xnornode.data.sound import is_sound
from xnornode.data.splits import Splits
from xnornode.errors import DataError
from xnornode.model.fft import LONGEST, SHORTEST
from xnornode.model.fit_encoding import EncodingName
from xnornode.model.ngrams import Unit
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.model.statistics import COVARIANCE, DEFAULT, LAGGED, MAX_LAG, Statistics
from xnornode.recipes.defaults import MOST_COVARIANCES, SPECTRA, features_named
from xnornode.recipes.spectra import SOUND
from xnornode.training.config import TrainConfig

T = TypeVar("T")

# The input encodings that are tried, with their bits, by what a window is.
Encodings = Sequence[tuple[EncodingName, Sequence[int]]]
SERIES: Encodings = (
    ("thermometer", (1, 2, 3, 4, 6)),
    ("learned-thermometer", (2, 3)),
    ("bit-planes", (4, 6)),
    ("int8", (8,)),
)
PIXELS: Encodings = (("thermometer", (1, 2, 3)), ("bit-planes", (3, 4)), ("int8", (8,)))
VALUES: Encodings = (
    ("thermometer", (2, 3, 4, 6, 8, 12)),
    ("learned-thermometer", (4, 8)),
    ("bit-planes", (4, 6, 8)),
    ("int8", (8,)),
    ("int8", (8,)),
)
LEVELS: Encodings = (("int8", (8,)), ("int8", (8,)), ("thermometer", (2, 3, 4)))
# Statistics that come on top of the usual ones, together.
EXTRA = (
    ("above mean", "rises"),
    ("lower quartile", "median", "upper quartile"),  # sorting takes time
    ("interquartile range",),
    ("log variance", "log power"),
    ("asymmetry",),
)
BETWEEN = (COVARIANCE, LAGGED)
LAGS = (0.5, 1.0, 2.0)  # times the usual one
OCTAVES = (0, 3, 5)
PARTS: Sequence[tuple[int, tuple[str, ...]]] = (
    (0, ()),
    (0, ()),
    (2, ("mean", "deviation", "log change")),
    (4, ("mean", "log change")),
)
FRAMES = (0.5, 1.0, 2.0)  # times the usual one
BANDS = (12, 16, 24, 32, 40, 64)
SUMMARIES = (("mean",), ("mean", "largest"), ("mean", "largest", "change"))
NGRAMS: Sequence[tuple[Unit, int, int]] = (
    ("characters", 1, 3),
    ("characters", 2, 4),
    ("characters", 1, 4),
    ("characters", 3, 5),
    ("words", 1, 1),
    ("words", 1, 2),
)


def one_of(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, all alike."""
    return options[int(rng.integers(len(options)))]


def encoded(rng: np.random.Generator, config: TrainConfig, encodings: Encodings) -> TrainConfig:
    """The same settings with an encoding."""
    encoding, bits = one_of(rng, encodings)
    return replace(config, encoding=encoding, bits=one_of(rng, bits))


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is drawn from for data.

    statistics, spectra: the usual ones, which the others are made of; empty where the data allow
    none.
    """

    splits: Splits
    statistics: tuple[Statistics, ...] = ()
    spectra: tuple[Spectrum, ...] = ()

    @classmethod
    def of(cls, splits: Splits) -> "Inputs":
        """Those that the data allow."""
        length = splits.window.length
        series = splits.train.data_kind == "windows" and not splits.image_shape and length > 1
        if not series:
            return cls(splits)
        statistics = features_named("statistics", splits)
        assert isinstance(statistics, Statistics)
        spectra = []
        sound = is_sound(splits.window.channels, splits.window.rate_mhz)
        for name in SPECTRA if length >= SHORTEST else ():
            if sound or name == "spectrum":
                try:
                    found = features_named(name, splits)
                except DataError:
                    continue
                assert isinstance(found, Spectrum)
                spectra.append(found)
        return cls(splits, (statistics,), tuple(spectra))

    def draw_statistics(self, rng: np.random.Generator) -> Statistics:
        """Statistics of whole windows, of parts of them, and of octaves."""
        usual = self.statistics[0]
        length, channels = self.splits.window.length, len(self.splits.window.channels)
        extra = [name for group in EXTRA if rng.random() < 0.4 for name in group]
        if channels <= MOST_COVARIANCES:
            extra += [name for name in BETWEEN if rng.random() < 0.5]
        parts, of_parts = one_of(rng, PARTS)
        lag = max(1, min(round(usual.lag * one_of(rng, LAGS)), length - 1, MAX_LAG))
        lagging = {"asymmetry", LAGGED} & {*extra}
        bands = one_of(rng, (*OCTAVES, usual.bands))
        return Statistics(
            (*DEFAULT, *extra),
            bands,
            parts,
            of_parts,
            lag=lag if lagging else 0,
        )

    def draw_spectrum(self, rng: np.random.Generator) -> Spectrum:
        """The usual levels with other frames and bands."""
        usual = one_of(rng, self.spectra)
        longest = min(LONGEST, 1 << self.splits.window.length.bit_length() - 1)
        frame = max(SHORTEST, min(longest, round(usual.frame * one_of(rng, FRAMES))))
        bands = min(one_of(rng, BANDS), frame // 4)
        rate = self.splits.window.rate_mhz / 1000 or 1000.0
        low = usual.edges[0] / 32 * rate / usual.frame
        scale = "mel" if rate >= SOUND and not usual.summary else "linear"  # as recipes.spectra
        edges = band_edges(frame, bands, rate, max(low, rate / frame), rate / 2, scale)
        hop = one_of(rng, (frame // 2, frame // 2, frame))
        floor = max(0, usual.floor + round(256 * np.log2(frame / usual.frame)))  # as of noise
        made = replace(usual, frame=frame, hop=hop, edges=edges, floor=floor)
        if usual.summary:
            return replace(made, summary=one_of(rng, SUMMARIES))
        return replace(made, differences=bool(rng.random() < 0.3))
