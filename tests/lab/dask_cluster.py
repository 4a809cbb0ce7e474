"""A real Dask scheduler and its workers, as processes of a test."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

START = 60.0
"""Seconds that a scheduler may take to begin."""
DASK = (sys.executable, "-m", "dask")
OTHER_NUMPY = """
import distributed.versions, numpy
numpy.__version__ = "99.0"
def version(name, real=distributed.versions._version_cached):
    return "99.0" if name == "numpy" else real(name)
distributed.versions._version_cached = version
"""
"""What a worker is told so that it takes its NumPy for another one."""


class DaskCluster:
    """A scheduler on this computer. A context: all its processes end with it.

    folder: for its files. failures: how often a task's workers may die before it is given up.
    """

    def __init__(self, folder: Path, failures: int = 3) -> None:
        self._folder, self._failures = folder, failures
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        file = self._folder / "scheduler.json"
        file.unlink(missing_ok=True)
        words = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler = self._begin(*words, "--no-jupyter", "--scheduler-file", str(file))
        end = time.monotonic() + START
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < end and self.scheduler.poll() is None, "no scheduler"
            time.sleep(0.02)
        self.address: str = json.loads(file.read_text())["address"]
        return self

    def add_worker(self, preload: str = "") -> subprocess.Popen[bytes]:
        """Begin a worker with one thread. preload: Python that it carries out first."""
        words = ["worker", self.address, "--no-nanny", "--nthreads", "1", "--no-dashboard"]
        if preload:
            file = self._folder / "preload.py"
            file.write_text(preload)
            words += ["--preload", str(file)]
        self.workers.append(self._begin(*words, "--local-directory", str(self._folder)))
        return self.workers[-1]

    def _begin(self, *words: str) -> subprocess.Popen[bytes]:
        failures = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(self._failures)}
        with (self._folder / "dask.log").open("ab") as log:
            return subprocess.Popen(
                [*DASK, *words], env=os.environ | failures, stdout=log, stderr=log
            )

    def __exit__(self, *_: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()
