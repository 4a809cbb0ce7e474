"""A node on the emulated Pico whose sensor measures time, so that each sample says when it was taken.

The sensor's first channel counts up by one each millisecond. Samples that were taken in time are a
period apart in it; one that came late, twice or not at all is seen at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.lab.motionlab import AXES
from tests.lab.nets import random_model
from tools.emulators.emulated_pico import EmulatedPico
from tools.emulators.sensors import Mpu6050, Sensor, Signal
from xnornode.board import node_library
from xnornode.board.install import Installer, Plan
from xnornode.link.monitor import Monitor
from xnornode.link.repl import Board
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

TICKS = 1000
"""Of the signal in a second: its first channel counts them."""
RANGES = {"range": 8, "gyro_range": 2000}
SCALES = (244_141,) * 3 + (60_976_000,) * 3
UNITS = np.repeat([8 / 32768, 1 / 16.4], 3)
"""g and degrees a second to one count, in these ranges."""
PATIENT = Timing(answer=60.0, ack=5.0, reconnect=60.0)
"""For an emulated chip on a busy computer."""
ROOM = 4096
