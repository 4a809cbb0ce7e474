"""Multinomial logistic regression: the baseline that a network must beat.

Newton's method by limited memory (L-BFGS: Liu, Nocedal, "On the limited memory BFGS method for
large scale optimization", 1989) on standardized values. The strength of L2 is chosen on windows of
groups that are left out, from strong to weak, each from the last one's weights.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xnornode._typing import Float, Labels

STRENGTHS = (0.3, 0.03, 0.003, 0.0003)
"""Of L2, against the mean loss of a window."""
STEPS, LAST_STEPS = 25, 80
MEMORY = 10
CLOSE = 1e-4
"""Of the gradient's length at the beginning, where the search ends."""
MOST_DEVIATIONS = 10.0
BATCH = 4096

Floats = npt.NDArray[np.float64]
Values = npt.NDArray[np.integer] | Float


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted logistic regression.

    Parameters
    ----------
    means, factors : ndarray of float32, shape (values,)
        What standardizes the values.
    weights : ndarray of float64, shape (values + 1, classes)
        The last row is added.
    """

    means: Float
    factors: Float
    weights: Floats

    def predict(self, values: Values) -> Labels:
        """The class of each row of values (n, V), as int64 (n,)."""
        parts = []
        for at in range(0, len(values), BATCH):
            x = _standard(values[at : at + BATCH], self.means, self.factors)
            parts.append((x @ self.weights[:-1].astype(np.float32) + self.weights[-1]).argmax(1))
        return np.concatenate(parts)


def fit_logistic(
    values: Values,
    labels: Labels,
    classes: int,
    watched: npt.NDArray[np.bool_],
    refit: bool,
    progress: Callable[[float], None] | None = None,
) -> Logistic:
    """Fit a logistic regression.

    Parameters
    ----------
    values : ndarray, shape (n, V)
        What it sees.
    labels : ndarray of int64, shape (n,)
        Class indexes.
    classes : int
        Number of classes.
    watched : ndarray of bool, shape (n,)
        Rows that choose the strength of L2.
    refit : bool
        Whether these are learned from in the end.
    progress : callable, optional
        Is given the share that is done, 0 to 1.

    Returns
    -------
    Logistic
        The same for the same rows, but for the rounding of float32 sums.
    """
    learned = ~watched
    means, factors = _standards(values[learned])
    x = _standard(values, means, factors)
    best, chosen, right = np.zeros((x.shape[1] + 1, classes)), STRENGTHS[0], -1.0
    weights = best
    x_learned, y_learned = x[learned], labels[learned]
    for number, strength in enumerate(STRENGTHS):
        weights = minimize(x_learned, y_learned, weights, strength, STEPS)
        guess = (x[watched] @ weights[:-1].astype(np.float32) + weights[-1]).argmax(axis=1)
        share = float((guess == labels[watched]).mean())
        if share > right:  # of equals the stronger
            right, best, chosen = share, weights, strength
        if progress:
            progress((number + 1) / (len(STRENGTHS) + 2))
    if refit:
        x_learned, y_learned = x, labels
    return Logistic(means, factors, minimize(x_learned, y_learned, best, chosen, LAST_STEPS))


def minimize(x: Float, labels: Labels, start: Floats, strength: float, steps: int) -> Floats:
    """The weights of the least mean cross-entropy, plus half of `strength` times their squares.

    Parameters
    ----------
    x : ndarray of float32, shape (n, V)
        Standardized values.
    labels : ndarray of int64, shape (n,)
        Class indexes.
    start : ndarray of float64, shape (V + 1, classes)
        Where the search begins.
    strength : float
        Of L2.
    steps : int
        At most so many.

    Returns
    -------
    ndarray of float64, shape (V + 1, classes)
        The weights; the last row, which is added, is not made small.
    """
    rows = np.arange(len(x))

    def loss(w: Floats) -> tuple[float, Floats]:
        logits = (x @ w[:-1].astype(np.float32)).astype(np.float64) + w[-1]
        logits -= logits.max(axis=1, keepdims=True)
        power = np.exp(logits)
        total = power.sum(axis=1, keepdims=True)
        value = float((np.log(total[:, 0]) - logits[rows, labels]).mean())
        slope = power / total
        slope[rows, labels] -= 1
        slope /= len(x)
        found = np.empty_like(w)
        found[:-1] = x.T @ slope.astype(np.float32)
        found[:-1] += strength * w[:-1]
        found[-1] = slope.sum(axis=0)
        return value + strength / 2 * float(np.square(w[:-1]).sum()), found

    w, (value, gradient) = start, loss(start)
    pairs: deque[tuple[Floats, Floats, float]] = deque(maxlen=MEMORY)
    enough = CLOSE * max(float(np.linalg.norm(gradient)), 1e-3)
    for _ in range(steps):
        way = _direction(gradient, pairs)
        slope = float((gradient * way).sum())
        if slope >= 0 or np.linalg.norm(gradient) <= enough:
            break
        step = 1.0 if pairs else min(1.0, 1.0 / float(np.linalg.norm(way)))
        for _ in range(20):
            new = w + step * way
            new_value, new_gradient = loss(new)
            if new_value <= value + 1e-4 * step * slope:
                break
            step /= 2
        else:
            break  # float32 tells no smaller steps
        moved, turned = new - w, new_gradient - gradient
        product = float((moved * turned).sum())
        if product > 1e-12:
            pairs.append((moved, turned, product))
        w, value, gradient = new, new_value, new_gradient
    return w


def _direction(gradient: Floats, pairs: deque[tuple[Floats, Floats, float]]) -> Floats:
    """Downhill, by the curvature that the last steps met."""
    way, shares = -gradient, []
    for moved, turned, product in reversed(pairs):
        share = float((moved * way).sum()) / product
        way = way - share * turned
        shares.append(share)
    if pairs:
        _, turned, product = pairs[-1]
        way = way * (product / float(np.square(turned).sum()))
    for (moved, turned, product), share in zip(pairs, reversed(shares), strict=True):
        way = way + (share - float((turned * way).sum()) / product) * moved
    return way


def _standards(values: Values) -> tuple[Float, Float]:
    means = values.mean(axis=0, dtype=np.float64)
    spread = values.std(axis=0, dtype=np.float64)
    factors = 1 / np.where(spread > 0, spread, 1)
    return means.astype(np.float32), factors.astype(np.float32)


def _standard(values: Values, means: Float, factors: Float) -> Float:
    """Values with mean 0 and deviation 1, float32; rare extremes are cut off."""
    x = values.astype(np.float32)
    x -= means
    x *= factors
    return np.clip(x, -MOST_DEVIATIONS, MOST_DEVIATIONS, out=x)
