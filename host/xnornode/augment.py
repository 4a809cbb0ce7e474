"""Random changes of training windows that leave their class as it is.

What a motion sensor meets: it is worn a little turned, with more or less vigour, on the other side
of the body (Um et al., "Data augmentation of wearable sensor data", ICMI 2017).
"""

from dataclasses import dataclass

import numpy as np

from xnornode.binarize import Float
from xnornode.encode import Int16
from xnornode.errors import DataError


@dataclass(frozen=True)
class Augment:
    """How strongly windows are changed; by default not at all.

    scale: each window is multiplied by a number from 1 - scale to 1 + scale.
    mirror: channels that change their sign together in half of the windows. A reflection in x turns
    the sign of acceleration along x, and of turning about y and z: the other wrist.
    rotation: greatest angle, in degrees, by which the axes of a window are turned.
    triads: the first channel of each triple x, y, z that is turned, by the same rotation.
    """

    scale: float = 0.0
    mirror: tuple[int, ...] = ()
    rotation: float = 0.0
    triads: tuple[int, ...] = ()

    def check(self, channels: int) -> None:
        """Raise DataError where a channel is named that windows of `channels` do not have."""
        if any(not 0 <= c < channels for c in self.mirror):
            raise DataError(f"mirror names a channel beyond the {channels} there are")
        if any(not 0 <= c <= channels - 3 for c in self.triads):
            raise DataError(f"a triad needs three of the {channels} channels there are")

    def apply(self, samples: Int16, rng: np.random.Generator) -> Float:
        """Changed windows, float32 (n, length, channels), of int16 ones."""
        out = samples.astype(np.float32)
        count = len(out)
        if self.scale:
            gains = rng.uniform(1 - self.scale, 1 + self.scale, count)
            out *= gains.astype(np.float32)[:, None, None]
        if self.mirror:
            sides = rng.choice(np.array([-1, 1], np.float32), count)
            out[..., list(self.mirror)] *= sides[:, None, None]
        if self.rotation:
            turns = rotations(count, np.radians(self.rotation), rng)
            for at in self.triads:
                out[..., at : at + 3] = out[..., at : at + 3] @ turns
        return out


def rotations(count: int, limit: float, rng: np.random.Generator) -> Float:
    """Rotation matrices, float32 (count, 3, 3), by Rodrigues' formula.

    Their axes point anywhere, their angles are uniform within -limit to limit radians.
    """
    axes = rng.standard_normal((count, 3))
    x, y, z = (axes / np.linalg.norm(axes, axis=1, keepdims=True)).T
    zero = np.zeros(count)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    angles = rng.uniform(-limit, limit, (count, 1, 1))
    turns = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)
    return turns.astype(np.float32)
