"""A command's talk for another program: with XNORNODE_TALK=json, a JSON object a line on stderr.

docs/reference/talk.md says what each kind holds. Nothing here needs more than `sys` and `json`, so
that a command that does not get far still says so.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

VARIABLE = "XNORNODE_TALK"
KINDS = ("say", "node", "progress", "epoch", "candidate", "table", "error", "exit")
"""All there are; a line has one of them."""
EACH = 0.1
"""Seconds from one line of progress to the next."""
MOST = 1 << 16
"""Letters of a line of plain text; what is longer is cut there."""


def is_json() -> bool:
    """Whether a program reads what this command says."""
    return os.environ.get(VARIABLE) == "json"


def tell(kind: str, content: Any, stream: TextIO | Lines | None = None) -> None:
    """Write one line. What cannot be written is dropped: work does not end for want of a reader.

    kind: one of KINDS. stream: default stderr.
    """
    stream = stream or sys.stderr
    below = stream
    if isinstance(stream, Lines):
        stream.flush()
        below = stream.below
    if below is None:
        return
    try:
        below.write(json.dumps({kind: _plain(content)}) + "\n")
        below.flush()
    except (OSError, ValueError):  # a full disk, a reader that went away, a file that is closed
        pass


def _plain(content: Any) -> Any:
    """`content` as JSON can say it; a number that is none, such as a loss of NaN, is null."""
    if isinstance(content, dict):
        return {str(name): _plain(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_plain(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return None
    return content


class Lines(io.TextIOBase):
    """Stands for stderr: what a library prints there becomes `say`, line by line.

    Parameters
    ----------
    below : TextIO, optional
        The stderr that gets the JSON; None if it is closed.
    """

    def __init__(self, below: TextIO | None) -> None:
        self.below = below
        self._held = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Whatever is written is escaped."""
        return "utf-8"

    def fileno(self) -> int:
        """Of the stderr below. Raises OSError without one."""
        if self.below is None:
            raise OSError("stderr is closed")
        return self.below.fileno()

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Take text; each whole line is written at once."""
        *lines, left = (self._held + text).split("\n")
        self._held = ""
        for line in lines:
            self._say(line)
        self._held = left
        if len(self._held) > MOST:
            self.flush()
        return len(text)

    def flush(self) -> None:
        """Write what is left without a line's end."""
        held, self._held = self._held, ""
        if held:
            self._say(held)

    def _say(self, line: str) -> None:
        line = line.rpartition("\r")[2].rstrip().removeprefix("xnornode: ")
        if line:
            tell("say", line[:MOST], self)


class Session:
    """A `with` block around a command: within it stderr is JSON if that is asked for.

    `status` is what its last line says; set it before the block ends. An exception that leaves the
    block, which is a fault of ours, is told as an error.
    """

    def __init__(self) -> None:
        self.status = 1
        self._lines: Lines | None = None
        self._before: TextIO | None = None

    def __enter__(self) -> Session:
        if is_json():
            self._before = sys.stderr
            self._lines = Lines(sys.stderr)
            sys.stderr = self._lines
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        if not self._lines:
            return False
        self._lines.flush()
        if isinstance(error, SystemExit):
            self.status = _status_of(error)
        elif error is not None:
            import traceback

            told = "".join(traceback.format_exception(kind, error, trace))
            tell("error", f"this is a fault of xnornode, please report it:\n{told}"[-MOST:])
        tell("exit", self.status, self._lines)
        sys.stderr = self._before
        return error is not None and not isinstance(error, SystemExit)


def _status_of(error: SystemExit) -> int:
    """What Python makes of it."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1
