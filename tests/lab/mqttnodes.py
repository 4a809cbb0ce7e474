"""Nodes that speak MQTT themselves, each with a connection of its own and its own will.

They classify nothing, take no commands, and keep no prediction while the broker is away, as a board
without room for a queue. What was sent and not confirmed is sent again.
"""

import asyncio
import json
import secrets
import struct
import time
from contextlib import suppress

from tests.lab.linenodes import LABELS, MODEL
from xnornode.fleet.payloads import State, to_payload
from xnornode.link.messages import NodeModel
from xnornode.link.mqtt_topics import OFFLINE, ONLINE, Topics

CONNECT, CONNACK, PUBLISH, PUBACK, PINGREQ, DISCONNECT = 0x10, 2, 3, 4, 0xC0, 0xE0
RETAINED, AGAIN, AT_LEAST_ONCE = 0x01, 0x08, 0x02  # flags of PUBLISH
KEEPALIVE = 30  # seconds
STATE_EVERY = 60.0  # seconds
MOST_UNCONFIRMED = 16  # predictions; then a node makes no more


def packet(kind: int, body: bytes) -> bytes:
    """A packet of MQTT 3.1.1."""
    size, head = len(body), bytearray([kind])
    while True:
        size, part = divmod(size, 128)
        head.append(part | (128 if size else 0))
        if not size:
            return bytes(head) + body


def text(value: bytes) -> bytes:
    """A text of MQTT."""
    return struct.pack(">H", len(value)) + value


class MqttNode:
    """One node. `made` counts its predictions, `seq` is the next one's number."""

    def __init__(self, name: str, port: int, prefix: str = "xnornode") -> None:
        self.name, self._port, self._topics = name, port, Topics(prefix)
        self.session, self.seq, self.made = secrets.token_hex(4), 0, 0
        self.there = False
        self._number = 0
        self._unconfirmed: dict[int, bytes] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connect, again and again."""
        self._task = asyncio.ensure_future(self._run())

    async def close(self) -> None:
        """Disconnect, once all is confirmed or five seconds are over."""
        end = time.monotonic() + 5
        while self._unconfirmed and time.monotonic() < end:
            await asyncio.sleep(0.01)
        if self._task:
            self._task.cancel()
        if self._writer:
            self._writer.write(packet(DISCONNECT, b""))
            self._writer.close()

    async def _run(self) -> None:
        while True:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._live()
            self.there, self._writer = False, None
            await asyncio.sleep(1.0)

    async def _live(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        beats = None
        try:
            will = self._topics.node(self.name, "availability").encode()
            # Protocol, clean session with a will at QoS 1 that is retained
            body = text(b"MQTT") + bytes([4, 0x2E]) + struct.pack(">H", KEEPALIVE)
            writer.write(packet(CONNECT, body + text(b"") + text(will) + text(OFFLINE)))
            kind, answer = await self._packet(reader)
            assert kind == CONNACK and answer[1] == 0, answer
            self._writer, self.there = writer, True
            for sent in self._unconfirmed.values():
                writer.write(bytes([sent[0] | AGAIN]) + sent[1:])
            self._publish("availability", ONLINE, True)
            beats = asyncio.ensure_future(self._beat(writer))
            while True:
                kind, answer = await self._packet(reader)
                if kind == PUBACK:
                    self._unconfirmed.pop(struct.unpack(">H", answer)[0], None)
        finally:
            if beats:
                beats.cancel()
            writer.close()

    async def _beat(self, writer: asyncio.StreamWriter) -> None:
        pause = STATE_EVERY
        while True:
            if pause >= STATE_EVERY:
                pause = 0.0
                self._publish("state", to_payload(self.state()), True)
            await asyncio.sleep(KEEPALIVE / 2)
            pause += KEEPALIVE / 2
            writer.write(packet(PINGREQ, b""))

    @staticmethod
    async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
        kind, size, shift = (await reader.readexactly(1))[0] >> 4, 0, 0
        while True:
            part = (await reader.readexactly(1))[0]
            size |= (part & 127) << shift
            shift += 7
            if part < 128:
                return kind, await reader.readexactly(size)

    def _publish(self, kind: str, payload: bytes, retained: bool) -> None:
        self._number = self._number % 65535 + 1
        topic = text(self._topics.node(self.name, kind).encode())
        flags = AT_LEAST_ONCE | (RETAINED if retained else 0)
        sent = packet(PUBLISH << 4 | flags, topic + struct.pack(">H", self._number) + payload)
        self._unconfirmed[self._number] = sent
        if self._writer:
            self._writer.write(sent)

    def predict(self) -> None:
        """Classify a window, where the broker is there."""
        if not self.there or len(self._unconfirmed) >= MOST_UNCONFIRMED:
            return
        index, now = self.seq % 3, time.monotonic_ns() // 1_000_000
        fields = {"event": "prediction", "seq": self.seq, "ms": now, "label": LABELS[index]}
        fields |= {"index": index, "scores": [9 if index == i else -9 for i in range(3)], "us": 900}
        fields |= {"answer": LABELS[index], "confidence": 900, "session": self.session}
        self.seq += 1
        self.made += 1
        self._publish("prediction", json.dumps(fields, separators=(",", ":")).encode(), False)

    def state(self) -> State:
        """What it says of itself."""
        return State(
            self.name,
            "",
            session=self.session,
            library="0.2.0",
            machine="a simulated node",
            running=True,
            model=NodeModel(**MODEL),  # type: ignore[arg-type]
            labels=LABELS,
            predictions=self.made,
            last=None,
        )
