"""Scores of whole recordings, window after window, as a node gets them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Int32, Int64, Labels
from xnornode.data.windows import Data, Texts
from xnornode.model.answers import Answers, Probabilities, probabilities
from xnornode.model.model import Model, Window

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Streams:
    """Windows in the order of their recordings, with the scores of a network that has not learned
    from them.

    Parameters
    ----------
    scores : ndarray of int32, shape (n, classes)
        Of the integer network.
    gains : ndarray of float64, shape (n,)
        The network's scores per logit. Networks of a cross-validation differ in it.
    labels : ndarray of int64, shape (n,)
        The true classes.
    groups : ndarray of str, shape (n,)
        Who or what was recorded.
    recordings : ndarray of int64, shape (n,)
        The number of each window's recording, rising from 0.
    ends : ndarray of float64, shape (n,)
        Seconds from the beginning of the recording to the end of the window; 0 if the sample rate
        is unknown.
    ordered : bool
        Whether windows are known to follow each other. If not, each is a recording of its own.
    """

    scores: Int32
    gains: Floats
    labels: Labels
    groups: npt.NDArray[np.str_]
    recordings: Int64
    ends: Floats
    ordered: bool

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def first(self) -> Int64:
        """The index of the first window of each window's recording."""
        starts = np.flatnonzero(np.diff(self.recordings, prepend=-1))
        return starts[self.recordings]

    @property
    def lasts(self) -> Int64:
        """The index of each recording's last window."""
        return np.flatnonzero(np.diff(self.recordings, append=len(self)))

    @property
    def hours(self) -> float:
        """What the recordings last together; 0 if the sample rate is unknown."""
        return float(self.ends[self.lasts].sum()) / 3600

    @property
    def longest(self) -> int:
        """Windows of the longest recording."""
        return int(np.bincount(self.recordings).max())

    def logits(self) -> Floats:
        """Scores without their networks' factors, (n, classes)."""
        return np.asarray(self.scores / self.gains[:, None])

    def probabilities(self, temperature: float) -> Probabilities:
        """What nodes compute of the scores at this temperature of the logits, (n, classes)."""
        out = np.zeros(self.scores.shape, np.uint16)
        for gain in np.unique(self.gains):
            answers = Answers(*Answers.scaled(1 / (temperature * gain)))
            out[self.gains == gain] = probabilities(self.scores[self.gains == gain], answers)
        return out


def every_hop(part: Data, hop: int) -> npt.NDArray[np.intp]:
    """The windows that a node would see, in its order: those of the training part overlap more.

    hop: samples from one window to the next, on the node. Returns indexes.
    """
    if isinstance(part, Texts) or part.places is None:
        return np.arange(len(part))
    recording, start = part.places.T
    order = np.lexsort((start, recording))
    step = (recording[order], start[order] // hop)
    new = np.ones(len(part), bool)
    new[1:] = np.diff(step[0]).astype(bool) | np.diff(step[1]).astype(bool)
    return order[new]


def make_streams(model: Model, gain: float, part: Data) -> Streams:
    """The scores of a part that a model was not trained on, in order.

    gain: the model's scores per logit.
    """
    kept = part.select(every_hop(part, model.window.hop))
    ordered = not isinstance(kept, Texts) and kept.places is not None
    numbers, ends = np.arange(len(kept)), np.zeros(len(kept))
    if not isinstance(kept, Texts) and kept.places is not None:
        numbers = np.unique(kept.places[:, 0], return_inverse=True)[1].astype(np.int64)
        ends = _ends(kept.places[:, 1], model.window)
    return Streams(
        scores=model.scores(kept.items),
        gains=np.full(len(kept), gain),
        labels=kept.labels,
        groups=kept.groups,
        recordings=numbers,
        ends=ends,
        ordered=ordered,
    )


def _ends(starts: Int64, window: Window) -> Floats:
    if not window.rate_mhz:
        return np.zeros(len(starts))
    return np.asarray((starts + window.length) * 1000 / window.rate_mhz)


def join(parts: Sequence[Streams]) -> Streams:
    """Several streams as one, their recordings numbered on."""
    counts = np.cumsum([0, *(int(p.recordings[-1]) + 1 for p in parts)])
    return Streams(
        scores=np.concatenate([p.scores for p in parts]),
        gains=np.concatenate([p.gains for p in parts]),
        labels=np.concatenate([p.labels for p in parts]),
        groups=np.concatenate([p.groups for p in parts]),
        recordings=np.concatenate([p.recordings + n for p, n in zip(parts, counts, strict=False)]),
        ends=np.concatenate([p.ends for p in parts]),
        ordered=all(p.ordered for p in parts),
    )
