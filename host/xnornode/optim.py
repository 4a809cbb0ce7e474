"""Optimisers and learning-rate schedules.

Adam (Kingma and Ba, ICLR 2015), Bop (Helwegen et al., "Latent weights do not exist", NeurIPS 2019),
the cosine schedule (Loshchilov and Hutter, SGDR, ICLR 2017).
"""

import math
from collections.abc import Sequence

import numpy as np

from xnornode import parallel
from xnornode.binarize import Float, sign
from xnornode.layers import Parameter

# Averages of gradients that stay zero decay into denormal numbers, which make arithmetic some ten
# times slower. They are set to zero before, every so many steps.
FLUSH_EVERY = 64
TINY_FIRST, TINY_SECOND = np.float32(1e-18), np.float32(1e-30)

SCHEDULES = ("cosine", "constant")
OPTIMISERS = ("adam", "bop")


def learning_rate(schedule: str, done: float, peak: float) -> float:
    """The rate when a share `done` of training is over: constant, or half a cosine to 0."""
    if schedule == "constant":
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * done))


class Adam:
    """Adam with bias correction; latent weights are clipped to [-1, 1] after each step.

    The parameters' numbers move into one long array, which is updated in pieces that fit the cache.
    """

    BETA1, BETA2, EPS = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = sorted(parameters, key=lambda p: not p.latent)
        self._value = _gather(self.parameters, "value")
        self._grad = _gather(self.parameters, "grad")
        self.latents = sum(p.value.size for p in self.parameters if p.latent)
        # Averages are kept divided by (1 - beta), which saves a pass over the numbers each.
        self.first = np.zeros_like(self._value)
        self.second = np.zeros_like(self._value)
        self.steps = 0

    def state(self) -> list[Float]:
        """The arrays to copy from and into, to continue from here (with `steps`)."""
        return [self.first, self.second]

    def step(self, rate: float) -> None:
        """Move every parameter against its gradient, `rate` being the learning rate."""
        self.steps += 1
        self._adam(0, rate)

    def _adam(self, begin: int, rate: float) -> None:
        """Adam's step for the numbers from `begin` on."""
        first_unit = (1 - self.BETA1) / (1 - self.BETA1**self.steps)
        second_unit = math.sqrt((1 - self.BETA2) / (1 - self.BETA2**self.steps))
        size = np.float32(rate * first_unit / second_unit)
        eps = np.float32(self.EPS / second_unit)
        beta1, beta2 = np.float32(self.BETA1), np.float32(self.BETA2)
        flush = self.steps % FLUSH_EVERY == 0

        def piece(start: int, stop: int) -> None:
            own = slice(begin + start, begin + stop)
            first, second, grad = self.first[own], self.second[own], self._grad[own]
            first *= beta1
            first += grad
            work = np.square(grad)
            second *= beta2
            second += work
            if flush:
                first[np.abs(first) < TINY_FIRST] = 0
                second[second < TINY_SECOND] = 0
            np.sqrt(second, out=work)
            work += eps
            np.divide(first, work, out=work)
            work *= size
            value = self._value[own]
            value -= work
            latent = value[: max(0, self.latents - own.start)]
            np.clip(latent, -1, 1, out=latent)

        parallel.run(piece, parallel.spans(len(self._value) - begin, 64))
        for p in self.parameters:
            if p.floor is not None:
                np.maximum(p.value, np.float32(p.floor), out=p.value)


class Bop(Adam):
    """Bop for the binary weights, Adam for the rest.

    A weight has no latent value: it is -1 or +1, and flips where the average of its gradients is
    larger than `threshold` and of the weight's own sign. rate: of the average, falling with the
    learning rate's schedule.
    """

    THRESHOLD = np.float32(1e-8)
    RATE = 1e-3

    def __init__(self, parameters: Sequence[Parameter], peak: float) -> None:
        super().__init__(parameters)
        self._peak = peak
        weights = self._value[: self.latents]
        sign(weights, out=weights)

    def step(self, rate: float) -> None:
        self.steps += 1
        gamma = np.float32(self.RATE * rate / self._peak)
        weights, average = self._value[: self.latents], self.first[: self.latents]
        average += gamma * (self._grad[: self.latents] - average)
        average[np.abs(average) < TINY_FIRST] = 0
        flip = (np.abs(average) > self.THRESHOLD) & ((average > 0) == (weights > 0))
        weights[flip] *= -1
        self._adam(self.latents, rate)


def _gather(parameters: Sequence[Parameter], name: str) -> Float:
    """One array of all parameters' numbers; theirs become views of it."""
    arrays = [getattr(p, name) for p in parameters]
    whole = np.concatenate([a.ravel() for a in arrays])
    at = 0
    for p, array in zip(parameters, arrays, strict=True):
        setattr(p, name, whole[at : at + array.size].reshape(array.shape))
        at += array.size
    return whole
