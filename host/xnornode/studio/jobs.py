"""Commands that run for the studio: they outlive the page and the studio, and are found again."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from xnornode.errors import XnorNodeError
from xnornode.studio import jobs_files, jobs_process
from xnornode.studio.jobs_entry import STDOUT, TALK, Entry
from xnornode.studio.jobs_files import Job

KEPT = 50
"""Jobs that have ended and are kept."""
POLL = 0.1
"""Seconds from one look at what runs to the next."""
OUTPUT = 1 << 18
"""Bytes that are shown of what a job has printed: the last ones."""
Jobbed = list[Job]
Line = dict[str, Any]
Lines = list[Line]
Entries = list[Entry]


class Jobs:
    """The jobs of a studio. All methods may be called from any thread.

    Parameters
    ----------
    folder : Path
        Where they are kept, a folder each. It is made with the first job.
    publish : callable
        Is given a topic and a message: "jobs" when a state changes, "job" when one says something.

    Examples
    --------
    >>> jobs = Jobs(Path("recordings/.studio/jobs"), lambda topic, message: None)
    >>> job = jobs.start("train", ["train", "watch", "-o", "w.bnn"], "Training")  # doctest: +SKIP
    >>> jobs.list()
    []
    """

    def __init__(self, folder: Path, publish: Callable[[str, dict[str, Any]], None]) -> None:
        self._folder, self._publish = folder, publish
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._watch: threading.Thread | None = None
        self._entries: dict[str, Entry] = {}
        with self._lock:
            self._find()

    def start(
        self,
        kind: str,
        argv: Sequence[str],
        title: str,
        *,
        about: dict[str, Any] | None = None,
        exclusive: str | None = None,
        cwd: str | None = None,
    ) -> Job:
        """Run `xnornode` with these arguments, beside whatever else goes on.

        Parameters
        ----------
        kind : str
            What it is for.
        argv : list of str
            The arguments.
        title : str
            What a person calls it.
        about : dict, optional
            What JSON can hold, kept with the job.
        exclusive : str, optional
            A key such as "train", which one running job has at most.
        cwd : str, optional
            Where it runs. Default: where the studio does.

        Returns
        -------
        Job
            As it begins.

        Raises
        ------
        XnorNodeError
            A job with the same key runs.
        OSError
            Nothing can be written or begun.
        """
        with self._lock:
            self._find()
            for entry in self._running():
                if exclusive is not None and entry.job.exclusive == exclusive:
                    wait = "wait until it is done, or stop it"
                    raise XnorNodeError(f"{entry.job.title} runs: {wait}")
            now = time.time()
            stamp = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S")
            name = f"{stamp}-{os.urandom(3).hex()}"
            job = Job(name, kind, title, list(argv), cwd or os.getcwd(), dict(about or {}))
            job = replace(job, exclusive=exclusive, started=now)
            folder = self._folder / name
            folder.mkdir(parents=True)
            try:
                jobs_files.save(folder, job)
                place = (Path(job.cwd), folder / TALK, folder / STDOUT)
                process = jobs_process.start(job.argv, name, *place)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            entry = self._entries[name] = Entry(folder, job, process)
            entry.change(pid=process.pid, identity=jobs_process.identity(process.pid))
            self._prune()
            self._see_to_watch()
        self._tell()
        return entry.job

    def stop(self, id: str) -> None:
        """Stop a job as Ctrl-C does; one that does not stop in time is killed.

        Raises XnorNodeError if it does not run.
        """
        with self._lock:
            entry = self._entry(id)
            if not entry.job.running:
                raise XnorNodeError(f"{entry.job.title} does not run")
            entry.stop()
        self._tell()

    def resume(self, id: str) -> Job:
        """Begin a job that goes on where this one ended. Raises XnorNodeError if it cannot."""
        with self._lock:
            entry = self._entry(id)
            entry.reload()
            old = entry.job
            argv = jobs_files.resumed(old)
            new = self.start(
                old.kind,
                argv,
                old.title,
                about=old.about,
                exclusive=old.exclusive,
                cwd=old.cwd,
            )
            self._entries[new.id].change(resumes=id)
            if id in self._entries:
                entry.change(went_on=new.id)
        self._tell()
        return self.get(new.id)

    def remove(self, id: str) -> None:
        """Forget a job that has ended. Raises XnorNodeError if it runs."""
        with self._lock:
            entry = self._entry(id)
            if entry.job.running:
                raise XnorNodeError(f"{entry.job.title} runs: stop it first")
            with suppress(FileNotFoundError):  # another studio has removed it
                shutil.rmtree(self._folder / id)
            del self._entries[id]
            for entry in self._entries.values():
                if entry.job.went_on == id:
                    entry.change(went_on=None)
        self._tell()

    def list(self) -> Jobbed:
        """All jobs, the newest first."""
        with self._lock:
            self._find()
            jobs = [entry.now() for entry in self._entries.values()]
        return sorted(jobs, key=lambda job: job.started, reverse=True)

    def get(self, id: str) -> Job:
        """One job. Raises XnorNodeError if there is none of this name."""
        with self._lock:
            return self._entry(id).now()

    def talk(self, id: str, after: int = 0) -> Lines:
        """What a job has said behind line `after`, at most `jobs_talk.LINES` lines; ask again.

        Lines of progress are not in it: the last one is the job's `progress`.
        """
        with self._lock:
            entry = self._entry(id)
        return entry.said(after)

    def output(self, id: str) -> str:
        """The end of what a job has printed."""
        self.get(id)
        try:
            with (self._folder / id / STDOUT).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - OUTPUT))
                return file.read(OUTPUT).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    def close(self) -> None:
        """Look at the jobs no more. They go on."""
        self._closed.set()
        with self._lock:
            watch = self._watch
        if watch:
            watch.join()

    def _entry(self, id: str) -> Entry:
        if entry := self._entries.get(id):
            return entry
        raise XnorNodeError(f"there is no job {id[:40]!r}: it may have been removed")

    def _find(self) -> None:
        """Take in the jobs of earlier studios, and of another one that works on the same data.

        What another one has removed is forgotten.
        """
        there = (
            {path.name: path for path in self._folder.iterdir()} if self._folder.is_dir() else {}
        )
        for entry in [*self._entries.values()]:
            if entry.job.id not in there and not entry.job.running:
                del self._entries[entry.job.id]
        new = (path for name, path in there.items() if name not in self._entries)
        found = [job for job in map(jobs_files.load, new) if job]
        for job in sorted(found, key=lambda job: job.started):
            self._entries[job.id] = Entry(self._folder / job.id, job)
        self._see_to_watch()

    def _running(self) -> Entries:
        return [entry for entry in self._entries.values() if entry.job.running]

    def _tell(self) -> None:
        self._publish("jobs", {"jobs": [job.public() for job in self.list()]})

    def _prune(self) -> None:
        """Remove the oldest that have ended."""
        ended = [entry.job.id for entry in self._entries.values() if not entry.job.running]
        for id in ended[: max(0, len(ended) - KEPT)]:
            shutil.rmtree(self._folder / id, ignore_errors=True)
            del self._entries[id]

    def _see_to_watch(self) -> None:
        """Have a thread look at the jobs while any runs."""
        if not self._watch and self._running() and not self._closed.is_set():
            self._watch = threading.Thread(target=self._look, name="jobs", daemon=True)
            self._watch.start()

    def _look(self) -> None:
        pause = 0.0
        while not self._closed.wait(pause):
            with self._lock:
                running = self._running()
                if not running:
                    self._watch = None
                    return
            pause = POLL
            for entry in running:
                with self._lock:
                    said = entry.step()
                if said:
                    self._publish("job", {"id": entry.job.id, "talk": said})
                if entry.talk.more and entry.job.running:
                    pause = 0.0  # there may be more at once
                if not entry.job.running:
                    self._tell()
