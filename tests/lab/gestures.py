"""What somebody does with the MPU6050 who follows the quickstart."""

import numpy as np

from tests.lab.motionlab import AXES
from tools.emulators.sensors import Signal

SECONDS = 60  # of a signal, before it begins again: noise that comes again soon would be learnt


def gesture(label: str) -> Signal:
    """Rest, shake or circle: the same each second, but noise."""
    turn = 2 * np.pi * np.arange(200 * SECONDS) / 200
    still = np.zeros_like(turn)
    moves = {
        "rest": [still, still, still + 1, still, still, still],
        "shake": [1.5 * np.sin(4 * turn), still, still + 1, still, 90 * np.cos(4 * turn), still],
        "circle": [0.5 * np.cos(turn), 0.5 * np.sin(turn), still + 1, still, still, still + 180],
    }
    noise = np.random.default_rng(0).normal(0, 1, (len(turn), 6)) * ([0.02] * 3 + [2.0] * 3)
    return Signal(np.stack(moves[label], axis=1) + noise, rate=200, channels=AXES, loop=True)
