"""An RFC 2217 server for one serial port, which keeps a log of the lines DTR and RTS."""

import os
import selectors
import socket
import threading
from types import TracebackType

import serial
from serial import rfc2217

from tests.lab.line_end import End


class Lines:
    """What pyserial's PortManager takes for a port, and what is heard of DTR and RTS.

    On boards that reset themselves, EN is low while RTS is set and DTR is not.
    """

    bytesize, parity, stopbits = 8, serial.PARITY_NONE, serial.STOPBITS_ONE
    xonxoff = rtscts = break_condition = ri = cd = False
    cts = dsr = True

    def __init__(self, refused: tuple[int, ...] = ()) -> None:
        self._dtr = self._rts = False
        self._baud, self._refused = 9600, refused
        self.log: list[tuple[bool, bool]] = [(False, False)]
        """(DTR, RTS) at each change."""
        self.rates: list[int] = []
        """Each baud rate that was asked for: one for each negotiation."""
        self.left: list[tuple[bool, bool]] = []
        """(DTR, RTS) as each client has left them."""

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._dtr = on
        self._changed()

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._rts = on
        self._changed()

    @property
    def baudrate(self) -> int:
        return self._baud

    @baudrate.setter
    def baudrate(self, rate: int) -> None:
        if rate in self._refused:
            raise ValueError(f"{rate} is too much")
        self._baud = rate
        self.rates.append(rate)

    def reset_input_buffer(self) -> None:
        """What the node has said stays: it may be the answer that a test waits for."""

    def reset_output_buffer(self) -> None:
        """What is under way to the node stays."""

    def _changed(self) -> None:
        if (state := (self._dtr, self._rts)) != self.log[-1]:
            self.log.append(state)

    def release(self) -> None:
        """A client is gone, and the server has closed the port: both lines fall at once."""
        self.left.append((self._dtr, self._rts))
        self._dtr = self._rts = False
        self._changed()

    @property
    def resets(self) -> int:
        """How often EN has fallen."""
        return self.log.count((False, True))


class Server:
    """One client at a time, from `__enter__` to `__exit__`, in a thread of its own.

    Args:
        node: ("127.0.0.1", port), opened for each client, or a pseudo-terminal's master side.
        lines: what is seen of the port's lines.
    """

    def __init__(self, node: tuple[str, int] | int, lines: Lines | None = None) -> None:
        self.lines = lines or Lines()
        self.deaf = False
        """Whether it has stopped to read what the client writes."""
        self._node = node
        self._far = End(node) if isinstance(node, int) else None
        self._near: End | None = None
        self._manager: rfc2217.PortManager | None = None
        self._to_host, self._to_node = b"", b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._error: BaseException | None = None

    @property
    def url(self) -> str:
        """What the host opens."""
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._wake, b"x")
        self._thread.join()
        for fd in (self._stop, self._wake):
            os.close(fd)
        self._listener.close()
        if self._error and error is None:
            raise self._error

    def write(self, data: bytes) -> None:
        """What the PortManager says to the client."""
        self._to_host += data

    def drop(self) -> None:
        """Close the client's connection, as a server does whose device was unplugged."""
        os.write(self._wake, b"d")

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:
            self._error = error
        self._leave()

    def _turn(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self._stop, selectors.EVENT_READ)
            if self._near is None:
                selector.register(self._listener, selectors.EVENT_READ)
            elif not (self.deaf or self._to_node):
                selector.register(self._near.fd, selectors.EVENT_READ, self._near)
            if self._far and self._near and not self._to_host:
                selector.register(self._far.fd, selectors.EVENT_READ, self._far)
            # What waits for room is tried again after a moment; so is a flag such as `deaf`
            ready = selector.select(0.001 if self._to_host or self._to_node else 0.05)
        for key, _ in ready:
            if key.fd == self._stop:
                if os.read(self._stop, 1) == b"x":
                    return False
                self._leave()
            elif key.fileobj is self._listener:
                self._admit()
            elif key.data is self._near and self._near:
                self._from_host(self._near)
            elif key.data is self._far and self._far:
                self._from_node(self._far)
        if self._near and self._to_host:
            self._to_host = self._to_host[self._near.write(self._to_host) :]
        if self._far and self._to_node:
            self._to_node = self._to_node[self._far.write(self._to_node) :]
        return True

    def _admit(self) -> None:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not isinstance(self._node, int):
            far = socket.create_connection(self._node, timeout=5)
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._far = End(far)
        self._near = End(client)
        self._manager = rfc2217.PortManager(self.lines, self)

    def _from_host(self, near: End) -> None:
        assert self._manager
        data = near.read()
        if data is None:
            self._leave()
        else:
            self._to_node += b"".join(self._manager.filter(data))

    def _from_node(self, far: End) -> None:
        assert self._manager
        data = far.read()
        if data is None:
            self._leave()  # the device is gone
        else:
            self._to_host += b"".join(self._manager.escape(data))

    def _leave(self) -> None:
        """The client is gone, or sent away; what it wrote before still arrives."""
        if self._near is None:
            return
        if self._far and self._to_node:
            self._far.write(self._to_node)
        self._near.close()
        self._near = self._manager = None
        self._to_host = self._to_node = b""
        self.lines.release()
        if self._far and not isinstance(self._node, int):
            self._far.close()
            self._far = None
