"""Counts what Unicorn runs, by a hook of C: a machine runs millions of blocks in a second."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SOURCE = Path(__file__).with_name("block_counter.c")
SLOTS = 1 << 14
BLOCK = [("runs", "<u8"), ("address", "<u4"), ("size", "<u4")]
COUNTER = np.dtype([("jumps", "<u8"), ("next", "<u8"), ("left", "<u8"), ("blocks", BLOCK, SLOTS)])


@cache
def library() -> ctypes.CDLL:
    """SOURCE, compiled."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "block_counter.so"
        gcc = ["gcc", "-std=c99", "-O2", "-shared", "-fPIC", str(SOURCE), "-o", str(path)]
        subprocess.run(gcc, check=True)
        return ctypes.CDLL(str(path))


class BlockCounter:
    """Counts the blocks that a Unicorn runs from `start` on.

    cost: of a block, by its address and its size in bytes.
    """

    def __init__(self, uc: Any, cost: Callable[[int, int], int]) -> None:
        import unicorn
        from unicorn.unicorn_py3.unicorn import uclib

        self._cost = cost
        self._counter = np.zeros(1, COUNTER)
        self._counter["left"] = SLOTS
        self._blocks = self._counter["blocks"][0]
        self._costs = np.zeros(SLOTS, np.uint64)
        hook = ctypes.cast(library().count_block, ctypes.c_void_p)
        # The package's own hook_add takes Python alone; begin after end: of all addresses.
        status = uclib.uc_hook_add(
            uc._uch, ctypes.byref(ctypes.c_size_t()), unicorn.UC_HOOK_BLOCK, hook,
            ctypes.c_void_p(self._counter.ctypes.data), 1, 0,
        )  # fmt: skip
        if status != unicorn.UC_ERR_OK:
            raise unicorn.UcError(status)

    def start(self, address: int) -> None:
        """Count from 0. What runs first is at this address, which is no jump."""
        self._blocks["runs"] = 0
        self._counter["jumps"], self._counter["next"] = 0, address

    @property
    def jumps(self) -> int:
        """How many blocks were not the next in memory."""
        return int(self._counter["jumps"][0])

    @property
    def cost(self) -> int:
        """Of all blocks that ran. RuntimeError where there were too many different ones."""
        if not self._counter["left"][0]:
            raise RuntimeError("the code has too many blocks for their counter")
        runs = self._blocks["runs"]
        for slot in np.flatnonzero((runs > 0) & (self._costs == 0)):
            block = self._blocks[slot]
            self._costs[slot] = self._cost(int(block["address"]), int(block["size"]))
        return int(runs @ self._costs)
