"""One port of a gateway: opened, asked who is there, followed, and opened again."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Protocol

from xnornode.fleet.gateway_node import Node
from xnornode.fleet.gateway_open import LINES, PAUSES, Host, KeptOpen
from xnornode.link.addresses import Port
from xnornode.link.framing import command
from xnornode.link.line_feed import Line, LineFeed
from xnornode.link.lines import PORT_ERRORS
from xnornode.link.messages import Ack, Answer, Hello, Models, Ready, Samples, Unknown
from xnornode.link.mqtt_topics import is_name, name_of
from xnornode.link.raw_repl import CTRL_B, CTRL_D

LEFT = (60.0, 120.0, 300.0, 600.0)
"""Seconds until a port that nobody named is looked at again, on which no node is."""
UNASKED = 5.0
"""Seconds after which a node that says no hello is called by what else is known."""
PATIENCE = 20.0
"""Seconds after which a port without a node is left alone, unless a person has named it."""
SILENT = 30.0
"""Seconds without a line after which a node is asked whether it is there."""
AGAIN = 60.0
"""Seconds after which a node says again what it is called."""
DEAF = 3
"""How often it is asked until it counts as gone."""
KEPT = 200
"""Lines that are kept until it is known whose they are."""


class Owner(Host, Protocol):
    """The gateway, as far as its ports know it."""

    starts: bool

    def claim(self, port: NodePort, name: str, device: str) -> Node | str:
        """The node of a name, which is on this port now; or why not."""

    def let_go(self, port: NodePort, why: str) -> None:
        """A port's node is there no longer."""

    def heard(self, port: NodePort, line: Line, now: int) -> None:
        """A port's node has said something that is no answer."""


class NodePort(KeptOpen):
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
    node : Node or None
        Who is there.
    """

    def __init__(
        self, owner: Owner, url: Port, name: str = "", serial: str = "", named: bool = True
    ) -> None:
        super().__init__(owner, url)
        self._owner, self._name, self._serial, self._named = owner, name, serial, named
        self.node: Node | None = None
        self.device = ""
        self._feed = LineFeed()
        self._leaves = self._asked = self._deaf = 0
        self._heard_at = self._greeted = 0.0
        self._kept: list[tuple[Line, int]] = []
        self._started = False

    def _begins(self) -> None:
        """The port is open."""
        self._feed = LineFeed()
        self._asked = self._deaf = 0
        self._heard_at = self._greeted = time.monotonic()
        self._kept, self._started = [], False
        self._ask()

    def _ends(self, why: str) -> None:
        """The port is not there any more."""
        self._kept = []
        if self.node:
            self._owner.let_go(self, why)

    # Asking

    def _ask(self) -> None:
        """Say hello, and look what has come of it before."""
        now = time.monotonic()
        if self.node and now - self._heard_at < SILENT:
            self._deaf = 0
            if not self._busy():  # it may have been held up
                self._worry("")
            if now >= self._greeted + AGAIN:  # it may be called something else now
                self._greeted = now
                self.write(command("hello", 0))
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
            turn = self._turn
            self._identify(None)
            return turn == self._turn  # else the port is closed: another node has the name
        if self._feed.prompts > 1:
            if self._owner.starts and not self._started:
                self._started = True
                self._owner.say(f"{self.url}: a REPL waits there: starting the board's program")
                self.start()
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

    def start(self) -> None:
        """Have a board at its REPL start its program; that takes the port for a moment."""
        port = self._port

        def job() -> None:
            with suppress(*PORT_ERRORS):
                if port:
                    port.write(CTRL_B + CTRL_D)
                    port.give()

        self.writer.put(job)

    # Hearing

    def _came(self, data: bytes) -> None:
        turn, damaged, count = self._turn, self._feed.damaged, 0
        now = time.time_ns() // 1_000_000
        for line in self._feed.feed(data):
            count += 1
            self._heard_at = time.monotonic()
            self._line(line, now)
            if turn != self._turn:  # it has let go of the port meanwhile
                return
        if self.node:
            self.node.damaged += self._feed.damaged - damaged
        if not (self._lines.spend(count) & self._bytes.spend(len(data))):
            self._worry(f"{self.url}: more than {LINES:,} lines a second: the node is held up")

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
