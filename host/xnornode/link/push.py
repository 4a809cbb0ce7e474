"""Push a model to a node, so that it has the old one or the new one whatever happens."""

import hashlib
import hmac
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import serial

from xnornode.errors import LinkError, LinkLost, NodeError
from xnornode.link.connect import Say, connect, open_again
from xnornode.link.protocol import USUAL, Session, Timing
from xnornode.link.send_window import Sender
from xnornode.model import file_format

PROTOCOL = 1
REVISION = slice(12, 16)
"""Where a model file has its revision (FORMAT.md, "Header")."""
PATIENCE = 4
"""How much longer than the acks of late is waited for one."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Pushed:
    """What a push has done.

    active: what the node now runs; replaced: what it ran before, or None. Both as in
    docs/reference/protocol.md. sent: False if the node had this very model. seconds: in all.
    resumed: bytes that the node had from a push before. retries: pieces that were sent again.
    breaks: how often the connection was made anew.
    """

    active: dict[str, Any]
    replaced: dict[str, Any] | None
    sent: bool
    seconds: float
    resumed: int = 0
    retries: int = 0
    breaks: int = 0


class Push:
    """One model on its way to one node. `run` does it all."""

    def __init__(
        self,
        data: bytes,
        key: bytes | None = None,
        timing: Timing = USUAL,
        say: Say = lambda text: None,
        progress: Progress = lambda done, total: None,
    ) -> None:
        self.data, self.timing, self._say, self._progress = data, timing, say, progress
        self._sha256 = hashlib.sha256(data).hexdigest()
        self._begin: dict[str, Any] = {
            "protocol": PROTOCOL,
            "length": len(data),
            "sha256": self._sha256,
            "revision": int.from_bytes(data[REVISION], "little"),
        }
        if key:
            self._begin["hmac"] = hmac.digest(key, data, "sha256").hex()
        self._replaced: dict[str, Any] | None = None
        self._known = False  # whether it is known what ran before
        self._running = False  # whether a program has answered
        self.sent = False
        """Whether the node did not have this very model."""
        self._resumed = self._retries = self._breaks = self._at = 0

    def run(self, url: str) -> Pushed:
        """Push to the node on a port. Raises NodeError when it refuses, LinkError else."""
        start, fruitless, at = time.monotonic(), 0, 0
        port = None
        while True:
            try:
                with self._connect(url, port) as session:
                    active = self.over(session)
                    seconds = time.monotonic() - start
                break
            except LinkLost as error:
                fruitless = fruitless + 1 if self._at <= at else 1
                if fruitless > self.timing.breaks:
                    raise
                at = max(at, self._at)
                self._breaks += 1
                self._say(f"{error}; trying again")
                port = open_again(url, self.timing.reconnect)
        return Pushed(
            active,
            self._replaced,
            self.sent,
            seconds,
            self._resumed,
            self._retries,
            self._breaks,
        )

    def _connect(self, url: str, port: serial.SerialBase | None) -> AbstractContextManager[Session]:
        return connect(
            url,
            self.timing,
            self._say,
            patient=self._known,
            interrupt=not self._running,
            port=port,
        )

    def over(self, session: Session) -> dict[str, Any]:
        """Push over a session; the model that is active then. Raises LinkError."""
        if not self._known:
            self._replaced, self._known = session.hello["model"], True
            self._running = session.hello["running"]
        while True:
            answer = session.request("begin", **self._begin)
            if "active" in answer:
                return self._model(answer)
            if answer["at"]:
                self._say(f"the node has {answer['at']:,} bytes of it: going on from there")
            if not self.sent:
                self._resumed = answer["at"]
            self.sent = True
            try:
                self._send(session, answer["push"], answer["at"])
                return self._model(session.request("end", push=answer["push"]))
            except NodeError as error:
                # The node has restarted, or what came was not what was sent: both can be mended
                if error.name not in ("no_push", "incomplete", "hash") or not self._again():
                    raise
                self._say(f"beginning again ({error.name})")

    def _again(self) -> bool:
        self._retries += 1
        return self._retries < self.timing.tries

    def _model(self, answer: dict[str, Any]) -> dict[str, Any]:
        active: dict[str, Any] = answer["active"]
        if active["sha256"] != self._sha256:
            raise LinkError(f"the node runs {active['name']}, not the model that was pushed")
        return active

    def _send(self, session: Session, push: int, at: int) -> None:
        hello, timing = session.hello, self.timing
        sender = Sender(self.data, push, at, hello["frame"], hello["window"], timing.tries)
        retries = 0
        try:
            deadline, heard, since, slowest = 0.0, False, 0.0, timing.ack
            while not sender.done:
                self._at = sender.at
                self._progress(sender.at, len(self.data))
                lines = sender.lines()
                for line in lines:
                    session.send(line)
                if lines or heard:
                    since = time.monotonic()
                    wait = timing.settle if sender.drains else min(timing.ack, PATIENCE * slowest)
                    deadline = since + max(wait, timing.settle)
                event = session.receive(deadline - time.monotonic())
                # Predictions come all the time: silence is that no ack does
                heard = event is not None and event["event"] == "ack"
                if event is None:
                    sender.silence()
                    slowest = timing.ack
                elif heard:
                    slowest = max(slowest / 2, time.monotonic() - since)
                    sender.heard(event)
                elif session.on_event:
                    session.on_event(event)
                if sender.retries > retries:
                    retries = sender.retries
                    self._say(f"piece at {sender.at:,} did not arrive: sending it again")
        finally:
            self._retries += sender.retries
        self._progress(len(self.data), len(self.data))


def push(
    url: str,
    data: bytes,
    *,
    key: bytes | None = None,
    timing: Timing = USUAL,
    say: Say = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> Pushed:
    """Push a model file to the node on a serial port or pyserial URL.

    key: 32 bytes, to sign the model for a node that has this key. say: gets a line of talk when
    something was tried again. progress: gets bytes done and bytes in all.
    Raises ModelError for a file that is no model, NodeError when the node refuses it (and keeps the
    model that it has), LinkError when the node cannot be reached: then the same call goes on where
    this one stopped.
    """
    file_format.from_bytes(data)
    return Push(data, key, timing, say, progress).run(url)
