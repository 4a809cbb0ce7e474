"""A node that classifies, pushes to it over a line on which things go wrong, and what must hold.

After each push, whatever happened: the node classifies, its active model is the old or the new one
bit for bit, and the push has succeeded or has said why.
"""

import functools
import hashlib
import os
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol, Self
from unittest import mock

import numpy as np
import serial

from tests.lab.bridge import Bridge
from tests.lab.faultplans import Plan
from tests.lab.faults import Fault
from tests.lab.livenode import CHANNELS, DEVICE, as_board, prepare, samples
from tests.lab.nets import random_model
from tests.lab.unixnode import UnixNode
from xnornode.errors import LinkError
from xnornode.link.messages import Prediction
from xnornode.link.protocol import Session
from xnornode.link.push import Pushed, push
from xnornode.link.timing import Timing
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

LENGTH = 16
PATIENCE = 10.0  # seconds for a prediction, and for a node that restarts

QUICK = Timing(
    hello=0.3, answer=0.6, ack=0.25, settle=0.05, tries=10, reconnect=30.0
)  # seconds; a node on this computer answers within some milliseconds


@functools.cache
def lab_models() -> tuple[Model, Model, Model]:
    """A small model, one chunk of a push, and two of several chunks; all of the same windows."""
    small = random_model(51, LENGTH, len(CHANNELS), 2, (24, 3))
    large = random_model(52, LENGTH, len(CHANNELS), 2, (700, 40, 4))
    middle = random_model(53, LENGTH, len(CHANNELS), 2, (300, 4))
    assert len(to_bytes(small)) < 1000 < 3000 < len(to_bytes(middle)) < 9000 < len(to_bytes(large))
    return small, large, middle


def all_scores(model: Model) -> set[tuple[int, ...]]:
    """The scores of all windows that the node may see: they tell which model gave them."""
    windows = np.lib.stride_tricks.sliding_window_view(samples(), LENGTH, axis=0)
    return {tuple(row) for row in model.scores(windows.swapaxes(1, 2)).tolist()}


class Node(Protocol):
    """A node with power that can be cut."""

    @property
    def end(self) -> tuple[str, int] | int: ...
    @property
    def running(self) -> bool: ...
    def start(self) -> object: ...
    def stop(self) -> object: ...
    def restart(self) -> tuple[str, int] | int: ...


@dataclass(frozen=True)
class Outcome:
    """What became of a push: what it returned, or how it failed; the faults that happened."""

    pushed: Pushed | None
    error: LinkError | None
    fired: list[Fault]

    def __str__(self) -> str:
        return "pushed" if self.pushed else f"{type(self.error).__name__}: {self.error}"


