"""Links over an MQTT broker: the node publishes what it predicts (docs/reference/mqtt.md).

In a program of one's own, once the network is up::

    link = Link(clf, stream=connect("192.168.1.5"))

Nothing here waits, except for a name that has to be looked up, and for the arithmetic of TLS.
"""

from xnornode.identity import is_name, read_name
from xnornode.model_store import Store
from xnornode.mqtt_client import Client
from xnornode.stream import device

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

SEAL_BYTES = 19  # of ,"crc":"89abcdef"} and the end of the line


class Feed:
    """A stream of the link (wires.py) for everybody: events go out, and nothing comes in."""

    frame, window, most = 64, 1, 1 << 20
    allow: "tuple[str, ...]" = ()

    def __init__(self, client: Client) -> None:
        self._client = client
        self._session = b"null"

    def attach(self, connection: "Any") -> None:
        """Know what runs. connection: of this stream."""
        self._client.state.connection = connection

    def readinto(self, buffer: bytearray) -> int | None:
        """See to the connection, as a Link reads often."""
        self._client.turn()
        return None

    def write(self, data: "bytes | memoryview") -> int:
        """Publish an event: a line. It takes all of it, and drops what there is no room for."""
        try:
            self._publish(data, bytes(data[:64]))
        except MemoryError:
            self._client.queue.dropped += 1
        return len(data)

    def _publish(self, data: "bytes | memoryview", head: bytes) -> None:
        client = self._client
        if not head.startswith(b'{"event":"') or head.startswith(b'{"event":"hello"'):
            return
        if head.startswith(b'{"event":"ready"'):
            whole = bytes(data)
            at = whole.find(b'"session":"') + 10
            self._session = whole[at : at + 10]
        client.state.heard(data, head[10:20])
        topic = client.event
        if head.startswith(b'{"event":"prediction"'):
            topic = client.prediction
        mid = client.mid() if client.qos else 0
        end = b',"session":' + self._session + b"}"
        client.queue.add(topic, mid, None, memoryview(data)[: len(data) - SEAL_BYTES], end)


def connect(
    host: str,
    port: int = 0,
    allow: "tuple[str, ...]" = (),
    name: str = "",
    node_file: str = "",
    **settings: "Any",
) -> "list[Any]":
    """Streams for a Link: one for events, and one for each client that may be there at once.

    port: 1883 by default, 8883 with `ca`. allow: what clients may do without a key, of "push",
    "rollback", "record" and "name". name: by default the one in node_file, /node.json by default,
    or the chip's number. settings: `user`, `password`, `ca`, `prefix`, `qos`, as in net.json.
    Raises ValueError without any name, OSError where the certificate cannot be read.
    """
    file = "" if name else node_file or Store().node_file
    name = name or read_name(file) or device()
    if not is_name(name):
        raise ValueError("the node has no name: give it one with `xnornode name`")
    settings["host"], settings["port"] = host, port
    client = Client(settings, allow, name, file)
    return [Feed(client)] + client.places  # noqa: RUF005 (MicroPython has no * in a list)
