"""Links over TCP: the node listens, or connects out (docs/guides/network.md).

In a program of one's own, once the network is up::

    link = Link(clf, stream=listen(5000))

Nothing here waits, except for a name that has to be looked up.
"""

import select
import socket
import time

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

upkeep: "Callable[[], None] | None" = None  # what keeps the network there, called often

PORT = 5000
CLIENTS = 2
FRAME, WINDOW = 1040, 4  # of a line to the node; TCP holds back what there is no room for
MOST = 1460  # bytes of one write: a segment
UNFINISHED_MS = 5000  # TCP sends again what a radio has lost
STALLED_MS = 30_000  # after which a connection that takes nothing is closed
LOOK_MS = 100  # from one look for new connections to the next
FIRST_MS, LONGEST_MS = 1000, 60_000  # pauses between attempts to connect
ATTEMPT_MS = 10_000  # that one may take


class Connected:
    """A stream of the link (wires.py): one TCP connection after the other.

    Attributes: `connected`, whether somebody is there; `allow`, what that one may do without a key.
    """

    frame, window, most, unfinished_ms = FRAME, WINDOW, MOST, UNFINISHED_MS

    def __init__(self, allow: "tuple[str, ...]" = ()) -> None:
        self.allow = allow
        self.connected = False
        self._socket: Any = None
        self._poll: Any = None
        self._taken = 0  # ticks, when it last took something
        self._waits = False  # whether something waits for it to take more

    def readinto(self, buffer: bytearray) -> int | None:
        """Take what has come, as a stream does; where nobody is there, look for somebody."""
        if upkeep:
            upkeep()
        if not self.connected:
            self._look()
            return None
        if not self._can(select.POLLIN):
            return None
        try:
            count = self._socket.readinto(buffer)
            if count == 0:
                raise OSError("the connection was closed")
        except OSError:
            self.hang_up()
            raise
        return count

    def write(self, data: "bytes | memoryview") -> int:
        """Send what goes without waiting; how many bytes."""
        count = 0
        try:
            if self.connected and self._can(select.POLLOUT):
                count = self._socket.write(data) or 0
            now = time.ticks_ms()
            if count or not self._waits:
                self._taken = now
            elif time.ticks_diff(now, self._taken) > STALLED_MS:
                raise OSError("the other side takes nothing any more")
            self._waits = count < len(data)
        except OSError:
            self.hang_up()
            raise
        return count

    def hang_up(self) -> None:
        """Close the connection."""
        found, self._socket, self._poll, self.connected = self._socket, None, None, False
        if found:
            found.close()

    def take(self, found: "Any") -> None:
        """Have a connection from now on. found: its socket."""
        found.setblocking(False)
        try:  # noqa: SIM105 (no contextlib on the node)
            found.setsockopt(6, 1, 1)  # TCP_NODELAY: an answer does not wait for the next line
        except (OSError, ValueError):
            pass  # a port that cannot is slower
        self._socket = found
        self._poll = select.poll()
        self._poll.register(found, select.POLLIN | select.POLLOUT)
        self._waits = False
        self.connected = True

    def _look(self) -> None:
        """Look whether somebody is there by now."""

    def _can(self, what: int) -> bool:
        """Whether poll says so, or that something is wrong, which the call itself will tell."""
        for found in self._poll.ipoll(0):
            return bool(found[1] & ~(what ^ (select.POLLIN | select.POLLOUT)))
        return False


class Listener:
    """Listens on a port, and hands connections to its places. places: for clients, at once."""

    def __init__(self, port: int, places: "list[Place]") -> None:
        self._places = places
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(socket.getaddrinfo("0.0.0.0", port)[0][-1])
        self._socket.listen(len(places) + 1)
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self._looked = time.ticks_ms()

    def look(self) -> None:
        """Accept a connection, if one waits."""
        now = time.ticks_ms()
        if 0 <= time.ticks_diff(now, self._looked) < LOOK_MS:
            return
        self._looked = now
        for _ in self._poll.ipoll(0):
            try:
                found = self._socket.accept()[0]
            except OSError:  # it has gone away again
                return
            for place in self._places:
                if not place.connected:
                    place.take(found)
                    return
            refuse(found, len(self._places))


