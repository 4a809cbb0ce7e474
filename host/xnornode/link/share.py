"""Several programs on one port: the first one serves the others (docs/reference/sharing.md)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import serial

from xnornode.errors import LinkError
from xnornode.link import share_talk
from xnornode.link.addresses import Port
from xnornode.link.deadline import Deadline
from xnornode.link.lines import wanted
from xnornode.link.reactor import Reactor
from xnornode.link.share_cede import ask_to_cede, this_program, turn_away
from xnornode.link.share_ends import GuestEnd, LocalEnd
from xnornode.link.share_frames import (
    VERSION,
    about_this,
    greeting,
    read_greeting,
    who,
)
from xnornode.link.share_guest import serve
from xnornode.link.share_hub import Hub, Lent
from xnornode.link.share_member import TAKEN
from xnornode.link.share_place import NoPlaceError, Place, is_shared, key_of
from xnornode.link.share_port import SharedPort

VARIABLE = "XNORNODE_SHARE"
"""Environment variable: `no` has each port opened for one program alone."""
MEETING = 20.0
"""Seconds in which the owner of a port lets a program in: it may just be opening the port."""
CEDED_SECONDS = 2.0
"""Seconds that a program stays away from a port which another one has asked it for."""
MOVES = 10
"""How often a link may lead to another port while it is opened."""
BETWEEN = 0.02
"""Seconds between two looks whether the port has an owner now."""
LENT_SECONDS = 30.0
"""Seconds for a program that has a port for itself to end, at the first attempt to open it."""

Open = Callable[[Port], serial.SerialBase]
"""Opens a real port."""


class PortLentError(LinkError):
    """Another program has the port for itself."""


class _MovedError(LinkError):
    """A link led to another port when it was opened: boards were plugged in meanwhile."""


_hubs: dict[str, Hub] = {}
"""Of this process, by the keys of ports."""
_holds: dict[str, int] = {}
"""Ports that this process has for itself: how often each one is held."""
_ceded: dict[str, Deadline] = {}
"""Ports that this process has let another one have: until when they are left to that."""
_opening: dict[str, threading.RLock] = {}
_table = threading.Lock()
_told: set[str] = set()


def is_on() -> bool:
    """Whether this program shares ports."""
    return os.environ.get(VARIABLE, "").lower() not in ("no", "0", "off")


def open_shared(
    name: Port, opens: Open, patience: float = LENT_SECONDS, reactor: Reactor | None = None
) -> serial.SerialBase:
    """A port, shared with the programs that have it open.

    Parameters
    ----------
    name : Port
        The port.
    opens : callable
        Opens the real port.
    patience : float, default LENT_SECONDS
        Seconds to wait where another program has the port for itself.
    reactor : Reactor, optional
        Reads the port, if this process is the one that opens it. The parts of this process then
        share the port also where other programs cannot.

    Returns
    -------
    serial.SerialBase
        The port; the real one where it is not shared.

    Raises
    ------
    LinkError
        If it cannot be had.
    """
    if not (is_on() and is_shared(name)):
        return _own_here(name, opens, reactor) if reactor else opens(name)
    wait, told, moved = Deadline(patience), False, 0
    while True:
        key = key_of(name)
        try:
            with _lock_of(key):
                if _holds.get(key):
                    return opens(name)
                port = _open(name, key, opens, reactor)
            _must_lead_to(name, key, port)
            return port
        except _MovedError:
            moved += 1
            if moved > MOVES:
                raise
        except PortLentError as error:
            if wait.passed:
                raise
            if not told:
                share_talk.say(f"{error}: waiting")
            told = True
            wait.pause(0.1)


def _must_lead_to(name: Port, key: str, port: serial.SerialBase) -> None:
    """Close a port and raise _MovedError where its name leads to another one by now."""
    if key_of(name) != key:
        port.close()
        raise _MovedError(f"{name} leads to another port each time: name the port itself")


def _lock_of(key: str) -> threading.RLock:
    with _table:
        return _opening.setdefault(key, threading.RLock())


def _open(name: Port, key: str, opens: Open, reactor: Reactor | None) -> serial.SerialBase:
    if port := _joined(name, key):
        return port
    try:
        place = Place(name)
    except NoPlaceError as error:
        _tell(f"{name} is not shared with other programs: {error}")
        return _own(name, key, None, opens, reactor) if reactor else opens(name)
    wait = Deadline(MEETING)
    while True:
        try:
            if _may_claim(key) and place.claim():
                return _own(name, key, place, opens, reactor)
        except NoPlaceError as error:
            _tell(f"{name} is not shared with other programs: {error}")
            return _own(name, key, None, opens, reactor) if reactor else opens(name)
        if guest := _join(name, place, wait):
            return guest
        if wait.passed:
            raise LinkError(f"{name} is busy: {place.owner()} has it and does not answer; end it")
        wait.pause(BETWEEN)


def _joined(name: Port, key: str) -> SharedPort | None:
    """A port that this process has open already."""
    if not (hub := _hubs.get(key)):
        return None
    try:
        end = LocalEnd(hub, hub.join(this_program(), local=True))
    except Lent as error:
        raise _lent(name, str(error)) from error
    except serial.SerialException:
        if not hub.closed:
            raise LinkError(f"{name}: too many programs share it: end one") from None
        return None
    return SharedPort(name, end, name.baud, wanted(name.lines))


def _own_here(name: Port, opens: Open, reactor: Reactor) -> SharedPort:
    """A port that only the parts of this process share."""
    key = key_of(name)
    with _lock_of(key):
        return _joined(name, key) or _own(name, key, None, opens, reactor)


def _own(
    name: Port, key: str, place: Place | None, opens: Open, reactor: Reactor | None
) -> SharedPort:
    """Open the real port, and serve it."""
    try:
        port = opens(name)
        _must_lead_to(name, key, port)
    except BaseException:
        if place:
            place.leave()
        raise
    hub = Hub(name, port, place, serve, lambda hub: _forget(key, hub), reactor)
    end = LocalEnd(hub, hub.join(this_program(), local=True))
    _hubs[key] = hub
    hub.start()
    return SharedPort(name, end, name.baud, wanted(name.lines))


def _may_claim(key: str) -> bool:
    """Whether a port is not left to a program that has asked for it, and is about to take it."""
    ceded = _ceded.get(key)
    return ceded is None or ceded.passed


def _forget(key: str, hub: Hub) -> None:
    if hub.ceded:
        _ceded[key] = Deadline(CEDED_SECONDS)
    if _hubs.get(key) is hub:
        del _hubs[key]


def _join(name: Port, place: Place, wait: Deadline) -> SharedPort | None:
    """The port as a guest; None where nobody lets anybody in."""
    if not (met := place.connect()):
        return None
    end, more = met
    try:
        end.sendall(greeting(about_this() | more))
        version, owner = read_greeting(end, wait)
    except OSError:  # it has ended, or could not open the port
        end.close()
        return None
    if "lent" in owner:
        end.close()
        _ceded.pop(key_of(name), None)  # who asked for the port has it
        raise _lent(name, str(owner["lent"]))
    if version != VERSION or "refused" in owner:
        end.close()
        why = owner.get("refused", f"it shares by version {version}, and not by {VERSION}")
        raise LinkError(f"{name} is busy: {who(owner)} has it, and does not share it: {why}")
    _tell(f"sharing {name} with {who(owner)}")
    return SharedPort(name, GuestEnd(end), name.baud, wanted(name.lines))


def _lent(name: str, whom: str) -> PortLentError:
    return PortLentError(f"{name} is in use by {whom}, which needs it for itself")


def _tell(text: str) -> None:
    """Say it, once in a process."""
    if text not in _told:
        _told.add(text)
        share_talk.say(text)


@contextmanager
def held(url: str, patience: float = LENT_SECONDS) -> Iterator[None]:
    """Have a port for this process alone; a context manager.

    Other programs that have it open are told that it is gone, and wait. Meanwhile this process
    opens it as often as it needs to, and it may go away and come back.

    Parameters
    ----------
    url : str
        Serial port or pyserial URL.
    patience : float, default LENT_SECONDS
        Seconds to wait where another program has it for itself.

    Raises
    ------
    LinkError
        If it cannot be had.
    """
    name = url if isinstance(url, Port) else Port(url)
    if not (is_on() and is_shared(name)):
        yield
        return
    key = key_of(name)
    place = _take_over(name, key, Deadline(patience))
    try:
        yield
    finally:
        with _lock_of(key):
            _holds[key] -= 1
            if place:
                place.leave()


def _take_over(name: Port, key: str, wait: Deadline) -> Place | None:
    """Become who has a port for itself; None where this process is already, or cannot share."""
    told = False
    while True:
        with _lock_of(key):
            if _holds.get(key):
                _holds[key] += 1
                return None
            if hub := _hubs.get(key):
                hub.close(f"{this_program()} {TAKEN}")
            try:
                place = Place(name)
                claimed = place.claim()
            except NoPlaceError:
                _holds[key] = 1
                return None
            if claimed:
                _holds[key] = 1
                threading.Thread(target=turn_away, args=(place,), daemon=True).start()
                return place
        whom = ask_to_cede(place)
        if whom and not told:
            share_talk.say(f"{name} is in use by {whom}, which needs it for itself: waiting")
            told = True
        if wait.passed:
            raise PortLentError(f"{name} is busy: {whom or place.owner()} has it; end it")
        wait.pause(BETWEEN if not whom else 0.1)
