"""Writes to a node's port in a thread that lives only while there is something to write."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

MOST = 64
"""Jobs that may wait for a port."""


class Writer:
    """Carries out jobs one after another; a slow port holds up nobody else.

    Parameters
    ----------
    name : str
        Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._jobs: deque[Callable[[], object]] = deque()
        self._lock = threading.Lock()
        self._runs = False

    @property
    def full(self) -> bool:
        """Whether it takes no more jobs for now."""
        return len(self._jobs) >= MOST

    def put(self, job: Callable[[], object]) -> bool:
        """Have a job done, which raises nothing; False where too many wait."""
        with self._lock:
            if len(self._jobs) >= MOST:
                return False
            self._jobs.append(job)
            if self._runs:
                return True
            self._runs = True
        threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return True

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._jobs:
                    self._runs = False
                    return
                job = self._jobs.popleft()
            job()
