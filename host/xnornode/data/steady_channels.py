"""Channels that do not change within a recording, but from one to another."""

from collections.abc import Iterator

import numpy as np

from xnornode._words import channel
from xnornode.data.dataset import Dataset
from xnornode.data.reading import Guess

LEAST = 3  # samples of each recording: fewer may be equal by chance


def steady_channels(dataset: Dataset) -> Iterator[Guess]:
    """A guess for each channel that stays the same throughout every recording.

    It rather numbers recordings, or says their class, than it measures something.

    Parameters
    ----------
    dataset : Dataset
        What was read.

    Yields
    ------
    Guess
        What may be wrong.
    """
    if dataset.kind != "recordings" or min(map(len, dataset.items)) < LEAST:
        return
    low = np.stack([np.asarray(item).min(axis=0) for item in dataset.items])
    high = np.stack([np.asarray(item).max(axis=0) for item in dataset.items])
    for c, name in enumerate(dataset.channels):
        if (low[:, c] == high[:, c]).all() and np.ptp(low[:, c]) > 0:
            text = (
                f"{channel(name)} never changes within a recording, but from one to another: "
                "it may say the class or number the recordings"
            )
            yield Guess(text, "leave it out with --channels", doubtful=True)
