"""The bytes between a node and a broker, plain or by TLS: connected again with growing pauses."""

from xnornode import net

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any


class Wire(net.Caller):
    """A connection to a broker.

    ca: path of the certificate that signed the broker's, DER; empty: no TLS. Raises OSError,
    ValueError for a certificate that cannot be read, ImportError on a port without TLS.
    """

    def __init__(self, host: str, port: int, ca: str = "") -> None:
        super().__init__(host, port)
        self._tls: Any = None
        if ca:
            tls: Any = __import__("tls")  # what MicroPython's `ssl` is made of

            self._tls = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
            with open(ca, "rb") as f:
                self._tls.load_verify_locations(f.read())
            self._tls.verify_mode = tls.CERT_REQUIRED
        self._repeats = 0  # bytes of a write that TLS wants to be repeated as it was
        self.failed = False  # whether an attempt to connect has failed

    def keep_network(self) -> None:
        """See to the Wi-Fi."""
        if net.upkeep:
            net.upkeep()

    def look(self) -> bool:
        """See to an attempt to connect; whether there is a connection now."""
        self._look()
        return self.connected

    def take(self, found: "Any") -> None:
        """Have a connection from now on. found: its socket."""
        super().take(found)
        self._repeats = 0
        if self._tls:
            try:
                self._socket = self._tls.wrap_socket(
                    found, server_hostname=self._host, do_handshake_on_connect=False
                )
            except (OSError, ValueError):
                self.hang_up()

    def well(self) -> None:
        """The broker has let this node in: pauses are short again."""
        self._pause = net.FIRST_MS

    def readinto(self, buffer: "Any") -> int | None:
        """Take what has come. Raises OSError where the connection is gone."""
        count: int | None = self._socket.readinto(buffer)
        if count == 0:
            raise OSError("the connection was closed")
        return count

    def write(self, data: "bytes | bytearray | memoryview") -> int:
        """Send what goes without waiting; how many bytes. Raises OSError."""
        count = self._repeats or min(len(data), net.MOST)
        sent = self._socket.write(memoryview(data)[:count]) or 0
        self._repeats = count if self._tls and not sent else 0
        return sent

    def _failed(self, attempt: "Any") -> None:
        super()._failed(attempt)
        self.failed = True
