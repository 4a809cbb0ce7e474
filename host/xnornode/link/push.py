"""Push a model to a node, so that it has the old one or the new one whatever happens."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from xnornode.errors import LinkError, LinkLost, NodeError
from xnornode.link.connect import connect
from xnornode.link.deadline import Deadline
from xnornode.link.hints import bad_line
from xnornode.link.keys import signature
from xnornode.link.messages import Begin, Begun, NodeModel, Running, Switched
from xnornode.link.parsing import expect, outdated
from xnornode.link.ports import open_again, pace
from xnornode.link.protocol import Session
from xnornode.link.reach import Known, Say
from xnornode.link.send_window import Sender
from xnornode.link.timing import BAD, BAD_RATE, BAD_RETRIES, SLOWEST, USUAL, Timing
from xnornode.link.transfer import transfer

PROTOCOL = 1
"""Version of docs/reference/protocol.md."""
FORMAT = 4
"""The byte of a model file that is its version of the format (FORMAT.md, "Header")."""
REVISION = slice(12, 16)
"""Bytes of a model file that are its revision (FORMAT.md, "Header")."""

Progress = Callable[[int, int], None]
"""Gets the bytes done, and the bytes in all."""


@dataclass(frozen=True)
class Pushed:
    """What a push has done.

    Parameters
    ----------
    active : NodeModel
        What the node runs now.
    replaced : NodeModel or None
        What it ran before.
    sent : bool
        False if the node had this very model.
    seconds : float
        How long it took in all.
    resumed : int, default 0
        Bytes that the node had from a push before.
    retries : int, default 0
        Chunks that were sent again.
    breaks : int, default 0
        How often the connection was made again.
    """

    active: NodeModel
    replaced: NodeModel | None
    sent: bool
    seconds: float
    resumed: int = 0
    retries: int = 0
    breaks: int = 0


class Push:
    """One model on its way to one node. `run` does it all.

    Parameters
    ----------
    data : bytes
        A valid `.bnn` file.
    key : bytes, optional
        Signs the model for a node that has this key. 32 bytes.
    timing : Timing, default USUAL
        How long is waited for answers.
    say : callable, optional
        Gets a line of talk when something was tried again.
    progress : callable, optional
        Gets the bytes done, and the bytes in all.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.
    signed : str, optional
        The model's signature, where another program has made it.

    Attributes
    ----------
    sent : bool
        Whether the node did not have this very model.
    """

    def __init__(
        self,
        data: bytes,
        key: bytes | None = None,
        timing: Timing = USUAL,
        say: Say = lambda text: None,
        progress: Progress = lambda done, total: None,
        reset: bool = False,
        signed: str | None = None,
    ) -> None:
        self.data, self.timing, self._say, self._progress = data, timing, say, progress
        self._sha256 = hashlib.sha256(data).hexdigest()
        self._begin: Begin = {
            "protocol": PROTOCOL,
            "length": len(data),
            "sha256": self._sha256,
            "revision": int.from_bytes(data[REVISION], "little"),
        }
        if key:
            signed = signature(key, self._begin)
        if signed:
            self._begin["signature"] = signed
        self._reset = reset
        self._limit: Deadline | None = None  # put off by each byte of progress
        self._bad = Deadline(BAD + len(data) / BAD_RATE)
        self._replaced: NodeModel | None = None
        self._met = False  # whether it is known what ran before
        self._known = Known()
        self.sent = False
        self._resumed = self._retries = self._breaks = self._at = 0

    def run(self, url: str) -> Pushed:
        """Push to the node on a port.

        Parameters
        ----------
        url : str
            Serial port or pyserial URL.

        Returns
        -------
        Pushed
            What was done.

        Raises
        ------
        NodeError
            When the node refuses the model, and keeps the one that it has.
        LinkError
            When the node cannot be reached.
        """
        start, fruitless, at = time.monotonic(), 0, 0
        self._limit = limit = Deadline(self.timing.stall)
        port = None
        while True:
            opened = time.monotonic()
            try:
                with connect(
                    url,
                    self.timing,
                    self._say,
                    patient=self._met,
                    known=self._known,
                    port=port,
                    limit=limit,
                    reset=self._reset,
                ) as session:
                    active = self.over(session)
                    seconds = time.monotonic() - start
                break
            except LinkLost as error:
                fruitless = fruitless + 1 if self._at <= at else 1
                if fruitless > self.timing.breaks or limit.passed:
                    raise
                at = max(at, self._at)
                self._breaks += 1
                self._say(f"{str(error).splitlines()[0]}; trying again")
                pace(opened)
                port = open_again(url, limit.within(self.timing.reconnect).left)
        counts = self._resumed, self._retries, self._breaks
        return Pushed(active, self._replaced, self.sent, seconds, *counts)

    def over(self, session: Session) -> NodeModel:
        """Push over a session.

        Parameters
        ----------
        session : Session
            One that is greeted.

        Returns
        -------
        NodeModel
            The model that is active then.

        Raises
        ------
        NodeError
            When the node refuses the model, and keeps the one that it has.
        LinkError
            When the node cannot be reached, or runs another model at the end.
        """
        before = session.stream.limit
        session.stream.limit = self._limit = self._limit or Deadline(self.timing.stall)
        try:
            return self._over(session)
        finally:
            session.stream.limit = before

    def _over(self, session: Session) -> NodeModel:
        if not self._met:
            self._replaced, self._met = session.hello.model, True
        if self.data[FORMAT] > session.hello.format:
            reads, made = session.hello.format, self.data[FORMAT]
            without = " (drift: train with --no-drift)" if made == 5 and reads == 4 else ""
            raise NodeError("model", f"it reads model format {reads}, the file has {made}{without}")
        while True:
            answer = session.request("begin", **self._begin)
            if isinstance(answer, Running):
                return self._ours(answer.active)
            begun = expect(Begun, answer)
            if begun.at > len(self.data):
                raise outdated(f"it has {begun.at} of {len(self.data)} bytes")
            if begun.at:
                self._say(f"the node has {begun.at:,} bytes of it: going on from there")
            if not self.sent:
                self._resumed = begun.at
            self.sent = True
            try:
                self._send(session, begun)
                done = expect(Switched, session.request("end", push=begun.push))
                return self._ours(done.active)
            except NodeError as error:
                # The node has restarted, or what came was not what was sent: both can be mended
                if error.name not in ("no_push", "incomplete", "hash") or not self._again():
                    raise
                self._say(f"beginning again ({error.name})")

    def _again(self) -> bool:
        self._retries += 1
        return self._retries < self.timing.tries

    def _ours(self, active: NodeModel) -> NodeModel:
        if active.sha256 != self._sha256:
            raise LinkError(f"the node runs {active.name}, not the model that was pushed")
        return active

    def _send(self, session: Session, begun: Begun) -> None:
        hello, tries = session.hello, self.timing.tries
        sender = Sender(self.data, begun.push, begun.at, hello.frame, hello.window, tries)
        self._at = max(self._at, begun.at)

        def reached(at: int) -> None:
            """Put the limit off by what the node has more of the model than ever before."""
            lost = self._retries + sender.retries
            if lost > BAD_RETRIES and self._bad.passed:
                raise bad_line(lost, at, len(self.data))
            fresh = max(0, at - self._at)
            session.stream.limit.extend(fresh / SLOWEST, self.timing.stall)
            self._at += fresh
            self._progress(at, len(self.data))

        try:
            transfer(session, sender, reached, self._say)
        finally:
            self._retries += sender.retries


def push(
    url: str,
    data: bytes,
    *,
    key: bytes | None = None,
    timing: Timing = USUAL,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
    reset: bool = False,
) -> Pushed:
    """Push a model to a node, while it classifies.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    data : bytes
        The `.bnn` file.
    key : bytes, optional
        Signs the model for a node that has this key. 32 bytes.
    timing : Timing, default USUAL
        How long is waited for answers.
    say : callable, optional
        Gets a line of talk when something was tried again.
    progress : callable, optional
        Gets the bytes done, and the bytes in all.
    reset : bool, default False
        Whether a board whose program cannot be interrupted may be reset.

    Returns
    -------
    Pushed
        What was done.

    Raises
    ------
    ModelError
        If the file is no model.
    NodeError
        When the node refuses the model, and keeps the one that it has.
    LinkError
        When the node cannot be reached. The same call goes on then where this one stopped.

    Examples
    --------
    >>> from pathlib import Path
    >>> done = push("/dev/ttyACM0", Path("model.bnn").read_bytes())  # doctest: +SKIP
    >>> done.active.name  # doctest: +SKIP
    'gestures'
    """
    from xnornode.model import file_format  # has NumPy, which --help does not wait for

    file_format.from_bytes(data)
    return Push(data, key, timing, say, progress, reset).run(url)
