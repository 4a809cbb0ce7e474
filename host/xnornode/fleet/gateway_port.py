"""One port of a gateway: opened, asked who is there, followed, and opened again."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from xnornode.errors import LinkError
from xnornode.fleet.gateway_node import Node
from xnornode.fleet.gateway_writer import Writer
from xnornode.link.addresses import NETWORK, Port
from xnornode.link.framing import command
from xnornode.link.line_feed import Line, LineFeed
from xnornode.link.lines import PORT_ERRORS
from xnornode.link.messages import Ack, Answer, Hello, Models, Ready, Samples, Unknown
from xnornode.link.mqtt_topics import is_name, name_of
from xnornode.link.ports import AtOnce, open_port
from xnornode.link.raw_repl import CTRL_B, CTRL_D
from xnornode.link.reactor import Reactor, Timer
from xnornode.link.schema import printable
from xnornode.link.share import PortLentError
from xnornode.link.share_port import SharedPort

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds between two attempts to open a port, or to say hello; then the last one again."""
PLUGGED = 2.0
"""The same at most for a serial port, which is soon found to be missing."""
LEFT = (60.0, 120.0, 300.0, 600.0)
"""Seconds until a port that nobody named is looked at again, on which no node is."""
UNASKED = 5.0
"""Seconds after which a node that says no hello is called by what else is known."""
PATIENCE = 20.0
"""Seconds after which a port without a node is left alone, unless a person has named it."""
SILENT = 30.0
"""Seconds without a line after which a node is asked whether it is there."""
DEAF = 3
"""How often it is asked until it counts as gone."""
KEPT = 200
"""Lines that are kept until it is known whose they are."""
WRITE_SECONDS = 10.0
"""Seconds for a port to take a line."""


class Owner(Protocol):
    """The gateway, as far as its ports know it."""

    reactor: Reactor
    starts: bool

    def in_thread(self, job: Callable[[], object]) -> None:
        """Have something done that may wait."""

    def claim(self, port: NodePort, name: str, device: str) -> Node | str:
        """The node of a name, which is on this port now; or why not."""

    def let_go(self, port: NodePort, why: str) -> None:
        """A port's node is there no longer."""

    def heard(self, port: NodePort, line: Line, now: int) -> None:
        """A port's node has said something that is no answer."""

    def say(self, text: str) -> None:
        """Tell people."""


