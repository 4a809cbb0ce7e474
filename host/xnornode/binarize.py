"""Sign, and the stand-ins for its gradient (straight-through estimators).

The derivative of sign is zero almost everywhere, so training replaces it by the slope of a smooth
curve (Bengio, Leonard, Courville, "Estimating or propagating gradients through stochastic neurons",
2013). Weights are trained as real numbers, kept in [-1, 1], and used by their sign (Hubara et al.,
"Binarized neural networks", NIPS 2016).
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]


def sign(x: Float) -> Float:
    """-1 where x < 0, else +1: sign(0) is +1, also of -0.0. float32, any shape."""
    return np.copysign(np.float32(1), x + np.float32(0))  # -0.0 + 0.0 is +0.0


def clipped(x: Float) -> Float:
    """Slope of clip(x, -1, 1): 1 where abs(x) <= 1, else 0 (Hubara et al. 2016)."""
    return (np.abs(x) <= 1).astype(np.float32)


def polynomial(x: Float) -> Float:
    """Slope of a piecewise parabola, 2 - 2 abs(x) within [-1, 1], else 0.

    Liu et al., "Bi-Real Net", ECCV 2018.
    """
    return np.maximum(np.float32(2) - np.float32(2) * np.abs(x), np.float32(0))


ESTIMATORS: dict[str, Callable[[Float], Float]] = {"clipped": clipped, "polynomial": polynomial}
