"""The studio's jobs in a test's own process, with a small table to train on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from xnornode.studio import jobs_files, jobs_process
from xnornode.studio.jobs import Jobs
from xnornode.studio.jobs_files import Job

TABLE = "a,b,label\n" + "".join(
    f"{a},{b},{'up' if a + b > 0 else 'down'}\n" for a in range(-8, 8) for b in range(-8, 8)
)
LONG = ("--quick", "--no-baselines", "--validation", "0.2", "--epochs", "100000")
"""Options of a training that takes long."""

Value = TypeVar("Value")


def until(true: Callable[[], Value], seconds: float = 120.0) -> Value:
    """What a function gives, once it gives anything."""
    end = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)
    return value


class JobsLab:
    """Jobs in a folder with a small table, and what they published."""

    def __init__(self, place: Path) -> None:
        self.place, self.folder = place, place / ".studio" / "jobs"
        self.told: list[tuple[str, dict[str, Any]]] = []
        (place / "t.csv").write_text(TABLE)
        self.jobs = self.open()

    def open(self) -> Jobs:
        self.jobs = Jobs(self.folder, lambda topic, message: self.told.append((topic, message)))
        return self.jobs

    def argv(self, *options: str, output: str = "m.bnn") -> list[str]:
        return ["train", str(self.place / "t.csv"), "-o", str(self.place / output), *options]

    def train(self, *options: str, output: str = "m.bnn", exclusive: str | None = None) -> Job:
        argv = self.argv(*options, output=output)
        return self.jobs.start("train", argv, "Training", exclusive=exclusive, cwd=str(self.place))

    def ended(self, id: str) -> Job:
        until(lambda: not self.jobs.get(id).running)
        return self.jobs.get(id)

    def epochs(self, id: str) -> list[int]:
        return [line["epoch"]["number"] for line in self.jobs.talk(id) if "epoch" in line]

    def end(self) -> None:
        """Kill what runs."""
        for job in self.jobs.list():
            if job.running and job.pid:
                jobs_process.kill(job.pid)
        self.jobs.close()

    def fake(self, said: bytes, process: subprocess.Popen[bytes] | None = None) -> Job:
        """A job of an earlier studio, that said this; with a process, it still runs."""
        number = len(list(self.folder.glob("*")))
        folder = self.folder / f"fake{number}"
        folder.mkdir(parents=True)
        pid = process.pid if process else 0
        identity = jobs_process.identity(pid)
        job = Job(folder.name, "train", "Fake", ["train"], "/", pid=pid, identity=identity)
        job = replace(job, started=float(number))
        jobs_files.save(folder, job)
        (folder / "talk.jsonl").write_bytes(said)
        self.jobs.close()
        self.open()
        return job