def refuse(found: "Any", places: int) -> None:
    """Tell a client that there is no place for it."""
    from xnornode.events import line

    text = f"all {places} places are taken: close a monitor, or raise `clients` in net.json"
    try:
        found.setblocking(False)
        found.write(line("error", {"error": text}).encode())
    except OSError:
        pass
    found.close()


class Place(Connected):
    """The connection of one client. listener: where it comes from, set by `listen`."""

    listener: "Listener"

    def readinto(self, buffer: bytearray) -> int | None:
        """Take what has come; the listener looks for others, too, so that they are refused."""
        self.listener.look()
        return super().readinto(buffer)


class Caller(Connected):
    """Connects out to one address, again and again, with growing pauses."""

    def __init__(self, host: str, port: int, allow: "tuple[str, ...]" = ()) -> None:
        super().__init__(allow)
        self._host, self._port = host, port
        self._address: Any = None
        self._attempt: Any = None  # the socket of one that is under way
        self._pause = FIRST_MS
        self._since = time.ticks_add(time.ticks_ms(), -FIRST_MS)  # of the attempt, or the pause

    def readinto(self, buffer: bytearray) -> int | None:
        """Take what has come, or see to the connection."""
        count = super().readinto(buffer)
        if count:
            self._pause = FIRST_MS
        return count

    def hang_up(self) -> None:
        """Close the connection; the next attempt comes after a pause."""
        super().hang_up()
        self._since = time.ticks_ms()

    def _look(self) -> None:
        passed = time.ticks_diff(time.ticks_ms(), self._since)
        if not self._attempt:
            if not 0 <= passed < self._pause:
                self._begin()
            return
        for found in self._poll.ipoll(0):
            attempt, self._attempt = self._attempt, None
            if found[1] & ~(select.POLLIN | select.POLLOUT):
                self._failed(attempt)
            else:
                self.take(attempt)
            return
        if not 0 <= passed < ATTEMPT_MS:
            attempt, self._attempt = self._attempt, None
            self._failed(attempt)

    def _begin(self) -> None:
        self._since = time.ticks_ms()
        self._pause = min(2 * self._pause, LONGEST_MS)
        attempt: Any = None
        try:
            if not self._address:
                self._address = socket.getaddrinfo(self._host, self._port)[0][-1]
            attempt = socket.socket()
            attempt.setblocking(False)
            try:
                attempt.connect(self._address)
            except OSError as error:
                if error.errno not in (115, 119, 36):  # EINPROGRESS, of several ports
                    raise
            self._poll = select.poll()
            self._poll.register(attempt, select.POLLIN | select.POLLOUT)
            self._attempt = attempt
        except OSError:  # no network, no such name, nobody there
            self._failed(attempt)

    def _failed(self, attempt: "Any") -> None:
        self._since = time.ticks_ms()
        self._poll = None
        if self._pause == LONGEST_MS:
            self._address = None  # the name may have another one by now
        if attempt:
            attempt.close()


def listen(
    port: int = PORT, clients: int = CLIENTS, allow: "tuple[str, ...]" = ()
) -> "list[Connected]":
    """Streams for a Link: one for each client that may be there at once.

    allow: what clients may do without a key, of "push", "rollback", "record" and "name". Without a
    key on the node, nobody can push unless "push" is in it. Raises OSError.
    """
    places = [Place(allow) for _ in range(clients)]
    listener = Listener(port, places)
    for place in places:
        place.listener = listener
    return list(places)


def connect(host: str, port: int = PORT, allow: "tuple[str, ...]" = ()) -> "list[Connected]":
    """A stream for a Link that connects to an address. allow: as of `listen`.

    A name instead of an address of numbers is looked up at the first attempt that succeeds, for
    which MicroPython waits.
    """
    return [Caller(host, port, allow)]
