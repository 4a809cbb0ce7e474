"""A job with its process: looked at in steps, stopped, and found to have ended."""

from __future__ import annotations

import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from xnornode.studio import jobs_files, jobs_process
from xnornode.studio.jobs_files import DONE, FAILED, LOST, STOPPED, Job
from xnornode.studio.jobs_talk import Talk, compact, lines_of

TALK, STDOUT = "talk.jsonl", "stdout.txt"
ASKED = 1.0
"""Seconds from one question whether a process that another studio began lives to the next."""
BEGINNING = 10.0
"""Seconds after which a job whose process nobody knows has none."""
PATIENCE = 10.0
"""Seconds that a job gets to stop."""
PATIENT = ("search",)
"""Commands that a first stop has write the best so far, which takes as long as it takes."""
KILLED = "it was killed, as where memory is full, or the computer was switched off"


class Entry:
    """A job, and what this studio knows of it beside its file. The owner's lock guards it.

    Parameters
    ----------
    folder : Path
        Where its files are.
    job : Job
        What is known of it.
    process : subprocess.Popen, optional
        Its process, if this studio began it.
    """

    def __init__(
        self, folder: Path, job: Job, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        self.folder, self.job = folder, job
        self.talk = Talk(folder / TALK)
        self._process = process
        self._deadline: float | None = None
        self._asked, self._lived = 0.0, True
        if job.running and job.stopping:  # an earlier studio has asked it to
            self._set_deadline()

    def now(self) -> Job:
        """The job, with how far it is."""
        if not self.job.running:
            return self.job
        return replace(self.job, progress=self.talk.progress, lines=self.talk.count)

    def said(self, after: int) -> list[dict[str, Any]]:
        """What it has said behind line `after`, no more than one answer may have."""
        if self.job.running:
            return self.talk.since(after)
        return lines_of(self.folder / TALK, after, self.job.lines)

    def change(self, **fields: Any) -> None:
        """Change the job and its file."""
        self.job = replace(self.job, **fields)
        with suppress(OSError):  # a full disk: the next studio finds the end in what it said
            jobs_files.save(self.folder, self.job)

    def reload(self) -> None:
        """Learn what another studio has made of it."""
        if (known := jobs_files.load(self.folder)) and known.running <= self.job.running:
            stopping = self.job.stopping or known.stopping
            self.job = replace(known, stopping=stopping) if known.running else known

    def stop(self) -> None:
        """Have it stop, as Ctrl-C does; a second time, it gets no longer than PATIENCE."""
        again = self.job.stopping
        self.change(stopping=True)
        self._set_deadline(again)
        if self._lives(ask=True):
            jobs_process.interrupt(self.job.pid)

    def step(self) -> list[dict[str, Any]]:
        """What it has said since the last step. Sees to its end, and ends it where that is due."""
        lives = self._lives()
        said = self.talk.read(last=not lives)
        if not lives and not self.talk.more:
            self._end()
        elif lives and self._deadline is not None and time.monotonic() > self._deadline:
            self._deadline = None
            jobs_process.kill(self.job.pid)
        return said

    def _set_deadline(self, again: bool = False) -> None:
        if again or self.job.argv[:1] not in ([command] for command in PATIENT):
            self._deadline = time.monotonic() + PATIENCE

    def _lives(self, ask: bool = False) -> bool:
        """Whether its process lives. Of one that is no child of ours, the system is asked."""
        if self._process:
            return self._process.poll() is None
        now = time.monotonic()
        if self._lived and (ask or now - self._asked >= ASKED):
            self._asked = now
            self._lived = self._is_there()
        return self._lived

    def _is_there(self) -> bool:
        """Whether its process lives, or may yet say which one it is."""
        if not self.job.pid:  # who began it was killed before it could write that
            found = jobs_process.registered(self.folder)
            if not found:
                return abs(time.time() - self.job.started) < BEGINNING
            self.change(pid=found[0], identity=found[1])
            if self.job.stopping:
                jobs_process.interrupt(self.job.pid)
        known = self.job.identity
        return known != "" and jobs_process.identity(self.job.pid) == known

    def _end(self) -> None:
        """Its process is gone, and all that it said is read."""
        self.reload()
        if self.job.running:
            self._settle()
        compact(self.folder / TALK)
        self.talk = Talk(self.folder / TALK)  # what it held is in the file
        self._process = None

    def _settle(self) -> None:
        talk, error = self.talk, None
        status = talk.exit
        if status is None and self._process and self._process.returncode > 0:
            status = self._process.returncode  # it did not get so far as to say so
        if status == 0:
            state = DONE
        elif self.job.stopping:
            state = STOPPED
        elif status is None:
            state, error = LOST, KILLED
        else:
            state, error = FAILED, talk.error or talk.said or f"it ended with status {status}"
        self.change(
            state=state,
            exit=status,
            error=error,
            ended=time.time(),
            progress=talk.progress,
            lines=talk.count,
        )
