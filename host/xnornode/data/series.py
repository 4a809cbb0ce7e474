"""Whether the values of a window are samples of a series, or values that mean different things.

Statistics over time suit a series: it may begin anywhere, so that each place in the window is like
the others. 640 values of a spectrum, of genes or of a questionnaire are no series, although they
lie in a row: each place has a meaning of its own, and statistics over them lose it.

A channel's values are taken for a series if

- places are alike: their means differ by little of the spread of all values;
- neighbours, up to 3 places apart, are correlated, and more than places that are far apart;
- neighbours are so everywhere, with no seams in between, as where frames follow each other.

The mean of each window counts for none of these: windows may lie at different levels.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

LEAST = 8  # samples
MOST_ROWS, MOST_CHANNELS = 2000, 8
PAIRS = 2000
NEAR = (1, 2, 3)
MEANS = 0.1
"""The most that the variance of the places' means is of that of all values, beyond chance."""
MORE = 0.1
"""By how much neighbours are more correlated than other places, at least."""
SEAM = 0.3
"""By how much less nearly all neighbours are correlated than the median, at most."""
ROUNDING = 1e-24
"""Of the square of a value, what is left of a constant after its mean is taken."""


@dataclass(frozen=True)
class Order:
    """How the places of windows are like each other; medians over channels.

    Parameters
    ----------
    series : bool
        Whether most channels are a series.
    neighbours, others : float
        The absolute correlation of neighbours, and of places far apart; 0 to 1.
    means : float
        The variance of the places' means as a share of that of all values;
        both without the mean of each window.
    """

    series: bool
    neighbours: float
    others: float
    means: float


def order_of(items: npt.NDArray[np.number]) -> Order:
    """How the places of windows are like each other.

    Parameters
    ----------
    items : ndarray, shape (n, length, channels)
        Windows.

    Returns
    -------
    Order
        What was measured on some of the windows and channels, always the same ones.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> starts = rng.uniform(0, 50, (100, 1))
    >>> waves = np.sin(starts + np.arange(300) / 5) + rng.normal(0, 0.1, (100, 300))
    >>> order_of(waves[:, :, None]).series
    True
    >>> order_of(waves[:, rng.permutation(300), None]).series  # the same values in any order
    False
    """
    rows = items[:: -(-len(items) // MOST_ROWS)]
    count, length, channels = rows.shape
    if count < 2 or length < LEAST:
        return Order(False, 0.0, 0.0, 0.0)
    rng = np.random.default_rng(0)
    found = []
    for c in range(0, channels, -(-channels // MOST_CHANNELS)):
        x = rows[:, :, c].astype(np.float64)
        x -= x.mean(axis=1, keepdims=True)
        if (total := x.var()) > ROUNDING * float(np.square(rows[:, :, c], dtype=float).max()):
            found.append(_measure(x, float(total), rng))
    if not found:
        return Order(False, 0.0, 0.0, 0.0)
    series, neighbours, others, means = np.array(found).T
    middle = (float(np.median(v)) for v in (neighbours, others, means))
    return Order(bool(series.mean() >= 0.5), *middle)


def is_series(items: npt.NDArray[np.number]) -> bool:
    """Whether the values of windows are samples of a series.

    Parameters
    ----------
    items : ndarray, shape (n, length, channels)
        Windows.

    Returns
    -------
    bool
        Whether most channels are; False for windows of fewer than 8 samples.

    Examples
    --------
    >>> import numpy as np
    >>> is_series(np.random.default_rng(0).normal(size=(100, 300, 1)) + np.arange(300)[:, None])
    False
    """
    return order_of(items).series


def _measure(
    x: npt.NDArray[np.float64], total: float, rng: np.random.Generator
) -> tuple[bool, float, float, float]:
    """Of one channel, x (n, length): whether it is a series, and the figures of `Order`."""
    count, length = x.shape
    means, spread = x.mean(axis=0), x.std(axis=0)
    z = (x - means) / np.where(spread > 0, spread, 1)
    # Of neighbours at the distance that tells most: of vibration every second may be opposite.
    steps = [(z[:, lag:] * z[:, :-lag]).mean(axis=0) for lag in NEAR]
    near = max(steps, key=lambda r: abs(float(np.median(r))))
    middle = float(np.median(near))
    first, second = rng.integers(0, length, (2, PAIRS))
    apart = np.abs(first - second) > length // 10 + max(NEAR)
    far = np.abs((z[:, first[apart]] * z[:, second[apart]]).mean(axis=0))
    others = float(np.median(far)) if len(far) else 0.0
    between = float(means.var()) / total
    seam = float(np.quantile(np.sign(middle) * near, 0.02))
    chance = 2 * (1 - middle * middle) / count**0.5
    series = (
        between <= MEANS + 1 / count
        and abs(middle) >= others + MORE
        and abs(middle) - seam <= SEAM + chance
    )
    return series, abs(middle), others, between
