"""Optimizers and learning-rate schedules.

Adam (Kingma and Ba, ICLR 2015), Bop (Helwegen et al., "Latent weights do not exist", NeurIPS 2019),
the cosine schedule (Loshchilov and Hutter, SGDR, ICLR 2017).
"""

import math
from collections.abc import Sequence

import numpy as np

from xnornode._typing import Float
from xnornode.nn import cache_blocks
from xnornode.nn.layers import Parameter
from xnornode.nn.quantizers import sign
from xnornode.nn.workers import Workers

# Averages of gradients that stay zero decay into denormal numbers, which make arithmetic some ten
# times slower. They are set to zero before, every so many steps.
FLUSH_EVERY = 64
TINY_FIRST, TINY_SECOND = np.float32(1e-18), np.float32(1e-30)

SCHEDULES = ("cosine", "constant")
OPTIMIZERS = ("adam", "bop")


def learning_rate(schedule: str, done: float, peak: float) -> float:
    """Learning rate when a share `done` of training is over: constant, or half a cosine to 0."""
    if schedule == "constant":
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * done))


class Adam:
    """Adam with bias correction; latent weights are clipped to [-1, 1] after each step.

    The parameters' numbers move into one long array. It is updated in blocks that fit the cache;
    each process updates a share.

    Parameters
    ----------
    parameters : sequence of Parameter
        What is trained.
    workers : Workers, optional
        The processes. Default: this one alone.
    """

    BETA1, BETA2, EPS = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Sequence[Parameter], workers: Workers | None = None) -> None:
        self.workers = workers or Workers()
        # Latent weights come first, those with a floor last.
        order = sorted(parameters, key=lambda p: (not p.latent, p.floor is not None))
        self.parameters = order
        self._value = self.workers.share(np.concatenate([p.value.ravel() for p in order]))
        self._grads = [
            self.workers.share(np.zeros_like(self._value)) for _ in range(self.workers.count)
        ]
        self.latents = sum(p.value.size for p in order if p.latent)
        floors = [np.full(p.value.size, p.floor, np.float32) for p in order if p.floor is not None]
        self._floors = np.concatenate([*floors, np.empty(0, np.float32)])
        # Averages are kept divided by (1 - beta), which saves a pass over the numbers each.
        self.first = self.workers.share(np.zeros_like(self._value))
        self.second = self.workers.share(np.zeros_like(self._value))
        self.steps = 0
        self.join()

    def join(self) -> None:
        """Make the parameters' numbers those of all processes, and their gradients this one's."""
        at = 0
        for p in self.parameters:
            own = slice(at, at + p.value.size)
            p.value = self._value[own].reshape(p.value.shape)
            p.grad = self._grads[self.workers.rank][own].reshape(p.value.shape)
            at = own.stop

    def state(self) -> list[Float]:
        """The arrays to copy from and into, to continue from here (with `steps`)."""
        return [self.first, self.second]

    def step(self, learning_rate: float) -> None:
        """Move every parameter against the sum of the processes' gradients."""
        self.steps += 1
        self.workers.meet()
        self._adam(0, learning_rate)
        self.workers.meet()

    def _adam(self, begin: int, learning_rate: float) -> None:
        """Adam's step for this process's share of the numbers from `begin` on."""
        first_unit = (1 - self.BETA1) / (1 - self.BETA1**self.steps)
        second_unit = math.sqrt((1 - self.BETA2) / (1 - self.BETA2**self.steps))
        size = np.float32(learning_rate * first_unit / second_unit)
        eps = np.float32(self.EPS / second_unit)
        beta1, beta2 = np.float32(self.BETA1), np.float32(self.BETA2)
        flush = self.steps % FLUSH_EVERY == 0
        count = len(self._value) - begin
        share, rank = count / self.workers.count, self.workers.rank
        begin, end = begin + round(rank * share), begin + round((rank + 1) * share)
        floored = len(self._value) - len(self._floors)

        def block(start: int, stop: int) -> None:
            own = slice(begin + start, begin + stop)
            first, second, grad = self.first[own], self.second[own], self._grads[0][own]
            for other in self._grads[1:]:
                grad = grad + other[own]
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
            if own.stop > floored:
                from_ = max(own.start, floored)
                tail = value[from_ - own.start :]
                np.maximum(tail, self._floors[from_ - floored :][: len(tail)], out=tail)

        cache_blocks.run(block, cache_blocks.spans(end - begin, 64))


class Bop(Adam):
    """Bop for the binary weights, Adam for the rest.

    A weight has no latent value: it is -1 or +1. It flips where the average of its gradients is
    larger than `THRESHOLD` and has the weight's own sign. The average moves by `RATE`, which falls
    with the learning rate's schedule. One process alone.

    Parameters
    ----------
    parameters : sequence of Parameter
        What is trained.
    peak : float
        The highest learning rate.
    """

    THRESHOLD = np.float32(1e-8)
    RATE = 1e-3

    def __init__(self, parameters: Sequence[Parameter], peak: float) -> None:
        super().__init__(parameters)
        self._peak = peak
        weights = self._value[: self.latents]
        sign(weights, out=weights)

    def step(self, learning_rate: float) -> None:
        self.steps += 1
        gamma = np.float32(self.RATE * learning_rate / self._peak)
        weights, average = self._value[: self.latents], self.first[: self.latents]
        average += gamma * (self._grads[0][: self.latents] - average)
        average[np.abs(average) < TINY_FIRST] = 0
        flip = (np.abs(average) > self.THRESHOLD) & ((average > 0) == (weights > 0))
        weights[flip] *= -1
        self._adam(self.latents, learning_rate)
