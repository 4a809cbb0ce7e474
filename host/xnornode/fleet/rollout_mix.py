"""Whether two mixes of labels differ by more than chance, and by more than a bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

CHANCE = 0.001
"""Probability that two samples of one mix differ by more than `Change.chance`."""


@dataclass(frozen=True)
class Change:
    """How far two mixes are from each other.

    Parameters
    ----------
    distance : float
        Total variation distance: the share of predictions that have other labels, 0 to 1.
    chance : float
        What two samples of this size may differ by, although nothing has changed; more than 1
        where they are too small to say anything.
    label : str
        The label whose share has changed most.
    before, after : float
        Its shares.
    """

    distance: float
    chance: float
    label: str
    before: float
    after: float

    @property
    def least(self) -> float:
        """What the mixes surely differ by."""
        return max(0.0, self.distance - self.chance)


def change(
    before: Mapping[str, int],
    after: Mapping[str, int],
    each: float = 1.0,
    probability: float = CHANCE,
) -> Change:
    """Compare two mixes of labels (docs/guides/rollouts.md, "The mix of labels").

    Parameters
    ----------
    before, after : mapping
        From each label to its count.
    each : float, default 1.0
        Predictions that count as one, because they follow each other closely.
    probability : float, default CHANCE
        That chance alone makes the difference.

    Returns
    -------
    Change
        The distance, and what chance may do.

    Examples
    --------
    >>> found = change({"walk": 500, "rest": 500}, {"walk": 900, "rest": 100})
    >>> round(found.distance, 2), round(found.chance, 2), found.label
    (0.4, 0.09, 'rest')
    >>> change({"walk": 500, "rest": 500}, {"walk": 3, "rest": 0}).least
    0.0
    """
    labels = sorted({label for mix in (before, after) for label, count in mix.items() if count})
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return Change(0.0, 2.0, "", 0.0, 0.0)
    shares = {label: (before.get(label, 0) / n, after.get(label, 0) / m) for label in labels}
    distance = sum(abs(a - b) for a, b in shares.values()) / 2
    most = max(labels, key=lambda label: abs(shares[label][0] - shares[label][1]))
    # Hoeffding's bound for each set of labels, and all 2^K - 2 sets: the shares of both samples in
    # each set differ by more only with this probability
    sets = 2.0 ** max(len(labels), 2) - 2
    rest = max(each, 1.0) * (1 / n + 1 / m)
    chance = math.sqrt(math.log(sets / probability) * rest / 2)
    return Change(distance, chance, most, *shares[most])
