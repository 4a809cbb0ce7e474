"""Which classes are words and which are noise, and what no keyword can be learned from."""

import difflib

from xnornode._words import few
from xnornode.data.dataset import Dataset, class_names
from xnornode.data.sound import CHANNEL
from xnornode.errors import DataError

NOISE_NAMES = (
    *("ambience", "ambient", "background", "backgroundnoise", "empty", "hum", "noise", "noises"),
    *("nothing", "quiet", "room", "silence", "silent"),
)
"""Names of classes that are noise, without blanks, hyphens, underscores and capitals."""
OTHER = "other"
"""The class of everything but the word."""
SLOWEST = 4000.0
"""Hertz of the sample rate from which data are taken for sound."""
FEWEST_WORDS, FEWEST_OTHERS = 8, 20
"""Recordings of the training part."""


def is_noise(label: str) -> bool:
    """Whether a class is noise by its name.

    Examples
    --------
    >>> is_noise("_background_noise_"), is_noise("seven")
    (True, False)
    """
    plain = "".join(c for c in label.casefold() if c.isalnum())
    return plain in NOISE_NAMES


def check_word(dataset: Dataset, word: str) -> None:
    """Find what a keyword cannot be learned from, before any work.

    Parameters
    ----------
    dataset : Dataset
        What was read.
    word : str
        The class that shall wake.

    Raises
    ------
    DataError
        The data are no recordings of sound, there is no such class, it is the name of noise, or
        there is no other word.
    """
    rate = dataset.rate_mhz / 1000
    if dataset.kind != "recordings" or (rate < SLOWEST and CHANNEL not in dataset.channels):
        raise DataError(
            f"--wake learns from recordings of sound, and {dataset.name} has {dataset.kind}"
            f"{f' at {rate:g} Hz' if rate else ''}: give a folder of sound files, WORD/...wav"
        )
    if not rate:
        raise DataError("--wake needs the sample rate, which is unknown: give it with --rate")
    if len(dataset.channels) != 1:
        raise DataError(
            f"--wake learns from one channel, and {dataset.name} has {len(dataset.channels)}: "
            "choose one with --channels"
        )
    classes = class_names(dataset.labels)
    words = [name for name in classes if not is_noise(name)]
    if word not in classes:
        folded = {name.casefold(): name for name in words}
        near = difflib.get_close_matches(word.casefold(), folded, 1, 0.6)
        meant = f" Do you mean {folded[near[0]]!r}?" if near else ""
        raise DataError(
            f"--wake {word}: there is no such class.{meant} The classes are {few(classes, 20)}"
        )
    if word not in words:
        raise DataError(f"--wake {word}: a class of this name is noise: rename the folder")
    if OTHER in words and word == OTHER:
        raise DataError(f"--wake {word}: this name is for all other words: rename the folder")
    if len(words) < 2:
        raise DataError(
            f"{dataset.name} has no other word than {word!r}: record other words too, at least "
            f"{FEWEST_OTHERS} each into a folder of its own, of the same people"
        )
