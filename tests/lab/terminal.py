"""A terminal of a given width, and what a command shows on it."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

FORCED = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def run_on_terminal(command: Sequence[str | Path], columns: int = 80) -> tuple[int, str, str]:
    """Run a command whose stdin and stderr are a terminal: exit status, stdout, what was shown."""
    main, other = pty.openpty()
    fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in FORCED} | {"TERM": "xterm"}
    with subprocess.Popen(
        [*map(str, command)], stdin=other, stdout=subprocess.PIPE, stderr=other, env=environment
    ) as running:
        os.close(other)
        shown = b""
        while part := _read(main):
            shown += part
        assert running.stdout
        out = running.stdout.read()
    os.close(main)
    return running.returncode, out.decode(), shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has it open any more
        return b""
