"""What a keyword is learned from: the word, the other words, and noise, in three parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xnornode._typing import Int16
from xnornode._words import few
from xnornode.data.dataset import Dataset, class_names
from xnornode.data.scaling import choose_scales, to_counts
from xnornode.data.split import Wanted, assign, subset
from xnornode.errors import DataError
from xnornode.recipes.wake_words import FEWEST_OTHERS, FEWEST_WORDS, check_word, is_noise

LONGEST = 2.0
"""Seconds that a word lasts at most."""
MARGIN = 0.03
"""Seconds that are kept before and behind a word."""
FRAME = 0.01
"""Seconds over which energy is summed where a word is looked for."""
TAIL = 0.005
"""Share of a word's energy that may be cut off at each end."""


@dataclass(frozen=True, eq=False)
class Sounds:
    """The sounds of one part.

    Parameters
    ----------
    words, others : tuple of ndarray of int16, shape (n,)
        Utterances of the word, and of other words, cut to where they are loud.
    word_groups, other_groups : tuple of str
        Who spoke them.
    other_labels : tuple of str
        Which words the others are.
    noises : tuple of ndarray of int16
        Noise that was given.
    """

    words: tuple[Int16, ...]
    word_groups: tuple[str, ...]
    others: tuple[Int16, ...]
    other_groups: tuple[str, ...]
    other_labels: tuple[str, ...]
    noises: tuple[Int16, ...] = ()

    @property
    def groups(self) -> tuple[str, ...]:
        """Who spoke the word."""
        return class_names(self.word_groups)

    def of(self, groups: Sequence[str], within: bool) -> "Sounds":
        """What was spoken by these groups, or by all others; the noise stays."""
        words = [i for i, g in enumerate(self.word_groups) if (g in groups) == within]
        others = [i for i, g in enumerate(self.other_groups) if (g in groups) == within]
        return replace(
            self,
            words=tuple(self.words[i] for i in words),
            word_groups=tuple(self.word_groups[i] for i in words),
            others=tuple(self.others[i] for i in others),
            other_groups=tuple(self.other_groups[i] for i in others),
            other_labels=tuple(self.other_labels[i] for i in others),
        )


@dataclass(frozen=True, eq=False)
class WakeData:
    """A word against everything else.

    Parameters
    ----------
    name, word : str
        Of the data; the keyword.
    rate : float
        Hertz.
    channel : str
        The channel's name.
    scale : int
        Billionths of its unit per count.
    train, test : Sounds
        The parts.
    tuning : Sounds or None
        What chooses the threshold; None: networks without some of the training groups do.
    given_noise : float
        Seconds of noise that was given, in all parts together.
    notes, warnings : tuple of str
        What was chosen; what makes the results doubtful.
    """

    name: str
    word: str
    rate: float
    channel: str
    scale: int
    train: Sounds
    tuning: Sounds | None
    test: Sounds
    given_noise: float
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def take_apart(
    dataset: Dataset,
    word: str,
    test: Wanted = None,
    validation: Wanted = None,
    noises: Sequence[Int16] = (),
) -> WakeData:
    """The word, the other words and noise in their parts.

    Parameters
    ----------
    dataset : Dataset
        Recordings of sound, which `check_word` has accepted. Classes that are noise by their
        names (`is_noise`) are noise.
    word : str
        The class that shall wake.
    test, validation : tuple of str, float or None
        As in `PrepareOptions`.
    noises : sequence of ndarray of int16, default ()
        More noise, at the same sample rate.

    Returns
    -------
    WakeData
        Of each recording of noise, the first half is trained on, the third quarter chooses the
        threshold, and the last quarter is for the test.

    Raises
    ------
    DataError
        No group can be spared for the test, or there is too little of the word.
    """
    check_word(dataset, word)
    notes, warnings = [*dataset.notes], list[str]()
    scale = dataset.scales[0] if dataset.scales else 0
    if not dataset.scales:
        samples = [np.asarray(item) for item in dataset.items]
        scale = choose_scales(samples, dataset.groups, dataset.channels, [], {})[0]
    divisors = (0,) if dataset.scales else (scale,)
    noisy = np.array([is_noise(label) for label in dataset.labels])
    given = [
        to_counts(dataset.items[i], divisors)[:, 0] for i in np.flatnonzero(noisy).tolist()
    ] + list(noises)
    spoken = subset(dataset, ~noisy)
    assert spoken
    chosen = assign(spoken, test, validation, notes, warnings)
    rate, left = dataset.rate_mhz / 1000, list[str]()
    parts: list[Sounds | None] = []
    for k, (begin, end) in enumerate(((0, 0.5), (0.5, 0.75), (0.75, 1))):
        part = subset(spoken, chosen == k)
        cuts = [g[int(begin * len(g)) : int(end * len(g))] for g in given]
        parts.append(_sounds(part, divisors, word, rate, cuts, left) if part else None)
    train, tuning, tested = parts
    if not train or len(train.words) < FEWEST_WORDS or len(train.others) < FEWEST_OTHERS:
        have = (len(train.words), len(train.others)) if train else (0, 0)
        raise DataError(
            f"too little to learn {word!r} from: {have[0]} recordings of it and {have[1]} of other "
            f"words are for training; at least {FEWEST_WORDS} and {FEWEST_OTHERS} are needed, and "
            "docs/guides/wake.md says how many are good"
        )
    if not tested or not tested.words or not tested.others:
        raise DataError(
            f"the test part needs recordings of {word!r} and of other words: name groups that "
            "have both (--test)"
        )
    if tuning and not (tuning.words and tuning.others):
        raise DataError(
            f"the validation part needs recordings of {word!r} and of other words: name groups "
            "that have both (--validation)"
        )
    if left:
        notes.append(
            f"left out, as longer than {LONGEST:g} s without a pause: {few(left)}: cut recordings "
            "of the word so that each has it once"
        )
    seconds = sum(map(len, given)) / rate
    if not given:
        warnings.append(
            "no noise was given, so made noise stands for it: record an hour of where the node "
            "will be, into a folder 'noise' beside the words, or name a folder with --noise-folder"
        )
    return WakeData(
        dataset.name,
        word,
        rate,
        dataset.channels[0],
        scale,
        train,
        tuning,
        tested,
        seconds,
        tuple(notes),
        tuple(warnings),
    )


