"""What a classifier's model file says of its input, also after a scaler."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode._classifier_arguments import as_scales
from xnornode._typing import Int16
from xnornode.data.class_labels import some
from xnornode.errors import DataError
from xnornode.model.model import Model, Window

Array = npt.NDArray[Any]

CLOSE = 1e-5  # how near 0 and 1 the mean and the deviation of scaled data are
LEAST_ROWS = 8


def scaled_as(samples: Array) -> str:
    """How samples look scaled, so that a node's would have to be as well.

    Parameters
    ----------
    samples : ndarray, shape (n, length, channels)
        What a network was fitted on.

    Returns
    -------
    str
        "mean 0 and deviation 1" and the like; "" if they do not.
    """
    if samples.dtype.kind != "f" or len(samples) < LEAST_ROWS:
        return ""
    for flat in (samples.reshape(-1, samples.shape[-1]), samples.reshape(len(samples), -1)):
        values = flat.astype(np.float64)
        values = values[:, values.max(axis=0) > values.min(axis=0)]
        if not values.size or (values == np.rint(values)).all():
            continue
        # Data frames divide by n - 1.
        spread = [values.std(axis=0, ddof=d) for d in (0, 1)]
        if _near(values.mean(axis=0), 0) and any(_near(s, 1) for s in spread):
            return "mean 0 and deviation 1"
        if values.shape[1] > 1 and any(_near(s, 1) for s in spread):
            return "deviation 1"
        if _near(values.min(axis=0), 0) and _near(values.max(axis=0), 1):
            return "minimum 0 and maximum 1"
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75), axis=0)
        if _near(middle, 0) and _near(high - low, 1):
            return "median 0 and quartiles 1 apart"
        if values.shape[1] > 1 and _near(np.abs(values).max(axis=0), 1):
            return "largest absolute value 1"
    return ""


def factors_of(scaler: Any, shape: tuple[int, ...], channels: int) -> Array:
    """What a scaler multiplies each feature by.

    Parameters
    ----------
    scaler : object
        Fitted, with a method `transform`: a scaler of scikit-learn, or the steps of a Pipeline
        before the classifier.
    shape : tuple of int
        The shape of a row of fit's X.
    channels : int
        Channels of a window: as many as features, or fewer that share a unit.

    Returns
    -------
    ndarray of float64, shape (channels,)
        The factors, all above 0.

    Raises
    ------
    DataError
        It is no such scaler, or it does more than multiply. A model file holds a factor per
        channel, and no offset.
    """
    if len(shape) != 1:
        raise DataError(f"scaler is for features, and fit was given (n, {str(shape)[1:]}")
    (width,) = shape
    rng = np.random.default_rng(0)
    some = rng.uniform(-1, 1, (4, width))
    probes = np.concatenate([np.zeros((1, width)), np.ones((1, width)), some])
    try:
        changed = np.asarray(scaler.transform(probes), dtype=np.float64)
    except Exception as error:  # whatever object it is
        raise DataError(f"scaler cannot transform {width} features: {error}") from error
    if changed.shape != probes.shape:
        raise DataError(f"scaler makes {changed.shape[1:]} of {width} features: it is no scaler")
    offset, factors = changed[0], changed[1] - changed[0]
    if not np.allclose(changed, probes * factors + offset, rtol=1e-6, atol=1e-9):
        raise DataError("scaler mixes features or is not linear: fit the classifier without it")
    if (factors <= 0).any() or not np.isfinite(factors).all():
        raise DataError("scaler multiplies a feature by 0 or less: fit the classifier without it")
    if (np.abs(offset) > 1e-9).any():
        raise DataError(
            "scaler subtracts an offset, which a model file does not hold: fit the classifier "
            "without the scaler (it needs none), or with one that only multiplies, such as "
            "StandardScaler(with_mean=False) or MaxAbsScaler()"
        )
    if width == channels:
        return factors
    each = factors.reshape(-1, channels)
    if not np.allclose(each, each[0], rtol=1e-6):
        raise DataError(
            "scaler multiplies the samples of a channel by different factors: fit the classifier "
            "without it"
        )
    return each[0]


def _near(values: Array, wanted: float) -> bool:
    return bool((np.abs(values - wanted) < CLOSE).all())


def saved_window(estimator: Any, scaler: Any) -> Window:
    """The window as the file of a fitted classifier says it; warns of what the file cannot say."""
    window, units = estimator.model_.window, estimator.units_
    if scaler is None and estimator._scaled:
        raise DataError(
            f"fit was given scaled data ({estimator._scaled}), and a node's are not: fit the "
            "classifier on data as they are (it needs no scaler); or give save "
            "scaler=pipeline[:-1], or scaler=False if the node's values are scaled alike"
        )
    if scaler is not None and scaler is not False:
        units = units / factors_of(scaler, estimator._shape_in, len(units))
        window = replace(window, scales=as_scales(units))
    for text in unsaid(window, units, estimator.model_.labels, estimator.classes_):
        warnings.warn(text, UserWarning, stacklevel=3)
    return window


def unsaid(
    window: Window, units: npt.NDArray[np.float64], labels: Sequence[str], classes: Array
) -> list[str]:
    """What a model file cannot say of a classifier, a warning each."""
    texts = []
    lost = [
        name
        for name, scale, unit in zip(window.channels, window.scales, units, strict=True)
        if unit != 1 and not scale
    ]
    if lost:
        texts.append(
            f"the model file cannot hold the scale of {some(lost)}, so a node takes its samples as "
            "counts: give X in another unit (mV in place of V), or divide by units_ on the node"
        )
    renamed = [
        f"{value} -> {name}"
        for value, name in zip(classes, labels, strict=True)
        if str(value) != name
    ]
    if renamed:
        texts.append(f"the model file cannot hold all names of classes: {some(renamed)}")
    return texts


def gain_of(model: Model, counts: Int16, logits: Array, most: int = 1000) -> float:
    """The factor between scores and logits, by least squares."""
    scores = model.scores(counts[:most]).astype(np.float64)
    real = logits[:most].astype(np.float64)
    return max(float((scores * real).sum() / max(float((real * real).sum()), 1e-30)), 1e-30)
