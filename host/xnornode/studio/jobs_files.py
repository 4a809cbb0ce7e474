"""A job, its file, and what it needs to go on after it was stopped."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from xnornode._files import open_to_read, read_most, write_whole
from xnornode.errors import XnorNodeError
from xnornode.model_search.journal import journal_file
from xnornode.training.checkpoint import checkpoint_file, choice_file, left_files

RUNNING, DONE, FAILED, STOPPED, LOST = "running", "done", "failed", "stopped", "lost"
STATES = (RUNNING, DONE, FAILED, STOPPED, LOST)
FILE = "job.json"
LONGEST = 1 << 20
"""Bytes of a job's file at most."""
AGAIN = (FAILED, STOPPED, LOST)
"""States that a job can go on from."""


@dataclass(frozen=True)
class Job:
    """A command that runs, or ran, for the studio.

    Parameters
    ----------
    id : str
        Its name in the studio, and that of its folder.
    kind : str
        What it is for, such as "train".
    title : str
        What a person calls it.
    argv : list of str
        The arguments of `xnornode`.
    cwd : str
        The folder in which it runs.
    about : dict
        What the part that began it keeps with it.
    exclusive : str, optional
        No two jobs with the same key run at once.
    state : str
        "running", "done", "failed", "stopped" (by the user) or "lost" (killed).
    started, ended : float
        Seconds since 1970; `ended` is None while it runs.
    exit : int, optional
        The exit status.
    error : str, optional
        Why it failed.
    progress : dict, optional
        The last line of progress: `done`, `total` (or None), `text`.
    lines : int
        Lines that it has said, without those of progress. While it runs it is not kept up to date.
    stopping : bool
        Whether the user wants it to stop.
    went_on, resumes : str, optional
        The job that goes on with it, and the one that it goes on with.
    pid : int
        The process's number; 0 until it is known.
    identity : str
        When the process was begun.
    """

    id: str
    kind: str
    title: str
    argv: list[str]
    cwd: str
    about: dict[str, Any] = field(default_factory=dict)
    exclusive: str | None = None
    state: str = RUNNING
    started: float = 0.0
    ended: float | None = None
    exit: int | None = None
    error: str | None = None
    progress: dict[str, Any] | None = None
    lines: int = 0
    stopping: bool = False
    went_on: str | None = None
    resumes: str | None = None
    pid: int = 0
    identity: str = ""

    @property
    def command(self) -> str:
        """The command as a person types it."""
        return shlex.join(["xnornode", *self.argv])

    @property
    def running(self) -> bool:
        """Whether its process lives, as far as is known."""
        return self.state == RUNNING

    def public(self) -> dict[str, Any]:
        """What pages get to know."""
        shown = asdict(self)
        for name in ("pid", "identity"):
            del shown[name]
        return shown | {"command": self.command, "resumable": not why_not(self)}


def save(folder: Path, job: Job) -> None:
    """Write the job's file whole. Raises OSError."""
    write_whole(folder / FILE, json.dumps(asdict(job), allow_nan=False).encode())


def load(folder: Path) -> Job | None:
    """The job of a folder; None for a folder that holds none, or a damaged one."""
    try:
        with open_to_read(folder / FILE) as file:
            content = json.loads(read_most(file, LONGEST))
        job = Job(**content)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return job if job.id == folder.name and _is_sound(job) else None


KINDS: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "str | None": (str, type(None)),
    "list[str]": (list,),
    "dict[str, Any]": (dict,),
    "dict[str, Any] | None": (dict, type(None)),
    "float": (float, int),
    "float | None": (float, int, type(None)),
    "int": (int,),
    "int | None": (int, type(None)),
    "bool": (bool,),
}


def _is_sound(job: Job) -> bool:
    """Whether each field is what its annotation says."""
    right = all(type(getattr(job, f.name)) in KINDS[str(f.type)] for f in fields(job))
    return right and job.state in STATES and all(type(text) is str for text in job.argv)


def resumed(job: Job) -> list[str]:
    """The arguments with which the job goes on. Raises XnorNodeError if it cannot."""
    if why := why_not(job):
        raise XnorNodeError(why)
    argv = [text for text in job.argv if text not in ("--restart", "--resume")]
    return [*argv, "--resume"]


def why_not(job: Job) -> str:
    """Why a job cannot go on; "" if it can."""
    if job.running:
        return f"{job.title} runs: stop it first"
    if job.went_on:
        return f"{job.title} has been gone on with already"
    if job.state not in AGAIN:
        return f"{job.title} is done: start another one"
    command = job.argv[0] if job.argv else ""
    if command not in ("train", "search"):
        return f"xnornode {command} cannot go on where it was: start it again"
    if not any(path.exists() for path in _left(job, command)):
        return f"{job.title} has left nothing to go on from: start it again"
    return ""


def _left(job: Job, command: str) -> Sequence[Path]:
    """The files from which a command goes on."""
    output, named = _option(job, "--output", "-o"), _option(job, "--checkpoint")
    if command == "search":
        return [journal_file(output)] if output else []
    kept = named or (checkpoint_file(output) if output else None)
    return [*left_files(kept), choice_file(kept)] if kept else []


def _option(job: Job, *names: str) -> Path | None:
    """The file that an option names; None without it."""
    for at, text in enumerate(job.argv):
        name, equals, value = text.partition("=")
        if text in names and at + 1 < len(job.argv):
            return Path(job.cwd, job.argv[at + 1])
        if equals and name in names:
            return Path(job.cwd, value)
    return None
