"""Fixtures that more than one file of tests uses."""

from pathlib import Path

import pytest
from firmware import build


@pytest.fixture(scope="session")
def pico_firmware() -> Path:
    """firmware.uf2 for the RP2040; firmware.bin lies beside it."""
    return build("rp2")
