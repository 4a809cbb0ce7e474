"""Places for clients that command a node over a broker: each is a link of its own."""

import time

from xnornode.net import FRAME, UNFINISHED_MS, WINDOW

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

    from xnornode.mqtt_client import Client

CLIENTS = 2
SILENT_MS = 60_000  # after which a client is gone
IDLE_MS = 10_000  # after which another one may have its place


class Place:
    """A stream of the link (wires.py): one client after the other.

    Attributes: `allow`, what a client may do without a key; `word`, the client's, empty if there
    is none; `ended`, whether a payload is whole; `goes`, whether the client has to go.
    """

    frame, window, most, unfinished_ms = FRAME, WINDOW, 1 << 20, UNFINISHED_MS
    events = False  # they go to everybody, by another stream

    def __init__(self, client: "Client", allow: "tuple[str, ...]") -> None:
        self.allow = allow
        self.word = b""
        self.ended = self.goes = False
        self._client = client
        self._connection: Any = None
        self._heard = 0
        self._part: list[bytes] = []  # of a line that has not ended

    @property
    def connected(self) -> bool:
        """Whether a client is there."""
        return bool(self.word) and not self.goes

    def attach(self, connection: "Any") -> None:
        """Know what reads this stream. connection: of this stream."""
        self._connection = connection

    def join(self, word: bytes) -> None:
        """Have a client, or go on with it. word: its word."""
        self.word = word
        self._heard = time.ticks_ms()

    def leave(self) -> None:
        """Have the client go: the link notices at its next read."""
        if self.word:
            self.goes = True

    def may_go(self) -> bool:
        """Whether another client may have the place."""
        return self._unheard(time.ticks_ms()) > IDLE_MS and not self._busy()

    def look(self, now: int) -> None:
        """Have a client go that was silent for long. now: time.ticks_ms()."""
        if self.word and self._unheard(now) > SILENT_MS and not self._busy():
            self.leave()

    def readinto(self, buffer: bytearray) -> int | None:
        """Take what has come of a command. Raises OSError once for each client that goes."""
        client = self._client
        if self.word:
            client.turn()
        if self.goes:
            self.word = b""
            self.goes = self.ended = False
            self._part.clear()
            client.queue.leave(self)
            raise OSError("the client has gone")
        if self.ended:
            self.ended = False
            buffer[0] = 10  # a payload may lack the end of its line
            return 1
        count = client.inbox.take(self, buffer)
        if count:
            self._heard = time.ticks_ms()
        return count or None

    def write(self, data: "bytes | memoryview") -> int:
        """Publish a line, or take the next piece of one; 0 bytes if there is no room."""
        queue = self._client.queue
        if not self._part and not queue.has_room(len(data)):
            return 0
        if data[-1] != 10:
            self._part.append(bytes(data))
            return len(data)
        end = len(data) - (2 if data[-2] == 13 else 1)
        client = self._client
        topic = client.reply_topic(self.word)
        queue.add(topic, client.mid(), self, *self._part, memoryview(data)[:end])
        self._part.clear()
        return len(data)

    def _unheard(self, now: int) -> int:
        passed = time.ticks_diff(now, self._heard)
        return passed if passed >= 0 else SILENT_MS + 1

    def _busy(self) -> bool:
        """Whether the client is in a push or a recording."""
        connection = self._connection
        return bool(connection) and bool(connection.engaged)
