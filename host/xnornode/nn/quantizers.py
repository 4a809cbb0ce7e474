"""Sign, the stand-ins for its gradient, and how latent weights become -1 and +1.

The derivative of sign is zero almost everywhere, so training replaces it by the slope of a smooth
curve, a straight-through estimator (Bengio, Leonard, Courville, "Estimating or propagating
gradients through stochastic neurons", 2013). Weights are trained as real numbers, the latent
weights, and used by their sign (Hubara et al., "Binarized neural networks", NIPS 2016).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xnornode._typing import Float

ONE = np.float32(1)


def sign(x: Float, out: Float | None = None) -> Float:
    """-1 where x < 0, else +1: sign(0) is +1, also of -0.0. float32, any shape."""
    out = np.add(x, np.float32(0), out=out)  # -0.0 + 0.0 is +0.0
    return np.copysign(ONE, out, out=out)


def identity(x: Float) -> Float:
    """Slope 1 everywhere (Bengio et al. 2013)."""
    return np.ones_like(x)


def clipped(x: Float) -> Float:
    """Slope of clip(x, -1, 1): 1 where abs(x) <= 1, else 0 (Hubara et al. 2016)."""
    return (np.abs(x) <= 1).astype(np.float32)


def polynomial(x: Float) -> Float:
    """Slope of a piecewise parabola, 2 - 2 abs(x) within [-1, 1], else 0.

    Liu et al., "Bi-Real Net", ECCV 2018.
    """
    slope = np.abs(x)
    slope *= np.float32(-2)
    slope += np.float32(2)
    return np.maximum(slope, np.float32(0), out=slope)


def relu(x: Float) -> Float:
    """Slope of max(x, 0): 1 where x > 0, else 0.

    Yin et al., "Understanding straight-through estimator in training activation quantized neural
    nets", ICLR 2019.
    """
    return (x > 0).astype(np.float32)


STES: dict[str, Callable[[Float], Float]] = {
    "identity": identity,
    "clipped": clipped,
    "polynomial": polynomial,
    "relu": relu,
}

# How the sharpness of the soft curves rises over training (Qin et al., "Forward and backward
# information retention for accurate binary neural networks" (IR-Net), CVPR 2020).
SHARPNESS_FIRST, SHARPNESS_LAST = 0.1, 10.0
# Soft weights are real until here; the rest of training settles the batch norms on the signs.
SOFT_UNTIL = 0.8


def sharpness(done: float) -> np.float32:
    """t of tanh(t w) when a share `done` of training is over: from 0.1 to 10, geometrically."""
    ratio = SHARPNESS_LAST / SHARPNESS_FIRST
    return np.float32(SHARPNESS_FIRST * ratio ** min(max(done, 0.0), 1.0))


def ede(w: Float, t: np.float32) -> Float:
    """Slope k t (1 - tanh(t w)^2) with k = max(1 / t, 1): IR-Net's STE, "error decay"."""
    slope: Float = max(ONE / t, ONE) * t * (ONE - np.square(np.tanh(t * w)))
    return slope


@dataclass
class WeightBinarizer:
    """How one layer's latent weights become those it computes with, and the way back.

    Parameters
    ----------
    kind : {"sign", "ede", "soft", "real"}, default "sign"
        "sign": straight through, with latent weights clipped to [-1, 1]. "ede": sign, with IR-Net's
        slope. "soft": tanh(t w) / tanh(t), which hardens, then sign for the last part of training.
        "real": the latent weights themselves.
    standardize : bool, default False
        Each neuron's weights are brought to mean 0 and deviation 1 before (IR-Net's balanced
        weights).
    real_until : float, default 0.0
        Before this share of training it computes with the latent weights (two-stage training:
        activations first, then weights).
    done : float, default 0.0
        The share of training that is over.
    """

    kind: str = "sign"
    standardize: bool = False
    real_until: float = 0.0
    done: float = 0.0

    def use(self, latent: Float, training: bool) -> Float:
        """The weights to compute with, float32 (outputs, inputs), of the latent ones.

        Out of training they are -1 and +1, but for "real".
        """
        w = latent
        if self.standardize:
            w = latent - latent.mean(axis=1, keepdims=True)
            # A neuron of equal weights has no deviation.
            self._inv = ONE / (np.sqrt(np.square(w).mean(axis=1, keepdims=True)) + np.float32(1e-6))
            w *= self._inv
        self._w = w
        if self.kind == "real" or (training and self.done < self.real_until):
            return w
        if training and self.is_soft():
            t = self._t()
            soft: Float = np.tanh(t * w) / np.tanh(t)
            return soft
        return np.copysign(ONE, w)

    def is_soft(self) -> bool:
        """Whether training now computes with weights other than signs."""
        return self.kind == "soft" and self.done < SOFT_UNTIL

    def pull_back(self, grad: Float) -> None:
        """Turn the loss's gradient by the used weights into that by the latent ones, in place."""
        if self.done < self.real_until:
            pass
        elif self.is_soft():
            t = self._t()
            grad *= t / np.tanh(t) * (ONE - np.square(np.tanh(t * self._w)))
        elif self.kind == "ede":
            grad *= ede(self._w, sharpness(self.done))
        if self.standardize:
            grad -= grad.mean(axis=1, keepdims=True)
            grad -= self._w * (grad * self._w).mean(axis=1, keepdims=True)
            grad *= self._inv

    def _t(self) -> np.float32:
        return sharpness(self.done / SOFT_UNTIL)


WEIGHTS = ("sign", "ede", "soft")
