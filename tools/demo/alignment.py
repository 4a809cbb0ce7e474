"""Where in what a sensor played the windows of a node's predictions lie, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.demo.wearer import Exercise
from xnornode.model.model import Model

STILL = (0, 0, 4096, 0, 0, 0)
"""Counts of the emulated sensor before it plays anything: it lies, z upwards, in its 8 g."""


@dataclass(frozen=True)
class Played:
    """What the sensor gave: it lies still, then come the exercises, and the last sample holds."""

    samples: np.ndarray
    """int16, with `lead` samples of stillness before, and as many after."""
    labels: list[str]
    """Of each sample: the exercise, or ""."""
    lead: int

    @classmethod
    def of(cls, exercises: list[Exercise], lead: int) -> Played:
        """With so much before and after as windows may reach."""
        parts = [one.samples for one in exercises]
        before = np.tile(np.array(STILL, np.int16), (lead, 1))
        after = np.repeat(parts[-1][-1:], lead, axis=0)
        labels = [one.label for one in exercises for _ in one.samples]
        return cls(
            np.concatenate([before, *parts, after]), [""] * lead + labels + [""] * lead, lead
        )


class Alignment:
    """Finds the one place at which predictions agree with the reference on what was played.

    model: that the node runs. played: what its sensor gave. The first prediction's window may begin
    anywhere in the stillness before.
    """

    def __init__(self, model: Model, played: Played) -> None:
        self._played, self._hop, self._length = played, model.window.hop, model.window.length
        views = np.lib.stride_tricks.sliding_window_view(played.samples, self._length, axis=0)
        self._scores = model.scores(np.ascontiguousarray(views.swapaxes(1, 2)))
        self._starts = np.arange(played.lead)  # of the first window, that are still possible
        self._seen = 0

    def add(self, scores: list[int]) -> bool:
        """Whether the next prediction agrees with the reference, at any place that is possible."""
        at = np.minimum(self._starts + self._seen * self._hop, len(self._scores) - 1)
        self._seen += 1
        same = (self._scores[at] == np.array(scores)).all(axis=1)
        if same.any():
            self._starts = self._starts[same]
        return bool(same.any())

    @property
    def found(self) -> bool:
        """Whether only one place is possible."""
        return len(self._starts) == 1

    def label(self, index: int) -> str:
        """The exercise of a prediction's window, by its number; "" where it is of several.

        Of several possible places the first one is taken.
        """
        at = self._starts[0] + index * self._hop
        labels = {*self._played.labels[at : at + self._length]}
        return labels.pop() if len(labels) == 1 else ""
