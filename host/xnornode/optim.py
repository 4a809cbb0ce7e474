"""Adam (Kingma and Ba, ICLR 2015) and the cosine schedule (Loshchilov and Hutter, SGDR, 2017)."""

import math
from collections.abc import Sequence

import numpy as np

from xnornode.layers import Parameter

# Averages of gradients that stay zero would decay into denormal numbers, which make arithmetic some
# ten times slower. A constant far below any step that counts keeps them above.
FLOOR = np.float32(1e-20)


def cosine(done: float, peak: float) -> float:
    """Learning rate when a share `done` of training is over: half a cosine from `peak` to 0."""
    return peak * 0.5 * (1 + math.cos(math.pi * done))


class Adam:
    """Adam with bias correction; latent weights are clipped to [-1, 1] after each step."""

    BETA1, BETA2, EPS = 0.9, 0.999, np.float32(1e-8)

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self.parameters = parameters
        self.first = [np.zeros_like(p.value) for p in parameters]
        self.second = [np.zeros_like(p.value) for p in parameters]
        self.steps = 0

    def step(self, rate: float) -> None:
        """Move every parameter against its gradient, `rate` being the learning rate."""
        self.steps += 1
        unbias1 = 1 - self.BETA1**self.steps
        unbias2 = 1 - self.BETA2**self.steps
        size = np.float32(rate / unbias1)
        root = np.float32(1 / math.sqrt(unbias2))
        for p, first, second in zip(self.parameters, self.first, self.second, strict=True):
            first *= np.float32(self.BETA1)
            work = p.grad * np.float32(1 - self.BETA1)
            work += FLOOR
            first += work
            second *= np.float32(self.BETA2)
            np.square(p.grad, out=work)
            work *= np.float32(1 - self.BETA2)
            work += FLOOR
            second += work
            np.sqrt(second, out=work)
            work *= root
            work += self.EPS
            np.divide(first, work, out=work)
            work *= size
            p.value -= work
            if p.latent:
                np.clip(p.value, -1, 1, out=p.value)
