"""What is understood of a dataset, and whether a training would stop at it."""

from dataclasses import dataclass

from xnornode.data.dataset import Dataset
from xnornode.data.prepare import prepare
from xnornode.data.splits import PrepareOptions
from xnornode.data.understood import Understood, understand
from xnornode.errors import DataError


@dataclass(frozen=True)
class Look:
    """What `xnornode data` shows.

    Parameters
    ----------
    understood : Understood
        The table's content.
    notes, warnings : tuple of str
        What was chosen; what makes results doubtful.
    problem : str
        Why a training would stop; "" if it would not.
    """

    understood: Understood
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    problem: str


def look(dataset: Dataset, options: PrepareOptions | None = None) -> Look:
    """Look at a dataset as a training would.

    Parameters
    ----------
    dataset : Dataset
        What was read.
    options : PrepareOptions, optional
        How it would be split and cut.

    Returns
    -------
    Look
        What was understood, also of what cannot be trained on.

    Examples
    --------
    >>> import numpy as np
    >>> from xnornode import from_windows
    >>> look(from_windows("demo", np.ones((4, 8, 1)), ["low"] * 4)).problem[:33]
    'all data are of the class low: tr'
    """
    try:
        splits = prepare(dataset, options)
    except DataError as error:
        understood = understand(dataset)
        return Look(understood, (), understood.warnings, str(error))
    return Look(splits.understood or understand(dataset), splits.notes, splits.warnings, "")
