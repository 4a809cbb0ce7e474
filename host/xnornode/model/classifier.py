"""The node's three lines on a PC, by the readable inference: from samples to predictions."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xnornode._typing import Int32
from xnornode.errors import DataError
from xnornode.model.answers import ONE, UNKNOWN, AnswerStream
from xnornode.model.limits import INT16
from xnornode.model.model import Model
from xnornode.model.model_file import load_model


@dataclass(frozen=True)
class Prediction:
    """What a window was classified as, and what that means for the answer.

    `label` and `index` are of this window alone. The fields from `likely` on are of the mean over
    the model's last windows, as its file says.

    Parameters
    ----------
    label : str
        The class.
    index : int
        Its number, from 0.
    scores : tuple of int
        One per class, bit for bit those of a node.
    microseconds : int
        What the classification took on this PC; a node is another matter.
    likely : str
        The class with the highest mean probability.
    confidence : float or None
        This probability, 0 to 1 in steps of a thousandth. None where the model file has no answers.
    unknown : bool
        Whether the confidence is below the model's threshold.
    detected : bool
        Whether a class begins here: an event.
    """

    label: str
    index: int
    scores: tuple[int, ...]
    microseconds: int
    likely: str
    confidence: float | None
    unknown: bool
    detected: bool

    @property
    def answer(self) -> str:
        """The likely class, or "unknown"."""
        return "unknown" if self.unknown else self.likely

    def __str__(self) -> str:
        if self.confidence is None:
            return self.likely
        text = f"{self.likely} {(thousandths(self.confidence) + 5) // 10} %"
        if self.unknown:
            return f"unknown ({text})"
        return text + ", detected" if self.detected else text


def thousandths(confidence: float) -> int:
    """A confidence as a node's lines have it.

    Parameters
    ----------
    confidence : float
        Of a `Prediction`, 0 to 1.

    Returns
    -------
    int
        0 to 1000.
    """
    return int(1000 * confidence + 0.5)


class Classifier:
    """Classify a stream of samples as a node does, with the same name and the same calls.

    Parameters
    ----------
    model : Model, str or path-like
        A model of sensor windows, or the path of its `.bnn` file.

    Raises
    ------
    DataError
        The model is one of texts, which have no samples.
    ModelError
        The file is no valid model.
    OSError
        The file cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import Classifier, Dense, TrainConfig, fold, from_windows, prepare, train
    >>> samples = np.random.default_rng(0).normal(0, 100, (80, 16, 2)).astype(np.int16)
    >>> samples[40:] += 300
    >>> dataset = from_windows("demo", samples, ["low"] * 40 + ["high"] * 40)
    >>> splits = prepare(dataset, hop=8)
    >>> config = TrainConfig(layers=(Dense(16),), epochs=12, batch=16)
    >>> clf = Classifier(fold(train(splits, config)))
    >>> found = [clf.feed((300, 300)) for _ in range(24)]
    >>> [at for at, p in enumerate(found) if p], found[15].label
    ([15, 23], 'high')
    """

    def __init__(self, model: Model | str | os.PathLike[str]) -> None:
        self.model = model if isinstance(model, Model) else load_model(model)
        """The model that classifies."""
        if self.model.features.data_kind == "texts":
            raise DataError(f"{self.model.name} is a model of texts: give its predict a list")
        window = self.model.window
        self._window = np.zeros((window.length, len(window.channels)), np.int16)
        self._at = 0
        answers = self.model.answers
        self._answers = AnswerStream(answers, len(self.model.labels)) if answers else None

    def feed(self, sample: Sequence[int] | None) -> Prediction | None:
        """Add one sample.

        Parameters
        ----------
        sample : sequence of int, or None
            One number per channel, in the model's counts, within int16. None marks a gap in the
            stream: the window and the answers start again.

        Returns
        -------
        Prediction or None
            At each hop the prediction of the window that is complete, else None.

        Raises
        ------
        DataError
            The sample has another number of channels, or a number that is no int16.
        """
        if sample is None:
            self._at = 0
            if self._answers:
                self._answers.clear()
            return None
        values = np.asarray(sample)
        if values.shape != (self._window.shape[1],):
            names = ", ".join(self.model.window.channels)
            raise DataError(f"a sample of shape {values.shape}, the model takes {names}")
        if values.dtype.kind not in "iu" or values.min() < INT16.min or values.max() > INT16.max:
            raise DataError(f"a sample must be integers from {INT16.min} to {INT16.max}: {sample}")
        self._window[self._at] = values
        self._at += 1
        if self._at < len(self._window):
            return None
        start = time.perf_counter_ns()
        scores = self.model.scores(self._window[None])[0]
        took = (time.perf_counter_ns() - start) // 1000
        hop = self.model.window.hop
        self._at = len(self._window) - hop
        self._window[: self._at] = self._window[hop:].copy()
        return self._answer(scores, took)

    def _answer(self, scores: Int32, took: int) -> Prediction:
        labels, index = self.model.labels, int(scores.argmax())
        seen = (labels[index], index, tuple(scores.tolist()), took)
        if not self._answers:
            return Prediction(*seen, labels[index], None, unknown=False, detected=False)
        answer = self._answers.add(scores)
        confidence = (answer.confidence * 1000 + 32767) // ONE / 1000
        unknown = answer.index == UNKNOWN
        return Prediction(*seen, labels[answer.best], confidence, unknown, answer.detected)
