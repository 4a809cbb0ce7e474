"""`push`, `list`, `rollback` and `doctor` over lines on which things go wrong, and what must hold.

After each, whatever happened: it took no longer than it may, and has said what became of it; the
node classifies, with the model from before or the one that the command was to bring, bit for bit.
"""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Thread
from types import FrameType
from unittest import mock

import serial

from tests.lab.bridge import Bridge
from tests.lab.commandplans import CommandPlan
from tests.lab.faultlab import PATIENCE, Lab, UnixLab
from tests.lab.faulty_port import ClassifyingBoard, FaultyPort
from tests.lab.simulated import SimulatedNode
from tests.lab.talkers import Clock
from xnornode.cli.main import main
from xnornode.link import connect, ports, repl
from xnornode.link.messages import Models
from xnornode.link.parsing import expect
from xnornode.link.protocol import Session
from xnornode.link.timing import Timing

LONGEST = 60.0
"""Seconds that a command may take, however the line behaves."""
WATCH = 30.0
"""Seconds after those in which a command is ended."""


class Endless(BaseException):
    """A command does not end."""


@dataclass(frozen=True)
class Run:
    """What became of a command. fired: whether the plan's faults have happened, or some of them."""

    plan: CommandPlan
    seconds: float
    status: int
    said: str
    fired: bool

    @property
    def message(self) -> str:
        """The last line of what it said."""
        return (self.said.strip().splitlines() or [""])[-1]

    def check(self, longest: float = LONGEST) -> None:
        """It ended in time, and not without a word."""
        assert self.seconds < longest, f"{self.seconds:.1f} s"
        assert self.status in (0, 1), f"exit status {self.status}: {self.said}"
        assert "Traceback (most recent call last)" not in self.said, self.said
        assert self.message, "it says nothing"

    def __str__(self) -> str:
        return f"{self.plan}: {self.status} after {self.seconds:.1f} s: {self.message}"


def arguments(command: str, model: Path, url: str) -> list[str]:
    """The words of a command."""
    return [command, *([str(model)] if command == "push" else []), "--port", url]


@contextmanager
def _watched() -> Iterator[None]:
    """Raise Endless in this thread where a command goes on for much too long."""

    def end(number: int, frame: FrameType | None) -> None:
        raise Endless

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, LONGEST + WATCH)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def in_process(words: list[str]) -> tuple[int, str]:
    """A command's exit status, and what it wrote."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main(words)
    return status, said.getvalue()


def as_process(words: list[str]) -> tuple[int, str]:
    """The same of a command that is a process of its own. Raises TimeoutExpired."""
    done = subprocess.run(
        [sys.executable, "-m", "xnornode", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST + WATCH,
    )
    return done.returncode, done.stdout


class CommandLab:
    """Commands to the node of a Lab, in real time.

    folder: for the models that are pushed. longest: seconds that a command may take.
    """

    def __init__(self, lab: Lab, folder: Path, longest: float = LONGEST) -> None:
        self.lab, self._model, self._longest = lab, folder / "pushed.bnn", longest
        self.previous: bytes | None = None
        self._look()

    def run(self, plan: CommandPlan) -> Run:
        """Carry a plan out and check what must hold. Raises AssertionError, Endless."""
        lab, new = self.lab, self.lab.other
        before, previous = lab.active, self.previous
        self._model.write_bytes(new)
        command = as_process if plan.process else in_process
        second: Future[tuple[int, str]] = Future()
        with (
            Bridge(
                lab.node.end,
                plan.faults,
                plan.noise,
                plan.number,
                shared=bool(plan.other),
                pty=plan.pty and not plan.other,
                restart=lab.node.restart,
                interloper=plan.interloper,
            ) as line,
            _watched(),
        ):
            start = time.monotonic()
            if plan.other:
                words = arguments(plan.other, self._model, line.url)
                thread = Thread(target=lambda: second.set_result(as_process(words)), daemon=True)
                thread.start()
            status, said = command(arguments(plan.command, self._model, line.url))
            seconds = time.monotonic() - start
            if plan.other:
                again = second.result(LONGEST + WATCH)
                seconds = max(seconds, time.monotonic() - start)
                Run(plan, seconds, *again, True).check(self._longest)
        fired = bool(line.fired or plan.noise or plan.other) or not plan.faults
        run = Run(plan, seconds, status, said, fired)
        run.check(self._longest)
        self._look()
        both = {plan.command, plan.other}
        allowed = {before, *([new] if "push" in both else [])}
        allowed |= {previous} if "rollback" in both and previous else set()
        assert lab.active in allowed, "another model than before, and than it was to be"
        if status == 0 and not plan.other:
            wanted = {"push": new, "rollback": previous}.get(plan.command, before)
            assert lab.active == wanted, f"it says that it has succeeded: {said}"
            assert plan.command != "list" or sha256(before).hexdigest()[:12] in said, said
        return run

    def revive(self) -> None:
        """Start the node again, whatever has become of it."""
        self.lab.node.restart()
        self._look()

    def _look(self) -> None:
        """Whether the node classifies, and which model it would go back to."""
        lab = self.lab
        lab.check()
        with (
            Bridge(lab.node.end, pty=True) as line,
            closing(serial.serial_for_url(line.url)) as port,
        ):
            session = Session(port, Timing(hello=PATIENCE))
            assert session.greet(PATIENCE), "the node does not answer"
            previous = expect(Models, session.request("list")).previous
        self.previous = lab.file(previous.sha256) if previous else None


@contextmanager
def unix_commands(folder: Path, longest: float = LONGEST) -> Iterator[CommandLab]:
    """A node on this computer, which has two models."""
    with UnixLab(folder, board=True) as lab:
        lab.push([])
        yield CommandLab(lab, folder, longest)


def simulated(folder: Path, files: list[bytes], plan: CommandPlan) -> Run:
    """Carry a plan out in a time of its own, and check what must hold.

    folder: the node's, with two models in its store; it is as the plan before has left it. files:
    models that can be pushed; one that is not active is.
    """
    clock = Clock()
    board = ClassifyingBoard(SimulatedNode(folder))
    before, previous = _models(board.node)
    new = next(data for data in files if data != before)
    path = folder / "pushed.bnn"
    path.write_bytes(new)
    port = FaultyPort(board, clock, plan.faults, plan.noise, plan.number, plan.interloper)
    with (
        mock.patch.object(time, "monotonic", clock.monotonic),
        mock.patch.object(time, "sleep", clock.sleep),
        mock.patch.object(connect, "open_port", lambda url: port.open()),
        mock.patch.object(ports, "open_port", lambda url: port.open()),
        mock.patch.object(repl, "open_port", lambda url: port.open()),
    ):
        start = clock.now
        status, said = in_process(arguments(plan.command, path, "talker"))
        seconds = clock.now - start
        port.settle()
    fired = bool(port.fired or plan.noise) or not plan.faults
    run = Run(plan, seconds, status, said, fired)
    run.check()
    assert board.state == "program", f"the node's program has ended: {board.state}"
    active, _ = _models(SimulatedNode(folder))
    allowed = {"push": [new], "rollback": [previous]}.get(plan.command, [])
    assert active in [before, *allowed], "another model than before, and than it was to be"
    if status == 0:
        assert active == [before, *allowed][-1], f"it says that it has succeeded: {said}"
    return run


def _models(node: SimulatedNode) -> tuple[bytes, bytes | None]:
    """The active model of a node, and the one before."""
    active, previous = node.store.active(), node.store.previous()
    return Path(active.path).read_bytes(), previous and Path(previous.path).read_bytes()
