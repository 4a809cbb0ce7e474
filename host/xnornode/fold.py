"""A trained float network becomes an integer one: batch norm and sign turn into integer limits.

Exactness. A neuron's float decision is one expression, `BatchNorm.infer`, on one integer: z, the
sum of weight times input, which float32 holds exactly. Its steps (subtract a constant, multiply by
a constant, add a constant) each round monotonically, so the result never turns back as z rises: it
is non-decreasing for scale >= 0, non-increasing for scale < 0, and the decision `y >= 0` changes
at most once. `fold` finds that place by bisection over the integers, evaluating the very same
expression in the same dtype. So ties (y == 0 is +1) and rounding are settled as the float network
settles them, and the two agree on every input by construction, not by a tolerance.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xnornode.binarize import sign
from xnornode.encode import Thermometer
from xnornode.errors import ModelError
from xnornode.layers import BatchNorm, BinaryDense
from xnornode.model import INT32_MAX, DenseLayer, Model, ScoresLayer, Signs, Window
from xnornode.network import Network

Int64 = npt.NDArray[np.int64]

SELFTEST_SEED = 2463534242  # the example seed of Marsaglia's paper
SCALE_MAX = 2**15 - 1


def fold(
    network: Network, encoder: Thermometer, window: Window, labels: Sequence[str], name: str
) -> Model:
    """The integer model of a trained network.

    Its hidden neurons decide as the float network's do, on every input. Its scores are the logits
    times one positive factor, with scales rounded to int16 and offsets to integers. Raises
    ModelError for parameters that are not finite, and where the format does not allow the model.
    """
    *hidden, last = network.blocks()
    layers = tuple(fold_dense(dense, norm) for dense, norm in hidden)
    head = fold_scores(*last)
    shift = selftest_shift(encoder)
    return Model(
        name, tuple(labels), window, encoder, layers, head, seed=SELFTEST_SEED, shift=shift
    )


def fold_dense(dense: BinaryDense, norm: BatchNorm) -> DenseLayer:
    """Dense layer, batch norm and sign as integers.

    A neuron of negative scale fires for small z: its weights are inverted, which turns z into -z.
    """
    scale = _finite_scale(norm)
    direction = np.where(scale < 0, -1, 1)
    weights = _signs(dense) * direction[:, None].astype(np.int8)
    inputs = weights.shape[1]
    # The least number of differing inputs that does not fire is in [low, high].
    low, high = np.zeros(len(scale), np.int64), np.full(len(scale), inputs + 1)
    while (low < high).any():
        middle = (low + high) // 2
        z = (direction * (inputs - 2 * middle)).astype(np.float32)
        fires = sign(norm.infer(z[None])[0]) > 0
        # inputs + 1 differing inputs do not exist; a search that ended stays where it is.
        going = low < high
        low = np.where(going & fires, middle + 1, low)
        high = np.where(going & ~fires, middle, high)
    return DenseLayer(weights, low)


def fold_scores(dense: BinaryDense, norm: BatchNorm) -> ScoresLayer:
    """Last dense layer and batch norm as an integer scale and offset per class.

    The factor common to all classes is the largest that keeps scales in int16 and scores in int32.
    """
    scale = _finite_scale(norm).astype(np.float64)
    offset = norm.beta.value.astype(np.float64) - norm.mean.astype(np.float64) * scale
    weights = _signs(dense)
    inputs = weights.shape[1]
    reach = np.abs(offset) + inputs * np.abs(scale)
    # Rounding moves a score by at most (inputs + 1) / 2: room for that is left.
    room = INT32_MAX - (inputs + 1)
    limits = np.array([SCALE_MAX, room]) / np.maximum([np.abs(scale).max(), reach.max()], 1e-30)
    factor = limits.min()
    scales = np.rint(factor * scale).astype(np.int64)
    return ScoresLayer(weights, scales, np.rint(factor * offset).astype(np.int64))


def selftest_shift(encoder: Thermometer) -> int:
    """The shift that narrows the self-test's random samples, 16 bits wide, to the thresholds.

    The largest at which every threshold can still be passed and missed.
    """
    low, high = int(encoder.thresholds.min()), int(encoder.thresholds.max())
    for shift in range(15, 0, -1):
        if -(2**15 >> shift) < low and high < 2**15 >> shift:
            return shift
    return 0


def _signs(dense: BinaryDense) -> Signs:
    return dense.signs().astype(np.int8)


def _finite_scale(norm: BatchNorm) -> npt.NDArray[np.float32]:
    scale = norm.scale()
    if not all(np.isfinite(x).all() for x in (scale, norm.beta.value, norm.mean)):
        raise ModelError("layer", "a batch norm is not finite: training diverged, lower the rate")
    return scale
