"""What is plugged in: ports and boot drives, looked at once a second, and which one is followed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from serial.tools import list_ports

from xnornode.board import rp2040
from xnornode.errors import LinkError
from xnornode.link.addresses import BAUDRATE, BOTH, Port
from xnornode.link.plugged import serial_ports, sure_boards
from xnornode.link.ports import VARIABLE, VENDORS
from xnornode.studio.nodes_look import Looker
from xnornode.studio.requests import BadRequest
from xnornode.studio.settings import Settings

if TYPE_CHECKING:
    from xnornode.studio.app import Studio

LOOK = 1.0
"""Seconds from one look at what is plugged in to the next."""
TYPED = 8
"""Ports named by hand that are remembered."""
LONGEST = 300
"""Characters of a port's name, and of what a USB device says of itself."""
PORT, PORTS = "port", "ports"
"""Names of settings: the port that was chosen last, and those that were typed in."""


class PortWatch:
    """Looks at what is plugged in, tells the pages, and follows the board that was chosen.

    Where nothing is chosen, a board that is plugged in is: the one of last time, or the only one
    that is surely a board. A serial chip alone may be that of a printer, so a person chooses it.

    Parameters
    ----------
    studio : Studio
        Its `link` follows the chosen port; its bus gets the topic `nodes`.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._settings = Settings(studio.kept)
        self._lock = threading.Lock()
        self._ends = threading.Event()
        self._told: dict[str, Any] = {}
        self._before: set[str] = set()  # boards of the look before
        self._left = False  # whether a person has chosen that there be none
        self._new: dict[str, Any] | None = None  # a port that was typed, and has not opened yet
        self._looker = Looker(studio.link, self.look)
        if studio.named_port is None and not os.environ.get(VARIABLE):
            studio.named_port = self._remembered()  # what a person named the last time
        self._thread = threading.Thread(target=self._run, name="ports", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._ends.set()
        if self._thread.is_alive():
            self._thread.join(LOOK + 1.0)

    def choose(self, name: str | None, baud: int | None = None, lines: str | None = None) -> None:
        """Follow the node on a port, and remember that.

        Parameters
        ----------
        name : str or None
            Serial port or pyserial URL; None for no node.
        baud, lines : optional
            As those of `Port`.

        Raises
        ------
        LinkError
            For a name or a setting that cannot be.
        """
        if name is not None and (len(name) > LONGEST or name.startswith("-")):
            raise BadRequest("that is no name of a port: take one such as socket://host:5000")
        port = None if name is None else Port(name.strip(), baud, lines)
        self._left = port is None
        kept = self._new = None
        if port is not None:
            kept = {"name": str(port), "baud": port.baud, "lines": port.lines}
        if (
            port is None
            or port in self.typed()
            or port in {p.device for p in list_ports.comports()}
        ):
            self._keep(kept)
        else:
            self._new = kept
        self._studio.link.choose(port)
        self.look()

    def forget(self, name: str) -> None:
        """Take a port that was typed in off the list."""
        self._keep_typed([known for known in self.typed() if known != name])
        self.look()

    def typed(self) -> list[str]:
        """Ports that were named by hand, the last one first."""
        names = self._settings.get(PORTS, [])
        return [name for name in names if _is_name(name)][:TYPED]

    def _keep(self, port: dict[str, Any] | None) -> None:
        """Remember the choice; and a name that no list of this computer's has."""
        name = port and port["name"]
        if name and name not in {p.device for p in serial_ports()}:
            self._keep_typed([name, *self.typed()])
        self._settings.set(PORT, port)

    def _keep_opened(self) -> None:
        """Remember a port that was typed once it has opened: else it may be a slip."""
        new, state = self._new, self._studio.link.state()
        if new and state["port"] == new["name"] and state["connected"]:
            self._new = None
            self._keep(new)

    def _keep_typed(self, names: list[str]) -> None:
        self._settings.set(PORTS, list(dict.fromkeys(names))[:TYPED])

    def look(self) -> dict[str, Any]:
        """What is plugged in now; pages are told of a change."""
        ports, drives = serial_ports(), _drives()
        wanted = self._wanted({p.device for p in ports if p.vid in VENDORS}, sure_boards(ports))
        if wanted:  # it may take a while, as another port is closed for it
            self._studio.link.choose(wanted)
        self._keep_opened()
        with self._lock:
            rows = self._described(ports)
            self._looker.consider(any(row["chosen"] and row["there"] for row in rows))
            found = {"ports": rows, "drives": drives, "look": self._looker.found}
            if found != self._told:
                self._told = found
                self._studio.bus.publish("nodes", found, keep=True)
        return found

    def _described(self, ports: list[Any]) -> list[dict[str, Any]]:
        chosen = self._studio.link.port
        rows = [_row(p) for p in ports]
        there = {row["name"] for row in rows}
        by_hand = [*self.typed(), *([str(chosen)] if chosen else [])]
        for name in dict.fromkeys(by_hand):
            if name not in there:
                what = "on a network" if "://" in name else "not plugged in"
                here = "://" in name
                rows.append(
                    {"name": name, "what": what, "serial": "", "there": here, "typed": True}
                )
        new = self._new and self._new["name"]
        return [
            {**row, "chosen": row["name"] == chosen, "opened": row["name"] != new} for row in rows
        ]

    def _wanted(self, boards: set[str], sure: set[str]) -> Port | None:
        """A board that has come, where none is followed and nobody wants that.

        Boards that are not `sure` may be something else, such as a printer that opening its port
        would reset: of those, only one that a person has chosen before.
        """
        with self._lock:
            new, self._before = boards - self._before, boards
        if self._studio.link.port is not None or self._left or not new:
            return None
        remembered = self._remembered()
        if remembered in new:
            return remembered
        return Port(min(sure)) if len(sure) == 1 and sure <= new else None

    def _remembered(self) -> Port | None:
        """The port of last time, if it is there; of one on a network that is not known."""
        kept = self._settings.get(PORT, {})
        try:
            port = Port(kept["name"], kept["baud"], kept["lines"])
        except (LinkError, KeyError, TypeError, AttributeError):
            return None
        if "://" in port or port in {p.device for p in serial_ports()}:
            return port
        return None

    def _run(self) -> None:
        while not self._ends.wait(LOOK):
            # A device that goes while it is looked at; a full disk; a name that is none.
            with suppress(OSError, LinkError):
                self.look()


def arguments(port: Port | None) -> list[str]:
    """The options of a command that name a port as it is opened here."""
    if port is None:
        return []
    found = ["--port", str(port)]
    if port.baud != BAUDRATE:
        found += ["--baud", str(port.baud)]
    if port.lines != BOTH:
        found += ["--lines", port.lines]
    return found


def _is_name(name: Any) -> bool:
    """Whether a setting can be a port's name."""
    return isinstance(name, str) and len(name) <= LONGEST and name.isprintable()


def _row(p: Any) -> dict[str, Any]:
    known = VENDORS.get(p.vid)
    what = ", ".join(filter(None, (known or p.manufacturer or "unknown vendor", p.product)))
    return {
        "name": p.device,
        "what": what[:LONGEST],
        "usb": f"{p.vid:04x}:{p.pid or 0:04x}",
        "serial": (p.serial_number or "")[:LONGEST],
        "board": known is not None,
        "there": True,
        "typed": False,
    }


def _drives() -> list[dict[str, str]]:
    found = rp2040.find_drive(None)
    return [{"folder": str(found[0]), "board": found[1].board}] if found else []
