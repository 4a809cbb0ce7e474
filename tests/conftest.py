"""Fixtures that more than one file of tests uses."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from tools.firmware.build import build
from xnornode.data.recording_file import RecordFile
from xnornode.data.windows import Recording

# Jobs in the background have it ignored, and so would the programs that are tested
signal.signal(signal.SIGINT, signal.default_int_handler)


# A busy computer may take long for an example.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def pico_firmware() -> Path:
    """firmware.uf2 for the RP2040; firmware.bin lies beside it."""
    return build("rp2")


@pytest.fixture
def record() -> Callable[..., RecordFile]:
    """Makes a recording of a slow or a fast wave with noise."""

    def make(label: str, group: str, seed: int = 0, channels: int = 2) -> RecordFile:
        rng = np.random.default_rng(seed)
        angle = np.arange(400)[:, None] * {"slow": 0.1, "fast": 0.8}[label] + np.arange(channels)
        samples = (800 * np.sin(angle) + rng.normal(0, 200, angle.shape)).astype(np.int16)
        recording = Recording(samples, label, group, f"{label} {group}")
        names = tuple(f"ch{i} (g)" for i in range(channels))
        return RecordFile(recording, names, (488_281,) * channels, 50_000)

    return make