def _sounds(
    part: Dataset,
    divisors: tuple[int, ...],
    word: str,
    rate: float,
    noises: Sequence[Int16],
    left: list[str],
) -> Sounds:
    rows = []
    for item, label, group, name in zip(
        part.items, part.labels, part.groups, part.names, strict=True
    ):
        samples = active(to_counts(item, divisors)[:, 0], rate)
        if label == word and len(samples) > LONGEST * rate:
            left.append(name)
        elif len(samples):
            rows.append((samples, group, label))
    words = [row for row in rows if row[2] == word]
    others = [row for row in rows if row[2] != word]
    return Sounds(
        tuple(r[0] for r in words),
        tuple(r[1] for r in words),
        tuple(r[0] for r in others),
        tuple(r[1] for r in others),
        tuple(r[2] for r in others),
        tuple(n for n in noises if len(n)),
    )


def active(samples: Int16, rate: float) -> Int16:
    """The stretch of a recording that holds nearly all of its energy above its quiet parts.

    Parameters
    ----------
    samples : ndarray of int16, shape (n,)
        A recording.
    rate : float
        Hertz.

    Returns
    -------
    ndarray of int16
        A view. Nothing where the recording is silent.

    Examples
    --------
    >>> import numpy as np
    >>> loud = np.zeros(8000, np.int16)
    >>> loud[3000:5000] = 1000 * (-1) ** np.arange(2000)
    >>> 2000 <= len(active(loud, 8000.0)) <= 2640
    True
    """
    step = max(1, int(FRAME * rate))
    count = -(-len(samples) // step)
    padded = np.zeros(count * step)
    padded[: len(samples)] = samples - np.mean(samples)
    energy = np.square(padded.reshape(count, step)).sum(axis=1)
    energy = np.maximum(0, energy - 2 * np.percentile(energy, 10)) if count > 30 else energy
    total = energy.sum()
    if total < 1:
        return samples[:0]
    shares = energy.cumsum() / total
    first = int(np.searchsorted(shares, TAIL))
    last = int(np.searchsorted(shares, 1 - TAIL))
    margin = int(MARGIN * rate)
    return samples[max(0, first * step - margin) : (last + 1) * step + margin]
