"""Processes of jobs: begun so that they outlive the studio, and found again by another one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import xnornode

WINDOWS = sys.platform == "win32"
ASKING = 5.0
"""Seconds that `ps` gets."""
PROC = Path("/proc")
BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Differs after each start of the system."""
PACKAGE = Path(xnornode.__file__).parent.parent


def start(
    argv: list[str], job: str, folder: Path, talk: Path, stdout: Path
) -> subprocess.Popen[bytes]:
    """Run `xnornode` with these arguments in `folder`, in a session of its own. Raises OSError."""
    # A file such as random.py in the user's folder must not stand in for Python's own.
    safe = [] if Path.cwd() == PACKAGE else ["-P"]
    own = {"XNORNODE_TALK": "json", "XNORNODE_JOB": job, "PYTHONIOENCODING": "utf-8"}
    with talk.open("ab") as errors, stdout.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, *safe, "-m", "xnornode", *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            cwd=folder,
            env=os.environ | own,
            start_new_session=not WINDOWS,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )


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
    with suppress(OSError):  # it has just ended
        getattr(os, "killpg", os.kill)(pid, number)
