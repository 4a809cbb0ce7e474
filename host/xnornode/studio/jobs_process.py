"""Processes of jobs: begun so that they outlive the studio, and found again by another one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import xnornode
from xnornode._files import open_to_read, read_most, write_whole
from xnornode.errors import XnorNodeError

WINDOWS = sys.platform == "win32"
ASKING = 5.0
"""Seconds that `ps` gets."""
PROC = Path("/proc")
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Differs after each start of the system."""
PROCESS = "process.json"
"""In a job's folder: its process, as the process itself says."""
PLACE = "XNORNODE_JOB_FOLDER"
"""Environment variable that tells the process that folder."""
LONGEST = 4096
"""Bytes of that file."""
PACKAGE = Path(xnornode.__file__).parent.parent


def start(
    argv: list[str], job: str, folder: Path, talk: Path, stdout: Path
) -> subprocess.Popen[bytes]:
    """Run `xnornode` with these arguments in `folder`, in a session of its own.

    Its process writes its number beside `talk`, so that it is known whatever becomes of us. Raises
    OSError, and XnorNodeError for arguments that no process can have.
    """
    own = {
        "XNORNODE_TALK": "json",
        "XNORNODE_JOB": job,
        PLACE: str(talk.parent.absolute()),
        "PYTHONIOENCODING": "utf-8",
    }
    line = command(argv, folder)
    with talk.open("ab") as errors, stdout.open("ab") as out:
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            cwd=folder,
            env=os.environ | own,
            start_new_session=not WINDOWS,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )


def command(argv: list[str], folder: Path) -> list[str]:
    """The command line that runs `xnornode` with these arguments in `folder`.

    Raises XnorNodeError for arguments that no process can have.
    """
    for text in argv:
        try:
            bad = b"\0" in os.fsencode(text)
        except UnicodeEncodeError:  # half a pair of UTF-16
            bad = True
        if bad:
            raise XnorNodeError(f"{text[:80]!r} holds what no command can be given: name it anew")
    # A file such as random.py in the user's folder must not stand in for Python's own.
    safe = [] if folder.absolute() == PACKAGE else ["-P"]
    return [sys.executable, *safe, "-m", "xnornode", *argv]


def register() -> bool:
    """Write which process this is into the folder of its job, if it is a job's.

    Returns
    -------
    bool
        Whether it may go on: not where a studio has given it up meanwhile.
    """
    if not (place := os.environ.pop(PLACE, "")):  # what it starts itself is not the job
        return True
    folder, pid = Path(place), os.getpid()
    try:
        write_whole(folder / PROCESS, json.dumps([pid, identity(pid)]).encode())
        return bool(json.loads((folder / "job.json").read_bytes())["state"] == "running")
    except (OSError, ValueError, KeyError, TypeError):  # a full disk: who began it knows it
        return True


def registered(folder: Path) -> tuple[int, str] | None:
    """The number and the identity of a job's process, once it has written them."""
    try:
        with open_to_read(folder / PROCESS) as file:
            pid, known = json.loads(read_most(file, LONGEST))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return (pid, known) if type(pid) is int and pid > 0 and isinstance(known, str) else None


def identity(pid: int) -> str:
    """When a living process was begun, so that another one with its number is told from it.

    Parameters
    ----------
    pid : int
        Its number.

    Returns
    -------
    str
        The same for the same process, whoever asks; "" if there is none that lives.

    Examples
    --------
    >>> identity(os.getpid()) == identity(os.getpid()) != ""
    True
    """
    if pid <= 0:
        return ""
    if WINDOWS:
        return _of_windows(pid)
    return _of_linux(pid) if BOOT.exists() else _of_ps(pid)


def _of_linux(pid: int) -> str:
    try:
        stat = (PROC / f"{pid}/stat").read_bytes()
        boot = BOOT.read_text("ascii").strip()
    except OSError:
        return ""
    state, *fields = stat.rpartition(b")")[2].split()  # a name may hold spaces and brackets
    return "" if state in (b"Z", b"X") else f"{boot} {int(fields[18])}"


def _of_ps(pid: int) -> str:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=ASKING,
            check=False,
            env=os.environ | {"LC_ALL": "C", "TZ": "UTC"},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, begun = done.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else " ".join(begun.split())


def _of_windows(pid: int) -> str:
    import ctypes

    kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009 (mypy looks at it on Linux)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(0x1000, False, pid))  # to be asked about itself
    if not handle:
        return ""
    try:
        status, times = ctypes.c_ulong(), [ctypes.c_ulonglong() for _ in range(4)]
        lives = kernel.GetExitCodeProcess(handle, ctypes.byref(status)) and status.value == 259
        known = kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
        return str(times[0].value) if lives and known else ""
    finally:
        kernel.CloseHandle(handle)


def interrupt(pid: int) -> None:
    """What Ctrl-C does to a process and those that it has forked."""
    _send(pid, getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


def kill(pid: int) -> None:
    """End a process and those that it has forked, at once."""
    _send(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _send(pid: int, number: int) -> None:
    if pid <= 0:  # it would be our own group
        return
    with suppress(OSError):  # it has just ended
        getattr(os, "killpg", os.kill)(pid, number)