class NodePort:
    """One port. All methods are for the reactor's thread.

    Parameters
    ----------
    owner : Owner
        The gateway.
    url : Port
        The port, and how it is opened.
    name : str, default ""
        What the node is called, if it was given no name itself.
    serial : str, default ""
        Serial number of the USB device.
    named : bool, default True
        Whether a person has named the port. Another one is let go of where no node is on it.

    Attributes
    ----------
    trouble : str
        What needs a person; empty if nothing does.
    node : Node or None
        Who is there.
    """

    def __init__(
        self, owner: Owner, url: Port, name: str = "", serial: str = "", named: bool = True
    ) -> None:
        self._owner, self.url, self._name, self._serial = owner, url, name, serial
        self._named = named
        self.trouble = ""
        self.node: Node | None = None
        self.device = ""
        self.writer = Writer(f"write {url}")
        self._port: SharedPort | None = None
        self._feed = LineFeed()
        self._turn = self._failures = self._leaves = self._asked = self._deaf = 0
        self._opened = self._heard_at = 0.0
        self._kept: list[tuple[Line, int]] = []
        self._timer: Timer | None = None
        self._started = self._closed = False

    def begin(self) -> None:
        """Open the port, and go on until `close`."""
        self._turn += 1
        turn = self._turn
        self._owner.in_thread(lambda: self._open(turn))

    def close(self) -> None:
        """Let go of the port."""
        self._closed = True
        self._leave("the gateway lets go of it")

    def _soon(self, seconds: float, function: Callable[[], object]) -> None:
        """The one thing that is due next."""
        if self._timer:
            self._timer.cancel()
        self._timer = None if self._closed else self._owner.reactor.later(seconds, function)

    def _worry(self, text: str) -> None:
        """Say what is wrong, once."""
        text = printable(text.splitlines()[0]) if text else ""
        if text and text != self.trouble:
            self._owner.say(text)
        self.trouble = text

    # Opening

    def _open(self, turn: int) -> None:
        """In a thread that may wait."""
        reactor = self._owner.reactor
        try:
            port: Any = open_port(AtOnce(self.url), reactor)
        except LinkError as error:
            why = error
            reactor.call(lambda: self._not_open(turn, why))
        else:
            reactor.call(lambda: self._is_open(turn, port))

    def _not_open(self, turn: int, error: LinkError) -> None:
        if turn != self._turn or self._closed:
            return
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        if isinstance(error, PortLentError):
            pause = 1.0
        elif not self.url.lower().startswith(NETWORK):
            pause = min(pause, PLUGGED)
        self._failures += 1
        self._worry(str(error))
        self._soon(pause, self.begin)

    def _is_open(self, turn: int, port: SharedPort) -> None:
        if turn != self._turn or self._closed:
            self._owner.in_thread(port.close)
            return
        self._port, self._feed = port, LineFeed()
        self._asked = self._deaf = 0
        self._opened = self._heard_at = time.monotonic()
        self._kept, self._started = [], False
        reactor = self._owner.reactor

        def came(data: bytes) -> None:
            if reactor.inside:
                self._came(turn, data)
            else:
                reactor.call(lambda: self._came(turn, data))

        port.listen(came, lambda why: reactor.call(lambda: self._gone(turn, why)))
        self._ask()

    def _leave(self, why: str) -> None:
        """Close the port, and forget who was there."""
        self._turn += 1
        port, self._port = self._port, None
        if self._timer:
            self._timer.cancel()
        if self.node:
            self._owner.let_go(self, why)
        if port:
            self._owner.in_thread(port.close)

    def _gone(self, turn: int, why: str) -> None:
        if turn != self._turn or self._closed:
            return
        brief = time.monotonic() - self._opened < 1.0
        self._failures = self._failures + 1 if brief else 0
        self._leave(why)
        self._worry(f"{self.url} went away: {why}")
        self._soon(PAUSES[min(self._failures, len(PAUSES) - 1)], self.begin)

    # Asking

    def write(self, data: bytes) -> None:
        """Write to the node, without waiting."""
        port = self._port

        def job() -> None:
            with suppress(*PORT_ERRORS):  # `_gone` is told of it
                if port:
                    port.write_timeout = WRITE_SECONDS
                    port.write(data)

        self.writer.put(job)

    def _ask(self) -> None:
        """Say hello, and look what has come of it before."""
        now = time.monotonic()
        if self.node and now - self._heard_at < SILENT:
            self._deaf = 0
            self._soon(SILENT - (now - self._heard_at) + 0.1, self._ask)
            return
        if self.node:
            self._deaf += 1
            if self._deaf > DEAF:
                self._fell_silent()
                return
        elif not self._look(now):
            return
        self.write(b"\r\n" + command("hello", 0)[:-1] + b"\r\n")
        pause = PAUSES[min(self._asked, len(PAUSES) - 1)]
        self._asked += 1
        self._soon(pause, self._ask)

    def _fell_silent(self) -> None:
        self._worry(f"{self.url}: the node does not answer any more")
        self._leave("it does not answer")
        self._soon(PAUSES[1], self.begin)

    def _look(self, now: float) -> bool:
        """What a port is on which nobody has said hello; whether it is asked again."""
        waited = now - self._opened
        if self._kept and waited > UNASKED:
            self._identify(None)
            return True
        if self._feed.prompts > 1:
            if self._owner.starts and not self._started:
                self._started = True
                self._owner.say(f"{self.url}: a REPL waits there: starting the board's program")
                self.write(CTRL_B + CTRL_D)
                return True
            text = "a REPL waits there, and no program runs: give the board a main.py, or `--start`"
            self._worry(f"{self.url}: {text}")
        elif waited > PATIENCE or self._asked >= len(PAUSES):
            text = "no node answers there: does its program call link.step()?"
            self._worry(f"{self.url}: {text}")
        if self._named or waited < PATIENCE:
            return True
        self._leave("no node is there")  # somebody else may want the port
        self._soon(LEFT[min(self._leaves, len(LEFT) - 1)], self.begin)
        self._leaves += 1
        return False

    # Hearing

    def _came(self, turn: int, data: bytes) -> None:
        if turn != self._turn:
            return
        damaged, now = self._feed.damaged, time.time_ns() // 1_000_000
        for line in self._feed.feed(data):
            self._heard_at = time.monotonic()
            self._line(line, now)
            if turn != self._turn:  # it has let go of the port meanwhile
                return
        if self.node:
            self.node.damaged += self._feed.damaged - damaged

    def _line(self, line: Line, now: int) -> None:
        event = line.event
        if isinstance(event, Answer | Ack | Samples):
            self._failures = self._leaves = 0
            if isinstance(event, Hello):
                self._hello(event)
            elif isinstance(event, Models) and self.node:
                self.node.lists(event)
        elif isinstance(event, Unknown):
            if self.node:
                self.node.unknown += 1
        elif self.node is None:
            if len(self._kept) < KEPT:
                self._kept.append((line, now))
        else:
            self._owner.heard(self, line, now)
            if isinstance(event, Ready):
                self.write(command("hello", 0) + command("list", 0))

    def _hello(self, hello: Hello) -> None:
        self._asked = 0
        given = hello.name
        given = given if is_name(given) else ""
        if self.node and given and given != self.node.name:
            self._owner.let_go(self, f"it is called {given} now")
        if self.node is None:
            self._identify(hello, given)
        else:
            self.node.greeted(hello)

    def _identify(self, hello: Hello | None, given: str = "") -> None:
        """Find what the node is called, by docs/reference/mqtt.md, and be its port."""
        device = hello.device if hello else ""
        name = given or self._name or (device if is_name(device) else "")
        name = name or name_of(self._serial, "")
        self.device = device
        if not name:
            self._worry(
                f"{self.url}: the node has neither name nor number: call it by `xnornode name NAME "
                f"--port {self.url}`, or by `name` in [[node]]"
            )
            return
        found = self._owner.claim(self, name, device)
        if isinstance(found, str):
            self._worry(found)
            self._leave("another node has its name")
            self._soon(PAUSES[-1], self.begin)
            return
        self.node = found
        self._worry("")
        if hello:
            found.greeted(hello)
        kept, self._kept = self._kept, []
        for line, now in kept:
            self._owner.heard(self, line, now)
        self.write(command("list", 0))
        self._soon(SILENT, self._ask)
