"""What a training would try, asked of the command itself in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

from xnornode.errors import XnorNodeError
from xnornode.studio.jobs_process import command
from xnornode.studio.jobs_talk import parse

SECONDS = 300.0
"""That the command gets to read the data."""
MOST = 8 << 20
"""Bytes of its answer."""
KEPT = 8
"""Answers that are kept."""


class Superseded(XnorNodeError):
    """A newer question has taken its place."""


class Planner:
    """Asks one question at a time; a newer one ends the one before it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._turn = 0
        self._kept: OrderedDict[tuple[str, ...], dict[str, Any]] = OrderedDict()

    async def ask(self, argv: list[str], digest: str) -> dict[str, Any]:
        """What `xnornode train --dry-run --json` says.

        Parameters
        ----------
        argv : list of str
            The arguments of `xnornode`.
        digest : str
            Changes when the data do; the same question has the same answer.

        Raises
        ------
        Superseded
            Something else has been asked meanwhile.
        XnorNodeError
            The training would fail, in the command's words.
        """
        key = (digest, *argv)
        self._turn += 1
        turn = self._turn
        self.end()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        process = await asyncio.create_subprocess_exec(
            *command(argv, Path.cwd()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"XNORNODE_TALK": "json"},
            start_new_session=os.name == "posix",
        )
        if turn != self._turn:
            _kill(process)
        else:
            self._process = process
        try:
            out, talk = await asyncio.wait_for(_both(process), SECONDS)
        except TimeoutError:
            raise XnorNodeError(f"the data were not read within {SECONDS:.0f} s") from None
        finally:
            _kill(process)
            if self._process is process:
                self._process = None
        if turn != self._turn:
            raise Superseded("something else was asked meanwhile")
        try:
            content = json.loads(out)
        except ValueError:
            content = None
        if await process.wait() or not isinstance(content, dict):
            raise XnorNodeError(_error(talk))
        self._kept[key] = content
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return content

    def end(self) -> None:
        """Ask no longer."""
        if self._process:
            _kill(self._process)
        self._process = None


async def _both(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    """What a process writes, as far as it is looked at."""
    assert process.stdout and process.stderr
    out, talk = await asyncio.gather(_some(process.stdout), _some(process.stderr))
    return out, talk


async def _some(stream: asyncio.StreamReader) -> bytes:
    found = bytearray()
    while len(found) < MOST and (block := await stream.read(1 << 16)):
        found += block
    return bytes(found)


def _error(talk: bytes) -> str:
    """The command's own message."""
    lines = [parse(line) for line in talk.splitlines()]
    errors = [line["error"] for line in lines if "error" in line]
    said = [line["say"] for line in lines if "say" in line]
    return str((errors or said or ["the command ended without a word"])[-1])


def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(OSError):  # it has ended
        if process.returncode is None:
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
