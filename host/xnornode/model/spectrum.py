"""Spectra of the frames of a window, in integers (FORMAT.md, "Features 4: spectrum").

Twin of `bnn_spectrum.c`: written to be read, compared with it bit for bit.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int16, Int64
from xnornode.errors import ModelError
from xnornode.model import fft
from xnornode.model.features import Take, WindowFeatures

SUMMARIES = ("mean", "largest", "change")
"""What may be given of each band over all frames, in the order of their bits."""
SECTION = struct.Struct("<4B2H")
MAX_BANDS = 64
MAX_VALUES = 2**24
STEPS = 32
"""Steps of an edge between two frequencies of the FFT."""
SLOPE_LOG2, WEIGHT_LOG2 = 20, 7
LEVEL_LOG2 = 5  # of 1/256 octaves: a level is 1/8 of an octave of power
SCALE = 16  # of a value, per level
REACH = 4  # levels: the step of `reach` in a file
CHUNK = 2**19  # samples of frames that are worked on at a time


def logarithm(v: Int64) -> Int64:
    """256 * log2(v) of v from 1 to 2^53, at most 3.5 wrong (its fraction is a parabola); 0 of 0."""
    exponent = np.frexp(v.astype(np.float64))[1].astype(np.int64) - 1
    x = (v << 8 >> np.maximum(exponent, 0)) - 256
    return np.where(v > 0, 256 * exponent + x + (x * (256 - x) * 94 >> 16), 0)


@dataclass(frozen=True)
class Spectrum(WindowFeatures):
    """The level of frequency bands in each frame of a window, or over all its frames.

    Parameters
    ----------
    frame : int
        Samples of a frame: 64, 128, 256, 512 or 1024, at most the window's length.
    hop : int
        Samples from the start of a frame to that of the next, 1 to `frame`.
    edges : tuple of int
        Of the bands, in 1/32 of a cycle per frame, each at least 32 above the one before, at most
        16 * frame: band i is a triangle between edges i, i + 1 (its peak) and i + 2. `band_edges`
        computes them. At most 64 bands.
    floor : int, default 0
        What a level is counted from, in 1/256 of an octave of power: what is weaker becomes 0.
    summary : tuple of str, default ()
        Names of `SUMMARIES`: given of each band instead of its level in every frame.
    centred : bool, default True
        Whether each band's mean over the frames is taken off its levels: then the loudness, and
        what a microphone or a speaker colours, goes. Without a summary only.
    reach : int, default 0
        What is more than so many levels below the window's loudest one counts as that level: a
        multiple of 4, at most 252, and 80 to 120 for speech. So rooms and microphones of other
        noise look alike. 0: every level counts as it is. Without a summary only.
    differences : bool, default False
        Whether each frame's levels are followed by how much they rise, from the frame before to
        the next; at the ends of the window the frame itself stands for what is not there. Twice as
        many values. Without a summary only.

    Raises
    ------
    ModelError
        A name is unknown, or a number is outside these.
    """

    frame: int
    hop: int
    edges: tuple[int, ...]
    floor: int = 0
    summary: tuple[str, ...] = ()
    centred: bool = True
    differences: bool = False
    reach: int = 0

    KIND: ClassVar[int] = 4
    NAME: ClassVar[str] = "spectrum"

    def __post_init__(self) -> None:
        if set(self.summary) - set(SUMMARIES):
            raise ModelError("encoder", f"summary: names are {', '.join(SUMMARIES)}")
        object.__setattr__(self, "summary", tuple(s for s in SUMMARIES if s in self.summary))
        if self.frame not in (64, 128, 256, 512, 1024):
            raise ModelError(
                "encoder", f"a frame has 64, 128, 256, 512 or 1024 samples, not {self.frame}"
            )
        if not 1 <= self.hop <= self.frame:
            raise ModelError(
                "encoder", f"frames begin 1 to {self.frame} samples apart, not {self.hop}"
            )
        if not 1 <= self.bands <= MAX_BANDS:
            raise ModelError("encoder", f"there are 1 to {MAX_BANDS} bands, not {self.bands}")
        rising = all(a + STEPS <= b for a, b in pairwise(self.edges))
        if not rising or self.edges[0] < 0 or self.edges[-1] > self.frame // 2 * STEPS:
            most = self.frame // 2 * STEPS
            raise ModelError("encoder", f"edges rise by {STEPS} or more, from 0 to at most {most}")
        if not 0 <= self.floor < 2**16:
            raise ModelError("encoder", f"the floor is 0 to 65535, not {self.floor}")
        if self.centred and self.summary:
            raise ModelError("encoder", "a summary is not centred: choose one of them")
        if self.differences and self.summary:
            raise ModelError("encoder", "a summary has no differences: choose one of them")
        if self.reach % REACH or not 0 <= self.reach < 64 * REACH:
            raise ModelError("encoder", f"reach is a multiple of 4, 0 to 252, not {self.reach}")
        if self.reach and self.summary:
            raise ModelError("encoder", "a summary has no reach: choose one of them")

    @property
    def bands(self) -> int:
        """How many there are."""
        return len(self.edges) - 2

    def describe(self) -> str:
        """Name and settings, as short text."""
        what = ", ".join(self.summary) + " over" if self.summary else "of"
        text = f"{self.NAME}: {self.bands} bands, {what} frames of {self.frame}, {self.hop} apart"
        text += f", {self.reach * 3 / 8:.0f} dB below the loudest" if self.reach else ""
        return text + (", with differences" if self.differences else "")

    def frames(self, length: int) -> int:
        """Frames of a window. Raises ModelError where it is shorter than one."""
        if length < self.frame:
            raise ModelError(
                "encoder", f"a window of {length} samples has no frame of {self.frame}"
            )
        return (length - self.frame) // self.hop + 1

    def count(self, length: int, channels: int) -> int:
        """Values of a window."""
        frames = self.frames(length)
        values = self.rows(length, channels) * (1 if self.summary else frames)
        if values > MAX_VALUES:
            raise ModelError(
                "encoder", f"a window gives {values:,} values, at most {MAX_VALUES:,} are allowed"
            )
        return values

    def rows(self, length: int, channels: int) -> int:
        """A row per band, and per difference of a band; with a summary, per value."""
        return (len(self.summary) or 1) * (1 + self.differences) * channels * self.bands

    def scratch_words(self, length: int, channels: int) -> int:
        """Words of scratch on the node."""
        each = channels * self.bands
        before = self.frame_words() + (each + 1) // 2
        return before + (self.frames(length) * each + 3) // 4

    def frame_words(self) -> int:
        """Of them, those that one frame needs."""
        return self.frame + 1

    def values(self, items: Int16) -> Int16:
        """Values, int16 (n, V), of windows int16 (n, length, channels)."""
        count, length, channels = items.shape
        frames = self.frames(length)
        out = np.empty((count, self.count(length, channels)), np.int16)
        step = max(1, CHUNK // (frames * channels * self.frame))
        for i in range(0, count, step):
            out[i : i + step] = self.values_of(self.levels(items[i : i + step]))
        return out

    def levels(self, items: Int16) -> Int64:
        """Levels, 0 to 255, of each frame and band, in 1/8 of an octave: (n, frames, C * B)."""
        starts = np.arange(self.frames(items.shape[1])) * self.hop
        # (n, frames, channels, samples)
        cut = items[:, starts[:, None] + np.arange(self.frame)].transpose(0, 1, 3, 2)
        spectrum, exponents = fft.power(cut.reshape(-1, self.frame))
        energies = np.stack([spectrum @ w for w in self._weights()], axis=-1)
        logs = logarithm(2 * energies) + 512 * exponents[:, None] - self.floor
        levels = np.where(energies > 0, np.clip(logs >> LEVEL_LOG2, 0, 255), 0)
        return levels.reshape(len(items), len(starts), -1)

    def _weights(self) -> Int64:
        """What each frequency weighs in each band, in parts of 128: (bands, frame / 2 + 1)."""
        edges, k = np.array(self.edges), np.arange(self.frame // 2 + 1) * STEPS
        weights = np.zeros((self.bands + 2, len(k)), np.int64)
        for i, (low, high) in enumerate(pairwise(edges)):
            within = (low <= k) & (k < high)
            rising = (k - low) * ((1 << SLOPE_LOG2) // (high - low)) >> SLOPE_LOG2 - WEIGHT_LOG2
            weights[i + 1, within] += rising[within]
            weights[i, within] += (1 << WEIGHT_LOG2) - rising[within]
        return weights[1:-1]

    def values_of(self, levels: Int64) -> Int64:
        """Values (n, V) of the levels (n, frames, C * B) of windows."""
        if not self.summary:
            if self.reach:
                levels = np.maximum(levels, levels.max((1, 2), keepdims=True) - self.reach)
            means = SCALE * levels.sum(1, keepdims=True) // levels.shape[1] if self.centred else 0
            values = SCALE * levels - means
            if self.differences:
                around = np.concatenate([levels[:, :1], levels, levels[:, -1:]], axis=1)
                rise = SCALE * (around[:, 2:] - around[:, :-2])
                values = np.concatenate([values, rise], axis=2)
            return values.reshape(len(levels), -1)
        frames = levels.shape[1]
        of = {
            "mean": SCALE * levels.sum(1) // frames,
            "largest": SCALE * levels.max(1),
            "change": SCALE * np.abs(np.diff(levels, axis=1)).sum(1) // frames,
        }
        return np.concatenate([of[name] for name in self.summary], axis=1)

    def to_bytes(self) -> bytes:
        mask = sum(1 << i for i, name in enumerate(SUMMARIES) if name in self.summary)
        log2 = self.frame.bit_length() - 1
        how = self.centred | self.differences << 1 | self.reach // REACH << 2
        fields = SECTION.pack(log2, mask, self.bands, how, self.hop, self.floor)
        edges = struct.pack(f"<{self.bands + 2}H", *self.edges)
        return fields + edges + bytes(-len(edges) % 4)

    @classmethod
    def from_bytes(cls, take: Take, length: int, channels: int) -> Self:
        log2, mask, bands, how, hop, floor = SECTION.unpack(take(SECTION.size))
        if not 6 <= log2 <= 10 or mask >> len(SUMMARIES) or not 1 <= bands <= MAX_BANDS:
            raise ModelError("encoder", "the spectrum's fields are not what the format allows")
        if 1 << log2 > length or not 1 <= hop <= 1 << log2 or (how and mask):
            raise ModelError("encoder", "the spectrum's frames are not what the format allows")
        count = bands + 2
        data = take(2 * count)
        if any(take(-2 * count % 4)):
            raise ModelError("encoder", "a pad byte after the edges is not 0")
        edges = struct.unpack(f"<{count}H", data)
        summary = tuple(name for i, name in enumerate(SUMMARIES) if mask >> i & 1)
        features = cls(
            1 << log2, hop, edges, floor, summary, bool(how & 1), bool(how & 2), (how >> 2) * REACH
        )
        features.count(length, channels)
        return features


def frame_aligned(hop: int, frame_hop: int) -> int:
    """A hop of windows with which each of them begins with a frame.

    Then a node computes each frame once (docs/reference/window.md, "Windows of levels").

    Parameters
    ----------
    hop : int
        The wanted hop in samples.
    frame_hop : int
        Samples from the start of a frame to that of the next.

    Returns
    -------
    int
        The largest multiple of `frame_hop` that is not above `hop`; `hop` if there is none.

    Examples
    --------
    >>> frame_aligned(4000, 128), frame_aligned(100, 128)
    (3968, 100)
    """
    return hop - hop % frame_hop if hop >= frame_hop else hop


Curve = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]
_SCALES: dict[str, tuple[Curve, Curve]] = {
    "mel": (lambda f: 1127 * np.log1p(f / 700), lambda m: 700 * np.expm1(m / 1127)),
    "log": (np.log, np.exp),
    "linear": (lambda f: f, lambda f: f),
}


def band_edges(
    frame: int, bands: int, rate: float, low: float, high: float, scale: str = "mel"
) -> tuple[int, ...]:
    """Edges for `Spectrum`: from `low` to `high`, equally far apart on a scale.

    Parameters
    ----------
    frame : int
        Samples of a frame.
    bands : int
        How many bands.
    rate : float
        Sample rate in Hz.
    low, high : float
        The first and the last edge in Hz; `high` is at most rate / 2.
    scale : {"mel", "log", "linear"}, default "mel"
        What is equally far apart. A band that would be narrower than two frequencies of the FFT is
        moved up, so that no band is empty.

    Returns
    -------
    tuple of int
        bands + 2 edges, in 1/32 of a cycle per frame.

    Raises
    ------
    ModelError
        There is no room for so many bands.

    Examples
    --------
    >>> band_edges(64, 4, 8000, 0, 4000, "linear")
    (0, 204, 409, 614, 819, 1024)
    """
    to, back = _SCALES[scale]
    first, last = (float(v) for v in to(np.array([low, high])))
    hertz = back(np.linspace(first, last, bands + 2))
    edges: Sequence[int] = (hertz * frame * STEPS / rate + 1e-6).astype(int).tolist()
    most = frame // 2 * STEPS
    out = [max(edges[0], 0)]
    for edge in edges[1:]:
        out.append(max(edge, out[-1] + STEPS))
    if out[-1] > most:  # push back what was moved beyond the end
        out[-1] = most
        for i in range(len(out) - 2, -1, -1):
            out[i] = min(out[i], out[i + 1] - STEPS)
    if out[0] < 0:
        raise ModelError("encoder", f"{bands} bands do not fit into a frame of {frame} samples")
    return tuple(out)
