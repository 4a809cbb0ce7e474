"""The packets of MQTT 3.1.1 that a node needs: bytes to packets and back, without ever waiting.

Runs in CPython too, where its tests drive it. A packet that cannot be is a ValueError; no packet
takes more than HEAD bytes of memory, as a message's payload is taken piece by piece.
"""

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13
SHORT = {CONNACK: (2, 2), PUBACK: (2, 2), SUBACK: (3, 3), PINGRESP: (0, 0)}  # bytes of the others
PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
HEAD = 192  # bytes: of a topic and what stands before the payload
LONGEST = 0x0FFFFFFF  # that a packet may have


class Packets:
    """Takes packets from a stream.

    readinto: takes what has come into a memoryview; None if nothing has. `next` gives one packet
    after the other. Of a PUBLISH the payload is left in the stream: `left` bytes, that `payload`
    takes, and that have to be taken before the next packet.

    Attributes, of the last packet: `kind`, its type; `body`, the bytes of one that is no PUBLISH;
    of a PUBLISH `topic`, bytes, empty if it is longer than HEAD; `mid`, the number that a PUBACK
    names, 0 if none is wanted; `retained`; `size` of the payload.
    """

    def __init__(self, readinto: "Callable[[memoryview], int | None]") -> None:
        self._readinto = readinto
        self._head = memoryview(bytearray(HEAD))
        self._one = self._head[:1]  # a look at a silent broker makes no garbage
        self.restart()

    def restart(self) -> None:
        """Begin again, on a new connection."""
        self._have = 0  # bytes in the head
        self._stage = self._rest = self._digits = self._topic = 0
        self._flags = 0
        self.kind = self.mid = self.size = self.left = 0
        self.topic = self.body = b""
        self.retained = False

    def next(self) -> bool:
        """Whether a packet has come, whose payload is still to be taken. Raises ValueError."""
        if self.left:
            return False
        while self._more():
            if self._stage == 4:
                self._stage = 0
                return True
        return False

    def payload(self, buffer: "memoryview") -> int:
        """Take some of the payload; how many bytes."""
        count = self._readinto(buffer[: min(len(buffer), self.left)]) or 0
        self.left -= count
        return count

    def _more(self) -> bool:
        """Go on by one stage, or a digit of the length; False where more has to come."""
        stage = self._stage
        if stage == 0:
            if not self._fill(1):
                return False
            first = self._head[0]
            self.kind, self._flags = first >> 4, first & 15
            if self.kind != PUBLISH and (self.kind not in SHORT or self._flags):
                raise ValueError("a packet that no broker sends to a client")
            if self.kind == PUBLISH and self._flags & 6 > 2:
                raise ValueError("a message of QoS 2")
            self._rest = self._digits = 0
            self._stage = 1
        elif stage == 1:
            if not self._fill(1):
                return False
            self._rest |= (self._head[0] & 127) << (7 * self._digits)
            self._digits += 1
            if self._head[0] & 128:
                if self._digits == 4:
                    raise ValueError("a length of five bytes")
            else:
                self._stage = 2
                self._check_length()
        elif self.kind != PUBLISH:
            if not self._fill(self._rest):
                return False
            self.body = bytes(self._head[: self._rest])
            self._stage = 4
        elif stage == 2:
            if not self._fill(2):
                return False
            self._topic = self._head[0] << 8 | self._head[1]
            self._rest -= 2 + self._topic + (2 if self._flags & 6 else 0)
            if self._rest < 0 or not self._topic:
                raise ValueError("a message without room for its topic")
            self.topic = b""
            self._stage = 3
        else:
            return self._take_topic()
        self._have = 0
        return True

    def _check_length(self) -> None:
        if self.kind == PUBLISH:
            right = self._rest >= 2
        else:
            least, most = SHORT[self.kind]
            right = least <= self._rest <= most
        if not right:
            raise ValueError("a packet of a wrong length")

    def _take_topic(self) -> bool:
        """Take the topic and the number; what does not fit is passed over."""
        number = 2 if self._flags & 6 else 0
        while self._topic + number > HEAD:  # it is none of ours: its beginning does not matter
            if not self._fill(min(HEAD, self._topic + number - HEAD)):
                return False
            self._topic -= self._have
            self._have = 0
            self.topic = b"?"
        if not self._fill(self._topic + number):
            return False
        at = self._topic
        self.topic = b"" if self.topic == b"?" else bytes(self._head[:at])
        self.mid = self._head[at] << 8 | self._head[at + 1] if number else 0
        if number and not self.mid:
            raise ValueError("a message with the number 0")
        self.retained = bool(self._flags & 1)
        self.size = self.left = self._rest
        self._have, self._stage = 0, 4
        return True

    def _fill(self, count: int) -> bool:
        """Whether so many bytes are in the head."""
        while self._have < count:
            space = self._one if count == 1 else self._head[self._have : count]
            got = self._readinto(space)
            if not got:
                return False
            self._have += got
        return True


def text(value: "str | bytes") -> bytes:
    """A text with its length. Raises ValueError."""
    data = value.encode() if isinstance(value, str) else value
    if len(data) > 65535:
        raise ValueError("a text is too long")
    return len(data).to_bytes(2, "big") + data


def packet(first: int, *parts: "Any") -> bytearray:
    """A packet. first: its first byte. parts: bytes or memoryviews, in this order."""
    size = rest = sum([len(part) for part in parts])
    if size > LONGEST:
        raise ValueError("a message is too long")
    made = bytearray((first,))
    while True:
        made.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
        if not rest:
            break
    at = len(made)
    whole = bytearray(at + size)
    whole[:at] = made
    for part in parts:
        whole[at : at + len(part)] = part
        at += len(part)
    return whole


def connect(client: str, keep_s: int, user: str, password: str, will: "tuple[str, bytes]") -> bytes:
    """A CONNECT with a clean session, and a will that is retained, of QoS 1."""
    flags = 0x02 | 0x04 | 0x08 | 0x20
    rest = text(client) + text(will[0]) + text(will[1])
    if user:
        flags |= 0x80
        rest += text(user)
        if password:
            flags |= 0x40
            rest += text(password)
    head = b"\x00\x04MQTT\x04" + bytes((flags,)) + keep_s.to_bytes(2, "big")
    return bytes(packet(0x10, head, rest))


def subscribe(topic: bytes, mid: int) -> bytes:
    """A SUBSCRIBE to one filter, of QoS 1."""
    return bytes(packet(0x82, mid.to_bytes(2, "big"), text(topic), b"\x01"))


def puback(mid: int) -> bytes:
    """The answer to a message of QoS 1."""
    return b"\x40\x02" + mid.to_bytes(2, "big")


def publish(topic: bytes, mid: int, retain: bool, *payload: "Any") -> bytearray:
    """A message. topic: as `text` gives it. mid: its number for QoS 1; 0: QoS 0."""
    flags = (2 if mid else 0) | (1 if retain else 0)
    number = mid.to_bytes(2, "big") if mid else b""
    return packet(0x30 | flags, topic, number, *payload)
