"""Put files and a model on a board at its REPL; what is there already is left alone."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from xnornode.errors import LinkError
from xnornode.link.connect import Say, receiver
from xnornode.link.protocol import Session
from xnornode.link.push import Push
from xnornode.link.repl import Board

BLOCK = 4096
"""Bytes of a block of the board's filesystem: a file takes whole ones."""
SPARE = 4 * BLOCK
"""Bytes that must stay free: littlefs copies its folders' blocks when it changes them."""

Progress = Callable[[str, int, int], None]
"""Gets what is written, the bytes done, and the bytes in all."""


@dataclass
class Plan:
    """What a board is to have.

    Parameters
    ----------
    files : dict of str to bytes, optional
        Files by their path on the board.
    model : bytes or None, default None
        A valid `.bnn` file.
    obsolete : list of str, optional
        Paths on the board that go, once the files are there.
    key : bytes or None, default None
        Signs the model, for a board that has this key. 32 bytes.

    Examples
    --------
    >>> Plan({"/main.py": b"print(42)"}).model is None
    True
    """

    files: dict[str, bytes] = field(default_factory=dict)
    model: bytes | None = None
    obsolete: list[str] = field(default_factory=list)
    key: bytes | None = None


class Installer:
    """Installs a plan on a board.

    Parameters
    ----------
    board : Board
        The board, whose REPL has been entered.
    say : callable
        Gets one line of talk.
    progress : callable
        Gets what is written (a path, or "model"), the bytes done, and the bytes in all.
    """

    def __init__(self, board: Board, say: Say, progress: Progress) -> None:
        self.board, self._say, self._progress = board, say, progress

    def install(self, plan: Plan) -> Iterator[str]:
        """Install it. What is there already is not written again.

        Parameters
        ----------
        plan : Plan
            What the board is to have.

        Yields
        ------
        str
            A line of account for each part.

        Raises
        ------
        LinkError
            When the board is full, refuses, or cannot be reached. What was there stays.
        """
        there = self.board.hashes([*plan.files, *plan.obsolete])
        missing = {p: d for p, d in plan.files.items() if there[p] != hashlib.sha256(d).hexdigest()}
        self._check_space(missing)
        self._make_folders(missing)
        for path, data in missing.items():
            self._put(data, path)
        gone = [path for path in plan.obsolete if there[path]]
        self.board.run(f"import os\nfor _p in {gone}: os.remove(_p)")
        if plan.files:
            yield (
                f"files      {len(missing)} written, {len(plan.files) - len(missing)} were there "
                f"already, {sum(map(len, plan.files.values())):,} bytes in all"
            )
        if plan.model:
            yield self._push(plan.model, plan.key)

    def _push(self, data: bytes, key: bytes | None) -> str:
        """The model goes the way of every push (docs/reference/protocol.md), also the first one."""
        session = Session(self.board.port)
        with receiver(self.board, session):
            push = Push(data, key, say=self._say, progress=self._show_push)
            active = push.over(session)
        what = "installed, self-test passed on the board" if push.sent else "was there already"
        return (
            f"model      {active.name}, {len(data):,} bytes, SHA-256 {active.sha256[:12]}: "
            f"{what} (bnn {session.hello.bnn})"
        )

    def _show_push(self, done: int, total: int) -> None:
        self._progress("model", done, total)

    def _put(self, data: bytes, path: str) -> None:
        self._say(f"writing {path}, {len(data):,} bytes")
        self.board.put(data, path, lambda done, total: self._progress(path, done, total))

    def _check_space(self, files: dict[str, bytes]) -> None:
        need = sum(-(-len(d) // BLOCK) * BLOCK for d in files.values()) + SPARE
        size, free = json.loads(
            self.board.run("import os\ns = os.statvfs('/')\nprint([s[0] * s[2], s[0] * s[3]])")
        )
        if files and need > free:
            raise LinkError(
                f"the board is full: {need:,} bytes are needed, {free:,} of {size:,} are free; "
                "remove files (mpremote fs rm) or install fewer recordings"
            )

    def _make_folders(self, files: dict[str, bytes]) -> None:
        folders = {path[:at] for path in files for at, ch in enumerate(path) if ch == "/" and at}
        for folder in sorted(folders):
            self.board.run(
                f"import os\ntry: os.mkdir({folder!r})\n"
                "except OSError as e:\n if e.errno != 17: raise"  # 17 is EEXIST
            )
