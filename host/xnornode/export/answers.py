"""What the scores of a folded network mean: its temperature, and the background classes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xnornode.data.windows import Data
from xnornode.model.answers import Answers
from xnornode.model.model import Model
from xnornode.training.trained import Temperature, Trained

BACKGROUND = ("background", "idle", "noise", "none", "nothing", "other", "silence", "unknown")
"""Names of classes of which nobody wants events."""
MOST_WINDOWS = 4000
"""Windows that a temperature is fitted on: more hardly change it, and the reference is slow."""
FEW_WINDOWS = 100
"""Fewer than these say little."""
VALIDATION = "the validation part"
HOTTEST = 64.0
STEPS = 48  # of the search: to 1e-9 of its range

Floats = npt.NDArray[np.float64]


def guess_background(labels: Sequence[str]) -> tuple[int, ...]:
    """The classes that are background by their names.

    Examples
    --------
    >>> guess_background(("Idle", "run", "walk"))
    (0,)
    """
    return tuple(i for i, label in enumerate(labels) if label.strip().casefold() in BACKGROUND)


def fit_temperature(logits: Floats, labels: npt.NDArray[np.int64]) -> float:
    """The temperature of the least negative log likelihood.

    Each true class has the target 1 - 1 / (n + 2), and all classes share the rest: where all of a
    few windows are right, no probability would be too high otherwise.

    Parameters
    ----------
    logits : ndarray of float, shape (n, classes)
        Scores divided by any factor that makes them small numbers.
    labels : ndarray of int64, shape (n,)
        The true classes.

    Returns
    -------
    float
        What the logits are divided by before their softmax, 1/64 to 64.

    References
    ----------
    C. Guo et al., "On calibration of modern neural networks", ICML 2017. The targets: J. Platt,
    "Probabilistic outputs for support vector machines", 1999, with one count for the other classes.

    Examples
    --------
    >>> import numpy as np
    >>> logits = np.array([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0]])
    >>> cold, hot = (fit_temperature(logits, np.array([0, 0, 0, n])) for n in (0, 1))
    >>> cold < hot
    True
    """
    below = logits - logits.max(axis=1, keepdims=True)
    true = below[np.arange(len(labels)), labels]
    rest = 1 / (len(labels) + 2)
    target = float(((1 - rest) * true + rest * below.mean(axis=1)).mean())

    def loss(log_temperature: float) -> float:
        inverse = math.exp(-log_temperature)
        return float(np.log(np.exp(below * inverse).sum(axis=1)).mean()) - inverse * target

    # The loss is convex in the inverse temperature, so it has one minimum over its logarithm too.
    return math.exp(lowest(loss, -math.log(HOTTEST), math.log(HOTTEST)))


def lowest(loss: Callable[[float], float], low: float, high: float, steps: int = STEPS) -> float:
    """Where a function with one minimum is the least, by golden sections."""
    section = (math.sqrt(5) - 1) / 2
    left, right = high - section * (high - low), low + section * (high - low)
    at_left, at_right = loss(left), loss(right)
    for _ in range(steps):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - section * (high - low)
            at_left = loss(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + section * (high - low)
            at_right = loss(right)
    return (low + high) / 2


def some_windows(part: Data) -> Data:
    """At most `MOST_WINDOWS` of a part, evenly spread."""
    step = -(-len(part) // MOST_WINDOWS)
    return part if step < 2 else part.select(np.arange(0, len(part), step))


def temperature_on(model: Model, gain: float, part: Data, name: str = VALIDATION) -> Temperature:
    """The temperature of a folded network by a part that it was not trained on.

    gain: scores per logit. name: what the part is called.
    """
    some = some_windows(part)
    value = fit_temperature(model.scores(some.items) / gain, some.labels)
    return Temperature(value, len(some), name)


def first_answers(model: Model, trained: Trained, gain: float) -> Answers:
    """The answers of a model for which nothing was chosen: its temperature, one window each."""
    temperature = trained.temperature
    if temperature is None and trained.validation is not None:
        temperature = temperature_on(model, gain, trained.validation)
    value = temperature.value if temperature else 1.0
    return Answers(*Answers.scaled(1 / (value * gain)), background=guess_background(model.labels))


def temperature_of(model: Model, trained: Trained, gain: float) -> Temperature:
    """The temperature that a model has, and what it was fitted on."""
    if model.answers is None:
        return Temperature(1.0)
    value = 1 / (model.answers.inverse_temperature * gain)
    if trained.temperature:
        return replace(trained.temperature, value=value)
    if trained.validation is None:
        return Temperature(value)
    return Temperature(value, len(some_windows(trained.validation)), VALIDATION)


def doubt(temperature: Temperature) -> str:
    """What makes a temperature doubtful, in words; "" if nothing does."""
    if not temperature.windows:
        return (
            "there is no validation part, so the confidence is that of training, and may be too "
            "high: --validation GROUPS or --events fit it"
        )
    if temperature.windows < FEW_WINDOWS:
        return (
            f"the confidence was fitted on {temperature.windows} windows of {temperature.part}, "
            "which say little: record more"
        )
    return ""
