"""One training of a search: what it is given, and what comes of it, wherever it is carried out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xnornode.data.splits import Splits
from xnornode.data.windows import Data, Texts
from xnornode.errors import DataError, ModelError
from xnornode.export.answers import temperature_on
from xnornode.export.fold import fold, score_gain
from xnornode.model.model import Model
from xnornode.model_search.journal import Outcome
from xnornode.model_search.parts import Fold
from xnornode.model_search.trial import Counts
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch
from xnornode.training.trainer import train

WATCHED = "the search's validation part"
DIVERGED = "training diverged"  # how the message of a training begins that did


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the trainings of a fold are given: no more than they need, as it may go over a network.

    splits: without a test part. held: what candidates are compared on.
    """

    splits: Splits
    held: Data

    @classmethod
    def of(cls, splits: Splits, part: Fold) -> "Lesson":
        """Of a fold."""
        bare = replace(splits, train=part.training, validation=None, test=None, understood=None)
        return cls(bare, part.held)

    def plain(self) -> "Lesson":
        """The same with plain arrays in place of memory-mapped ones."""
        return Lesson(replace(self.splits, train=_plain(self.splits.train)), _plain(self.held))


@dataclass(frozen=True)
class Training:
    """What is to be trained.

    key: which training it is, in the journal. name: what messages call it. fold: from 0.
    """

    key: str
    name: str
    config: TrainConfig
    fold: int


def outcome_of(
    lesson: Lesson, config: TrainConfig, progress: Callable[[Epoch], None] | None = None
) -> Outcome:
    """Train, and compare. Raises DataError where the data are at fault, not the candidate."""
    start = time.perf_counter()
    try:
        trained = train(lesson.splits, config, progress=progress)
        model = fold(trained)
        gain = score_gain(trained.network.blocks[-1])
    except (DataError, ModelError) as error:
        if isinstance(error, DataError) and not str(error).startswith(DIVERGED):
            raise
        return Outcome(time.perf_counter() - start, error=str(error))
    counts = counts_on(model, lesson.held)
    temperature = temperature_on(model, gain, lesson.held, WATCHED)
    seconds = time.perf_counter() - start
    return Outcome(seconds, counts, temperature.value, temperature.windows)


def counts_on(model: Model, data: Data) -> Counts:
    """How many windows of each group a model has right, and has."""
    right = model.predict(data.items) == data.labels
    names, which = np.unique(data.groups, return_inverse=True)
    each = np.bincount(which, minlength=len(names))
    good = np.bincount(which, weights=right, minlength=len(names))
    return tuple((str(n), int(g), int(e)) for n, g, e in zip(names, good, each, strict=True))


def _plain(data: Data) -> Data:
    arrays: dict[str, Any] = {"labels": np.asarray(data.labels), "groups": np.asarray(data.groups)}
    if not isinstance(data, Texts):
        places = None if data.places is None else np.asarray(data.places)
        arrays |= {"items": np.asarray(data.items), "places": places}
    return replace(data, **arrays)
