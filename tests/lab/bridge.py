"""A serial line in this process, between a host and a node, on which things go wrong (faults.py).

The host opens `Bridge.url`, a TCP port or a pseudo-terminal. The node is the TCP port of an
emulated Pico, opened for as long as the host has its port open, or the master side of a
pseudo-terminal (unixnode.py), which stays.
"""

import math
import os
import selectors
import socket
import tempfile
import threading
import time
import tty
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lab.faults import TO_HOST, TO_NODE, Event, Fault, Kind, Stall, Way
from tests.lab.interloper import Interloper
from tests.lab.line_end import End

BUFFER = 4096  # bytes under way in one direction before the sender is held up
BITS_PER_BYTE = 10  # on a UART: a start bit, eight, a stop bit
PIECE = 16  # bytes that a metered line hands on at once


class Bridge:
    """Runs from `__enter__` to `__exit__`, in a thread of its own.

    Args:
        node: ("127.0.0.1", port), or the file descriptor of a pseudo-terminal's master side.
        faults: see faults.py. noise: bit error rate, of both ways. seed: of the noise.
        baud: carry no more than this many bits a second each way, ten for a byte.
        shared: let a second host in while the first is there; all of them write and read.
        pty: the host's end is a pseudo-terminal instead of a TCP port.
        restart: takes the node's power and gives it back; returns the new `node`.
        interloper: what the line does by the clock (interloper.py).
    """

    def __init__(
        self,
        node: tuple[str, int] | int,
        faults: Sequence[Fault] = (),
        noise: float = 0.0,
        seed: int = 0,
        baud: int | None = None,
        shared: bool = False,
        pty: bool = False,
        restart: Callable[[], tuple[str, int] | int] | None = None,
        interloper: Interloper | None = None,
    ) -> None:
        self.ways = {
            way: Way([f for f in faults if f.way == way], noise, 2 * seed + i)
            for i, way in enumerate((TO_NODE, TO_HOST))
        }
        self.carried = {TO_NODE: 0, TO_HOST: 0}
        """Bytes that came out at the other end, each way."""
        self._node, self._restart, self._shared = node, restart, shared
        self._seconds_per_byte = BITS_PER_BYTE / baud if baud else 0.0
        self._queues: dict[str, deque[tuple[float, Event]]] = {w: deque() for w in self.ways}
        self._free = dict.fromkeys(self.ways, 0.0)  # when the line has carried what it was given
        self._hosts: list[End] = []
        self._far: End | None = End(node) if isinstance(node, int) else None
        self._folder = tempfile.TemporaryDirectory() if pty else None
        self._port: socket.socket | None = None
        if not pty:
            self._port = socket.create_server(("127.0.0.1", 0))
            self._port.setblocking(False)
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None
        self._interloper = interloper or Interloper()
        self._says = self._interloper.says()
        self._started = self._speaks = time.monotonic()
        self._said = b""

    @property
    def url(self) -> str:
        """What the host opens. A pseudo-terminal keeps its name when it goes and comes back."""
        if self._port:
            return f"socket://127.0.0.1:{self._port.getsockname()[1]}"
        assert self._folder
        return str(Path(self._folder.name) / "tty")

    @property
    def fired(self) -> list[Fault]:
        """The faults that have happened."""
        return [fault for way in self.ways.values() for fault in way.fired]

    def __enter__(self) -> "Bridge":
        if self._folder:
            self._open_pty()
        self._started = self._speaks = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        for fd in (self._stop, self._wake):
            os.close(fd)
        for end in self._hosts:
            end.close()
        if self._far and not isinstance(self._node, int):
            self._far.close()
        if self._port:
            self._port.close()
        if self._folder:
            os.close(self._slave)
            self._folder.cleanup()
        if self._error and error is None:
            raise self._error

    def _open_pty(self) -> None:
        master, slave = os.openpty()
        tty.setraw(slave)
        path = Path(self.url)
        path.with_suffix(".new").symlink_to(os.ttyname(slave))
        path.with_suffix(".new").rename(path)
        # The slave side stays open here, so that the master can be read before the host comes.
        self._slave = slave
        self._hosts.append(End(master))

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            self._error = error

    def _turn(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            if self._port:
                selector.register(self._port, selectors.EVENT_READ)
            if self._room(TO_NODE):
                for host in self._hosts:
                    selector.register(host.fd, selectors.EVENT_READ, host)
            if self._far and self._room(TO_HOST):
                selector.register(self._far.fd, selectors.EVENT_READ, self._far)
            ready = [key for key, _ in selector.select(self._patience())]
        for key in ready:
            if key.fd == self._stop:
                return False
            if key.fileobj is self._port:
                self._admit()
            elif key.data is self._far or key.data in self._hosts:  # may have gone by now
                self._take(key.data)
        self._talk()
        for way in self.ways:
            self._deliver(way)
        return True

    def _talk(self) -> None:
        """What the interloper says."""
        while self._speaks <= (now := time.monotonic()) and self._room(TO_HOST):
            self._send(TO_HOST, self._said)
            gap, self._said = next(self._says, (math.inf, b""))
            self._speaks = max(now, self._speaks + gap)

    def _room(self, way: str) -> bool:
        return sum(len(e) for _, e in self._queues[way] if isinstance(e, bytes)) < BUFFER

    def _patience(self) -> float | None:
        """Seconds until something under way is due, None if there is nothing."""
        due = [queue[0][0] for queue in self._queues.values() if queue]
        if self._speaks < math.inf:
            due.append(self._speaks)
        # A reader that is full is asked again after a moment.
        return max(0.001, min(due) - time.monotonic()) if due else None

    def _admit(self) -> None:
        assert self._port
        client, _ = self._port.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._hosts and not self._shared:
            # The one before may have closed its port a moment ago.
            for host in list(self._hosts):
                while host in self._hosts and self._take(host):
                    pass
            if self._hosts:
                client.close()
                return
        if not self._reach():
            client.close()  # no node, no port
            return
        self._hosts.append(End(client))

    def _reach(self) -> bool:
        """Open the node's port, if it is not open; whether it is there."""
        if self._far is None and not isinstance(self._node, int):
            try:
                far = socket.create_connection(self._node, timeout=5)
            except OSError:
                return False
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._far = End(far)
        return self._far is not None

    def _take(self, end: End) -> bool:
        """Read what has come from one end; whether there was anything."""
        data = end.read()
        if data is None:
            if end is self._far:
                self._unplug()
                self._far = None
            else:
                self._leave(end)
        elif data and (end is self._far or self._reach()):
            way = TO_HOST if end is self._far else TO_NODE
            self._send(way, self._interloper.passes(way, data, time.monotonic() - self._started))
        return bool(data)

    def _leave(self, host: End) -> None:
        """A host closed its port. What it wrote still arrives, as through a driver's buffer."""
        self._hosts.remove(host)
        host.close()
        if self._hosts:
            return
        restart = False
        for _, event in self._queues[TO_NODE]:
            restart = restart or event is Kind.RESTART
            if isinstance(event, bytes) and self._far and not restart:
                self._far.write(event)
        self._close_far()
        self._forget()
        if restart:
            self._power_cycle()

    def _close_far(self) -> None:
        if self._far and not isinstance(self._node, int):
            self._far.close()
            self._far = None

    def _forget(self) -> None:
        for way, queue in self._queues.items():
            queue.clear()
            self._free[way] = 0.0

    def _unplug(self) -> None:
        """The port goes away, with all that is under way. A pseudo-terminal is back at once."""
        gone, self._hosts = self._hosts, []
        if self._folder:
            os.close(self._slave)
            self._open_pty()
        for host in gone:
            host.close()
        self._close_far()
        self._forget()

    def _send(self, way: str, data: bytes) -> None:
        queue = self._queues[way]
        for event in self.ways[way].feed(data):
            now = max(time.monotonic(), self._free[way])
            if isinstance(event, Stall):
                self._free[way] = now + event.seconds
            elif isinstance(event, bytes) and self._seconds_per_byte:
                for at in range(0, len(event), PIECE):
                    piece = event[at : at + PIECE]
                    now += len(piece) * self._seconds_per_byte
                    queue.append((now, piece))
                self._free[way] = now
            else:
                queue.append((now, event))

    def _deliver(self, way: str) -> None:
        queue = self._queues[way]
        while queue and queue[0][0] <= time.monotonic():
            due, event = queue.popleft()
            if event is Kind.DISCONNECT:
                self._unplug()
            elif event is Kind.RESTART:
                self._unplug()
                self._power_cycle()
            elif isinstance(event, bytes):
                taken = self._write(way, event)
                self.carried[way] += taken
                if taken < len(event):
                    queue.appendleft((due, event[taken:]))
                    return

    def _write(self, way: str, data: bytes) -> int:
        if way == TO_NODE:
            return self._far.write(data) if self._far else len(data)
        if len(self._hosts) == 1:
            return self._hosts[0].write(data)
        for host in self._hosts:
            host.write(data)  # of several, the slow ones miss something
        return len(data)

    def _power_cycle(self) -> None:
        assert self._restart, "a bridge with restarts needs to be told how"
        self._close_far()
        self._node = self._restart()
        if isinstance(self._node, int):
            self._far = End(self._node)