class Lab:
    """A node whose small and large model are pushed in turn. A context manager.

    node: is started and stopped; its `end` is what a Bridge takes. `push` is what tests call.
    """

    def __init__(self, node: "Node", timing: Timing) -> None:
        self.node, self.timing = node, timing
        self.models = {to_bytes(model): model for model in lab_models()}
        self.files = list(self.models)
        self._scores = {data: all_scores(model) for data, model in self.models.items()}
        self._hashes = {hashlib.sha256(data).hexdigest(): data for data in self.files}

    def __enter__(self) -> Self:
        self.node.start()
        self.check()
        return self

    def __exit__(self, *_: object) -> None:
        self.node.stop()

    @property
    def other(self) -> bytes:
        """The model that is not active."""
        small, large, *_ = self.files
        return large if self.active == small else small

    def file(self, sha256: str) -> bytes:
        """The model with this hash, which is one of ours."""
        return self._hashes[sha256]

    def push(
        self,
        faults: list[Fault],
        noise: float = 0.0,
        seed: int = 0,
        data: bytes | None = None,
        pty: bool = True,
    ) -> Outcome:
        """Push the other model over a line with faults, then check what must hold."""
        old, new = self.active, data or self.other
        line = Bridge(self.node.end, faults, noise, seed, pty=pty, restart=self.node.restart)
        with line as bridge:
            try:
                outcome = Outcome(push(bridge.url, new, timing=self.timing), None, bridge.fired)
            except LinkError as error:
                assert str(error).strip()
                outcome = Outcome(None, error, bridge.fired)
        self.check()
        assert self.active in (old, new)
        if outcome.pushed:
            assert self.active == new, "the push says that it has succeeded"
        return outcome

    def race(self, seed: int) -> list[Outcome]:
        """Push both other models at once, from two hosts that share the line; check what holds."""
        others = [data for data in self.files if data != self.active]
        allowed = {self.active, *others}
        delays = random.Random(seed)

        def one(data: bytes, url: str) -> Outcome:
            time.sleep(delays.uniform(0, 0.05))
            try:
                return Outcome(push(url, data, timing=self.timing), None, [])
            except LinkError as error:
                assert str(error).strip()
                return Outcome(None, error, [])

        alone = mock.patch.dict(os.environ, {"XNORNODE_SHARE": "no"})  # each host on its own
        with alone, self.two_hosts() as urls, ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(one, others, urls))
        self.check()
        assert self.active in allowed
        won = [data for data, outcome in zip(others, outcomes, strict=True) if outcome.pushed]
        assert not won or self.active in won, "a push says that it has succeeded"
        return outcomes

    @contextmanager
    def two_hosts(self) -> Iterator[tuple[str, str]]:
        """Where two hosts reach the node at once."""
        with Bridge(self.node.end, shared=True) as line:
            yield line.url, line.url

    def revive(self) -> None:
        """Start the node again if it does not run."""
        if not self.node.running:
            self.node.restart()
        self.check()

    def check(self) -> None:
        """The node classifies with the model that it says, which is one of ours."""
        assert self.node.running, "the node's program has ended"
        # A pseudo-terminal, as pyserial takes 0.3 s to close a socket
        with (
            Bridge(self.node.end, pty=True) as line,
            closing(serial.serial_for_url(line.url)) as port,
        ):
            session = Session(port, Timing(hello=PATIENCE))
            assert session.greet(PATIENCE), "the node does not answer"
            model = session.hello.model
            while not isinstance(event := session.receive(PATIENCE), Prediction):
                assert event is not None, "the node does not classify"
        assert model.sha256 in self._hashes, "neither the old model nor the new one"
        self.active = self._hashes[model.sha256]
        assert event.scores in self._scores[self.active], "scores of another model"


def push_all(labs: Sequence[Lab], plans: Sequence[Plan]) -> list[Outcome]:
    """Push with each plan, to all labs at once, as a push with faults mostly waits.

    Which lab has which plans, and in which order, is always the same. Outcomes in the plans' order.
    """
    shares: list[list[int]] = [[] for _ in labs]
    for i in sorted(range(len(plans)), key=lambda i: -plans[i].seconds):
        min(shares, key=lambda share: sum(plans[j].seconds for j in share)).append(i)

    def pushes(lab: Lab, share: list[int]) -> list[tuple[int, Outcome]]:
        return [(i, follow(lab, plans[i])) for i in share]

    with ThreadPoolExecutor(len(labs)) as pool:
        done = dict(chain(*pool.map(pushes, labs, shares)))
    return [done[i] for i in range(len(plans))]


def follow(lab: Lab, plan: Plan) -> Outcome:
    """Push with a plan."""
    try:
        return lab.push(plan.faults, plan.noise, plan.seed, pty=plan.pty)
    except Exception as error:
        error.add_note(str(plan))
        raise


def failed_and_fired(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """How many pushes did not succeed, and how many faults did happen."""
    outcomes = [*outcomes]
    return sum(o.pushed is None for o in outcomes), sum(len(o.fired) for o in outcomes)


class UnixLab(Lab):
    """A node in a folder of this computer, which answers within milliseconds.

    board: its program starts again by Ctrl-D once Ctrl-C has ended it.
    """

    def __init__(self, folder: Path, board: bool = False) -> None:
        self.folder = folder
        program = prepare(folder, to_bytes(lab_models()[0]), realtime=True)
        if board:
            as_board(program)
        super().__init__(UnixNode([program], folder, [DEVICE]), QUICK)

    def check(self) -> None:
        """Its store, too, has that model as the active one, bit for bit."""
        super().check()
        first, *_ = sorted(
            (self.folder / "models").glob("*.bnn"), key=lambda path: -int(path.name.split(".")[0])
        )
        assert first.read_bytes() == self.active
