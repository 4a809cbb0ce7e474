"""Scores of training recordings from networks that have not learned from their groups."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xnornode.data.dataset import natural
from xnornode.data.splits import Splits
from xnornode.data.windows import Data
from xnornode.errors import DataError
from xnornode.events.streams import Streams, join, make_streams
from xnornode.export.fold import fold, score_gain
from xnornode.training.config import TrainConfig
from xnornode.training.trained import Epoch
from xnornode.training.trainer import train

MOST_FOLDS = 8


def folds_of(part: Data, most: int = MOST_FOLDS) -> list[npt.NDArray[np.bool_]]:
    """Which windows each network leaves out: whole groups, dealt class by class.

    A group without which some class would have none stays in all trainings. Raises DataError
    where fewer than two groups can be left out.
    """
    names = sorted(set(part.groups.tolist()), key=natural)
    index = {name: i for i, name in enumerate(names)}
    which = np.array([index[name] for name in part.groups.tolist()])
    has = np.zeros((len(names), len(part.classes)), bool)
    has[which, part.labels] = True
    alone = has[:, has.sum(axis=0) == 1].any(axis=1)
    spare = sorted(np.flatnonzero(~alone).tolist(), key=lambda i: (int(has[i].argmax()), i))
    count = min(most, len(spare))
    while count > 1:
        folds = [spare[k::count] for k in range(count)]
        whole = has.sum(axis=0)
        if all((whole - has[fold].sum(axis=0) > 0)[whole > 0].all() for fold in folds):
            return [np.isin(which, fold) for fold in folds]
        count -= 1
    raise DataError(
        "--events needs recordings that a network has not learned from: name a validation part "
        "(--validation GROUPS), or record each class with at least two groups (people, places)"
    )


def cross_validate(
    splits: Splits,
    config: TrainConfig,
    progress: Callable[[int, int, Epoch], None] | None = None,
    processes: int = 1,
) -> Streams:
    """Train a network without each fold of the training part, and give its scores there.

    Parameters
    ----------
    splits : Splits
        The training part is used, and nothing else.
    config : TrainConfig
        How the networks are trained.
    progress : callable, optional
        Is given the number of the fold, the number of folds, and each epoch.
    processes : int, default 1
        As of `train`.

    Returns
    -------
    Streams
        All windows of the training part that some network has not learned from, at the node's hop.

    Raises
    ------
    DataError
        No two groups can be left out.
    """
    data, parts = splits.train, []
    folds = folds_of(data)
    for number, out in enumerate(folds, 1):
        rest = replace(splits, train=data.select(~out), validation=None)

        def show(epoch: Epoch, number: int = number) -> None:
            if progress:
                progress(number, len(folds), epoch)

        trained = train(rest, config, progress=show, processes=processes)
        model = fold(trained)
        gain = score_gain(trained.network.blocks[-1])
        parts.append(make_streams(model, gain, data.select(out)))
    return join(parts)
