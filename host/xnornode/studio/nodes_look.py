"""What a port is that is open, and on which no node says hello: looked at once, in a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from xnornode.board.look import look
from xnornode.errors import LinkError
from xnornode.link.addresses import Port
from xnornode.studio.node_link import NodeLink

PATIENCE = 6.0
"""Seconds that a node has to say hello."""


class Looker:
    """Looks once at a port that stays without a hello.

    Parameters
    ----------
    link : NodeLink
        Knows whether the node has said hello.
    changed : callable
        Called in a thread when something was found.
    """

    def __init__(self, link: NodeLink, changed: Callable[[], Any]) -> None:
        self._link, self._changed = link, changed
        self._since: float | None = None
        self._thread: threading.Thread | None = None
        self.found: dict[str, Any] | None = None
        """The port, the `kind` of `Look` and what is on the board, or a `problem`."""

    def consider(self, present: bool) -> None:
        """Look if it is time to. present: whether the port is plugged in, as far as is known."""
        state, port = self._link.state(), self._link.port
        if self.found and (not present or port != self.found["port"] or state.get("hello")):
            self.found = None
        quiet = state["connected"] and not (state.get("hello") or state.get("ready"))
        if port is None or not quiet or self.found:
            self._since = None
            return
        if self._since is None:
            self._since = time.monotonic()
        waited = time.monotonic() - self._since > PATIENCE
        if waited and not (self._thread and self._thread.is_alive()):
            self._thread = threading.Thread(target=self._look, args=(port,), daemon=True)
            self._thread.start()

    def _look(self, port: Port) -> None:
        try:
            seen = asdict(look(port))
        except LinkError as error:
            seen = {"kind": "problem", "problem": str(error)}
        self.found = {"port": port, **seen}
        self._changed()
