"""What waits to go to a broker: whole messages, up to a bound; the oldest ones are dropped.

Runs in CPython too, where its tests drive it.
"""

from . import mqtt_packets as packets

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BUFFER = 4096  # bytes of messages that wait; a longer one may wait alone
INFLIGHT = 8  # messages that the broker has not confirmed


class Message:
    """A message that waits. mid: its number, 0 for QoS 0. owner: the client it is for, or None."""

    def __init__(self, data: bytearray, mid: int, owner: "Any") -> None:
        self.data = data
        self.mid = mid
        self.owner = owner


class Queue:
    """Messages in their order, and packets that go before them.

    Attributes: `open`, whether messages may go out: not before the broker has let the node in;
    `dropped`, messages so far.
    """

    def __init__(self) -> None:
        self.open = False
        self.dropped = 0
        self._control: list[Any] = []
        self._waits: list[Message] = []
        self._size = 0
        self._next = 0  # the first one of `_waits` that was not sent on this connection
        self._part: Any = None  # the packet that is on its way
        self._sent = 0  # bytes of it

    def restart(self) -> None:
        """On a new connection, send again what was not confirmed."""
        self.open = False
        self._control.clear()
        for message in self._waits[: self._next]:
            message.data[0] |= 8  # DUP
        self._next = 0
        self._part = None

    def clear(self) -> None:
        """Forget all messages."""
        self._waits.clear()
        self._size = self._next = 0

    def control(self, data: "bytes | bytearray") -> None:
        """Send a packet before all messages."""
        self._control.append(data)

    def has_room(self, count: int) -> bool:
        """Whether a message of so many bytes would drop none."""
        return not self._waits or self._size + count <= BUFFER

    def add(self, topic: bytes, mid: int, owner: "Any", *payload: "Any") -> None:
        """Add a message. topic: as `packets.text` gives it."""
        self.put(packets.publish(topic, mid, False, *payload), mid, owner)

    def put(self, data: bytearray, mid: int, owner: "Any" = None) -> None:
        """Add a message that is a packet already; older ones are dropped if there is no room."""
        while not self.has_room(len(data)):
            self._remove(0)
            self.dropped += 1
        self._waits.append(Message(data, mid, owner))
        self._size += len(data)

    def confirmed(self, mid: int) -> None:
        """The broker has a message."""
        for i, message in enumerate(self._waits[: self._next]):
            if message.mid == mid:
                self._remove(i)
                return

    @property
    def oldest(self) -> int:
        """Number of the oldest message that was sent and is not confirmed; 0 if there is none."""
        return self._waits[0].mid if self._next else 0

    def leave(self, owner: "Any") -> None:
        """Drop what is for a client that has gone."""
        for i in range(len(self._waits) - 1, -1, -1):
            if self._waits[i].owner is owner:
                self._remove(i)

    def send(self, write: "Callable[[Any], int]") -> None:
        """Write what goes. write: how many bytes it took. Raises OSError."""
        while self._part or self._choose():
            count = write(memoryview(self._part)[self._sent :])
            if not count:
                return
            self._sent += count
            if self._sent == len(self._part):
                self._part = None

    def _choose(self) -> bool:
        """Take the next packet; whether there is one."""
        self._sent = 0
        if self._control:
            self._part = self._control.pop(0)
            return True
        if not self.open or self._next >= len(self._waits) or self._next >= INFLIGHT:
            return False
        message = self._waits[self._next]
        self._part = message.data
        if message.mid:
            self._next += 1
        else:
            self._remove(self._next)
        return True

    def _remove(self, i: int) -> None:
        self._size -= len(self._waits[i].data)
        del self._waits[i]
        if i < self._next:
            self._next -= 1
