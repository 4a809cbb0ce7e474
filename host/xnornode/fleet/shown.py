"""Texts that came from the broker, as they may be kept and shown: bounded, and without escapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from xnornode.link.schema import printable

LONGEST_LABEL = 64
"""Characters of a label that a roll-out keeps."""
LONGEST_TEXT = 300
"""Characters of a text for people."""
MOST_LABELS = 256
"""Different labels of one node that are counted."""
OTHERS = "others"
"""What further ones are counted as."""


def shown(text: str, most: int = LONGEST_TEXT) -> str:
    r"""A text that a terminal can be given.

    Parameters
    ----------
    text : str
        As it came.
    most : int, default LONGEST_TEXT
        Characters that it may have.

    Returns
    -------
    str
        Its begin, with what cannot be printed by its number.

    Examples
    --------
    >>> shown("\x1b[2J"), shown("walking", 4)
    ('\\x1b[2J', 'walk')
    """
    return printable(text[:most])[:most]


def count(labels: Counter[str], label: str) -> None:
    """Count a label that came.

    Examples
    --------
    >>> labels = Counter()
    >>> count(labels, "walk")
    >>> labels
    Counter({'walk': 1})
    """
    label = shown(label, LONGEST_LABEL)
    full = len(labels) >= MOST_LABELS - 1 and label not in labels
    labels[OTHERS if full else label] += 1


def bounded(labels: Mapping[str, int]) -> dict[str, int]:
    r"""A mix of labels with the most frequent ones; the others are one.

    Parameters
    ----------
    labels : mapping
        From each label to its count.

    Returns
    -------
    dict
        At most MOST_LABELS of them, as `count` has them.

    Examples
    --------
    >>> bounded({"walk": 3, "\t": 1})
    {'walk': 3, '\\t': 1}
    """
    made: Counter[str] = Counter()
    for label, times in labels.items():
        made[shown(label, LONGEST_LABEL)] += times
    if len(made) > MOST_LABELS:
        largest = made.most_common(MOST_LABELS - 1)
        rest = made.total() - sum(times for _, times in largest)
        made = Counter(dict(largest))
        made[OTHERS] += rest
    return dict(made)
