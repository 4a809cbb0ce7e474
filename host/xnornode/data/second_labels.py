"""Columns of numbers that say the label once more: a network would learn from them alone."""

from collections.abc import Collection

import numpy as np

from xnornode._words import channel
from xnornode.data import titles
from xnornode.data.columns import Columns
from xnornode.data.counters import Bools, Floats
from xnornode.data.reading import Guess

LEAST_ROWS = 10  # of each label: fewer may be equal by chance
OPTION = "--channels NAMES to use it all the same"


def second_labels(
    columns: Columns,
    label: str | None,
    used: Collection[str],
    begins: Bools,
    guesses: list[Guess],
) -> dict[str, str]:
    """Find columns that are no channels, because each label has one value of its own in them.

    Parameters
    ----------
    columns : Columns
        The table.
    label : str or None
        The column of labels.
    used : collection of str
        Columns that have another role.
    begins : ndarray of bool, shape (n,)
        Where label, group or recording change.
    guesses : list of Guess
        What was found is added.

    Returns
    -------
    dict of str to str
        The columns, and why they are left out.
    """
    found: dict[str, str] = {}
    if label is None:
        return found
    codes = columns.codes(label)
    counts = np.bincount(codes)
    if len(counts) < 2 or counts.min() < LEAST_ROWS:
        return found
    first = np.unique(codes, return_index=True)[1]
    for name, values in columns.numbers.items():
        if name in used or name == label:
            continue
        own = values[first]
        told = len(np.unique(own)) == len(own) and bool((values == own[codes]).all())
        if told or _is_label(name):
            found[name] = f"it says the label once more, as {label} does"
            text = (
                f"column {name} has one value for each label, so it is no channel"
                if told
                else f"the title of {name} says label, but {label} is the label"
            )
            guesses.append(Guess(text, OPTION, doubtful=True))
        elif _only_changes_at(values, begins):
            text = (
                f"{channel(name)} stays the same as long as label and group do: it may number "
                "recordings"
            )
            guesses.append(Guess(text, "leave it out with --channels", doubtful=True))
    rest = [name for name in columns.numbers if name not in used and name not in found]
    return found if any(name != label for name in rest) else {}


def _only_changes_at(values: Floats, begins: Bools) -> bool:
    """Whether a column changes where stretches begin, and nowhere else; not so if it never does."""
    steps = np.diff(values) != 0
    long = len(values) >= LEAST_ROWS * int(begins.sum())
    return long and bool(steps.any()) and not bool((steps & ~begins[1:]).any())


def _is_label(title: str) -> bool:
    words = titles.title_words(title)
    id_of = len(words) == 2 and words[1] in ("id", "nr", "no", "code", "number", "index", "idx")
    return titles.squeeze(title) in titles.LABELS or (id_of and words[0] in titles.LABELS)
