"""Training on several cores: a process for each, with a share of every batch.

Every process has the whole network. It takes its share of the batch forward and back, then updates
its share of the parameters by the sum of all gradients. The numbers lie in shared memory, and all
meet twice a step. Batch norm sees a process's share alone: "ghost batch norm" (Hoffer, Hubara,
Soudry, "Train longer, generalize better", NIPS 2017).
"""

import contextlib
import mmap
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"
"""Windows has no fork, and macOS' own libraries do not survive it."""

# Waking a process that sleeps takes as long as a step of a small network: look this often first.
LOOKS = 5000
NAP = 0.0005  # seconds between looks after that


class Workers:
    """This process, of rank 0, and count - 1 others, which `start` makes.

    Where the system cannot fork, or for count 1, it is this process alone. A context: the others
    end with it.

    Parameters
    ----------
    count : int, default 1
        Processes in all.
    """

    def __init__(self, count: int = 1) -> None:
        self.count = count if CAN_FORK else 1
        self.rank = 0
        self._parent = os.getpid()
        self._others: list[int] = []
        self._turn = 0
        self._arrived = self.share(np.zeros(self.count, np.int64))
        # Taking and leaving a lock makes what was written before visible to others after.
        # A process alone needs none: a semaphore would outlive one that is killed.
        self._fence: Any = multiprocessing.Lock() if self.count > 1 else contextlib.nullcontext()

    def share(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A copy of `array` that all processes see; `array` itself for one alone."""
        if self.count == 1:
            return array
        memory = mmap.mmap(-1, max(1, array.nbytes))
        shared = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
        shared[...] = array
        return shared

    def start(self, work: Callable[[], None]) -> None:
        """Make the other processes; each has its rank and ends when `work` returns."""
        for rank in range(1, self.count):
            other = os.fork()
            if other:
                self._others.append(other)
                continue
            status = 1
            try:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends what Ctrl-C ends
                self.rank = rank
                work()
                status = 0
            finally:
                os._exit(status)

    def part(self, whole: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """This process's share of `whole`."""
        return np.array_split(whole, self.count)[self.rank]

    def meet(self) -> None:
        """Wait until all have come here as often. Raises DataError when another has ended."""
        if self.count == 1:
            return
        self._turn += 1
        with self._fence:
            self._arrived[self.rank] = self._turn
        looks = 0
        while self._arrived.min() < self._turn:
            looks += 1
            if looks > LOOKS:
                self._look_after_others()
                time.sleep(NAP)
        with self._fence:
            pass

    def _look_after_others(self) -> None:
        if self.rank:
            if os.getppid() != self._parent:
                os._exit(1)
            return
        for other in self._others:
            if os.waitpid(other, os.WNOHANG)[0] and self._arrived.min() < self._turn:
                self._others.remove(other)
                raise DataError("a process of the training has ended: is there memory enough?")

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        for other in self._others:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(other, signal.SIGKILL)
                os.waitpid(other, 0)
        self._others.clear()
