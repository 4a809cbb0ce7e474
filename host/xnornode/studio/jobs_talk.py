"""What a job says: lines of JSON from a file that grows, read in bounded steps, never trusted."""

from __future__ import annotations

import json
import math
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from xnornode._files import naming

LONGEST = 1 << 18
"""Bytes of a line; a longer one is left out, and its place says so."""
STEP = 1 << 18
"""Bytes that are read before others have their turn."""
LINES = 2000
"""Lines that are kept in memory, and that one answer has, at most."""
BYTES = 4 << 20
"""Of the lines that are kept in memory, and of those of one answer."""
LARGE = 1 << 20
"""Bytes of a file that is made smaller at the end."""
TEXT = 4096
"""Letters that are shown of a line that is no JSON of ours."""
PROGRESS = b'{"progress":'
TYPES: dict[str, type] = {
    "say": str,
    "node": str,
    "error": str,
    "progress": dict,
    "epoch": dict,
    "candidate": dict,
    "table": dict,
    "exit": int,
}
"""The kinds of docs/reference/talk.md, and what each holds."""


class Reader:
    """Gives the whole lines of a file that another process writes.

    offset: the byte up to which it has been read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.offset = 0
        self._skipped = 0  # bytes of a line that is too long

    def read(self, last: bool = False) -> list[bytes]:
        """The next lines; none when all is read. Raises OSError.

        last: nobody writes any more, so that half a line is a line, too.
        """
        found: list[bytes] = []
        with naming(self._path), self._path.open("rb") as file:
            file.seek(self.offset)
            until = self.offset + STEP
            while self.offset < until and (line := file.readline(LONGEST)):
                whole = line.endswith(b"\n")
                if not (whole or len(line) == LONGEST or last):
                    break  # the rest of it is on its way
                self.offset += len(line)
                if self._skipped or not whole:
                    self._skipped += len(line)
                    if whole or len(line) < LONGEST:
                        found.append(line if self._skipped == len(line) else self._left_out())
                        self._skipped = 0
                else:
                    found.append(line)
        return found

    def _left_out(self) -> bytes:
        return json.dumps({"say": f"(a line of {self._skipped:,} bytes is left out)"}).encode()


class Talk:
    """What a job has said so far.

    Each line but those of progress has a number `n`, from 1, which stays the same in all studios.

    Parameters
    ----------
    path : Path
        The file.

    Attributes
    ----------
    count : int
        Lines so far, without those of progress.
    more : bool
        Whether the last `read` came across anything.
    progress, exit, error, said : dict, int, str, str, or None
        The last of each kind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = Reader(path)
        self._kept: deque[tuple[int, dict[str, Any]]] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self.count = 0
        self.more = True
        self.progress: dict[str, Any] | None = None
        self.exit: int | None = None
        self.error: str | None = None
        self.said: str | None = None

    def read(self, last: bool = False) -> list[dict[str, Any]]:
        """The next lines, of progress the last one alone; none when all is read."""
        found: list[dict[str, Any]] = []
        progress: dict[str, Any] | None = None
        before = self._reader.offset
        try:
            raw = self._reader.read(last)
        except OSError:  # it is not there, or not any more
            raw = []
        self.more = self._reader.offset != before
        for line in raw:
            content = parse(line)
            if "progress" in content and line.startswith(PROGRESS):
                progress = content
                continue
            content = {"n": self.count + 1, **content}
            found.append(content)
            with self._lock:
                self._keep(len(line), content)
        if progress:
            self.progress = progress["progress"]
            found.append(progress)
        return found

    def _keep(self, size: int, content: dict[str, Any]) -> None:
        self.count += 1
        self.exit = content.get("exit", self.exit)
        self.error = content.get("error", self.error)
        self.said = content.get("say", self.said)
        self._kept.append((size, content))
        self._bytes += size
        while len(self._kept) > LINES or self._bytes > BYTES:
            self._bytes -= self._kept.popleft()[0]

    def since(self, after: int) -> list[dict[str, Any]]:
        """The lines behind number `after`, the oldest first, no more than one answer may have."""
        with self._lock:
            kept, count = list(self._kept), self.count
        if after >= count - len(kept):
            return [content for _, content in kept if content["n"] > after]
        return lines_of(self._path, after, count)


def lines_of(path: Path, after: int, count: int) -> list[dict[str, Any]]:
    """The lines of a file from number `after` + 1 up to `count`, no more than one answer may have.

    They are numbered as in `Talk`.
    """
    reader, found = Reader(path), list[dict[str, Any]]()
    number = size = 0
    while True:
        try:
            before, raw = reader.offset, reader.read(last=True)
        except OSError:
            return found
        if reader.offset == before:
            return found
        for line in raw:
            is_progress = line.startswith(PROGRESS) and "progress" in parse(line)
            number += not is_progress
            if is_progress or number <= after:
                continue
            size += len(line)
            if len(found) == LINES or number > count or (found and size > BYTES):
                return found
            found.append({"n": number, **parse(line)})


def compact(path: Path) -> None:
    """Leave out the progress that a job has told, once it has ended and its file is large."""
    part = path.with_name(path.name + ".part")
    with suppress(OSError):  # such as a full disk: the file stays as it is
        if path.stat().st_size > LARGE:
            reader = Reader(path)
            with part.open("wb") as file:
                before = -1
                while reader.offset != before:
                    before = reader.offset
                    for line in reader.read(last=True):
                        if not line.startswith(PROGRESS):
                            file.write(line.rstrip(b"\n") + b"\n")
            part.replace(path)
    with suppress(OSError):
        part.unlink(missing_ok=True)


def parse(line: bytes) -> dict[str, Any]:
    """A line as an object of one kind; what is none, such as a library's print, is said.

    Examples
    --------
    >>> parse(b'{"exit": 0}'), parse(b'Segmentation fault')
    ({'exit': 0}, {'say': 'Segmentation fault'})
    """
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    try:
        content = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict) and len(content) == 1:
        [(kind, value)] = content.items()
        right = type(value) is TYPES.get(kind)
        if right and (kind != "progress" or _is_progress(value)):
            return content
    return {"say": text[:TEXT]}


def _finite(text: str) -> float | None:
    """A number as JSON can say it again: 1e999 is infinite."""
    value = float(text)
    return value if math.isfinite(value) else None


def _is_progress(value: dict[str, Any]) -> bool:
    numbers = [value.get("done"), value.get("total")]
    return isinstance(value.get("text"), str) and all(
        type(x) in (int, float) or (x is None and i) for i, x in enumerate(numbers)
    )
