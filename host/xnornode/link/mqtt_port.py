"""A node on an MQTT broker as a port: lines of the protocol, and nothing else.

docs/reference/mqtt.md, "Commands". Each open port is a client of the node, with a word of its own.
"""

from __future__ import annotations

import json
import re
import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import serial

from xnornode.link.deadline import NEVER, Deadline
from xnornode.link.framing import seal
from xnornode.link.mqtt_broker import CONNECT_SECONDS, Broker
from xnornode.link.mqtt_presence import Presence
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, Topics, client_word
from xnornode.link.mqtt_url import node_of, settings_of
from xnornode.link.schema import read_json

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNCONFIRMED = 16
"""Lines that may be on their way to the broker at once."""
HELD = 1 << 20
"""Bytes of lines that wait for a slow reader; then predictions and events are dropped."""
REMEMBERED = 256
"""Predictions and samples that are remembered, as QoS 1 may bring one twice."""
LAST_WORDS = 2.0
"""Seconds in which the last lines reach the broker when the port is closed."""
GLANCE = 5.0
"""Seconds of one wait for bytes, of which an endless one is made."""
_ENDS = re.compile(rb"[\r\n]+")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class MqttPort(serial.SerialBase):
    """A node on a broker, as pyserial has ports.

    What is written is cut into lines, and only lines of the protocol go out: nothing for a REPL.
    What is read are the node's answers to this client, and its predictions and events.

    Parameters
    ----------
    port : str or None, default None
        mqtt://[USER@]HOST[:PORT]/NODE[?prefix=PREFIX], or mqtts:// for TLS. It is opened at once
        where it is named.
    patience : float, default CONNECT_SECONDS
        Seconds for the broker to answer.
    given : BrokerSettings, optional
        How the broker is reached, where it is known; the URL's, the file's and the environment's
        words do not count then.
    **settings
        As those of `serial.Serial`.

    Attributes
    ----------
    only_lines : bool
        True: nobody reaches a REPL by it.

    Examples
    --------
    >>> MqttPort(write_timeout=10).is_open
    False
    """

    only_lines = True
    _port: str | None

    def __init__(
        self,
        port: str | None = None,
        patience: float = CONNECT_SECONDS,
        given: BrokerSettings | None = None,
        **settings: Any,
    ) -> None:
        self._broker: Broker | None = None
        self._given = given
        self._patience = patience
        self._changed = threading.Condition()
        self._came = bytearray()
        self._said: deque[bytes] = deque(maxlen=REMEMBERED)
        self._unfinished = b""
        self._why = ""
        self._command = ""  # the topic that this client's lines go to
        self._sent: deque[Any] = deque()
        self.dropped = 0
        """Predictions and events that nobody read in time."""
        super().__init__(port, **settings)

    def open(self) -> None:
        """Connect to the broker, and see that the node is there. Raises LinkError."""
        if self.is_open:
            raise serial.SerialException("it is open already")
        url = str(self._port)
        settings, node, client = self._given or settings_of(url), node_of(url), client_word()
        topics = Topics(settings.prefix)
        self.name, self._command = url, topics.node(node, "command", client)
        # Who commands no more makes room for others, also where it ends without a word
        broker = Broker(settings, will=(self._command, b""))
        try:
            broker.start()
            broker.wait(self._patience, once=True)
            broker.on_lost.append(lambda: self._end(broker.why))
            broker.subscribe(topics.node(node, "reply", client), self._on_reply)
            for kind in ("event", "prediction"):
                broker.subscribe(topics.node(node, kind), self._on_event)
            Presence(broker, topics, node, self._end).find()
        except BaseException:
            broker.close(0.0)
            raise
        self._broker = broker
        self.is_open = True

    # Called in the connection's thread

    def _on_reply(self, topic: str, payload: bytes, retained: bool) -> None:
        if retained or len(payload) > LONGEST_PAYLOAD:
            return
        line = payload.rstrip(b"\r\n") + b"\n"
        if line.startswith(b'{"event":"samples"') and self._twice(line):
            return
        with self._changed:
            self._came += line
            self._changed.notify_all()

    def _on_event(self, topic: str, payload: bytes, retained: bool) -> None:
        if retained or len(payload) > LONGEST_PAYLOAD:
            return  # of before, which is no event any more
        with suppress(ValueError, RecursionError):
            line = as_line(payload)
            if line is None or self._twice(line):
                return
            with self._changed:
                if len(self._came) > HELD:
                    self.dropped += 1
                else:
                    self._came += line
                self._changed.notify_all()

    def _twice(self, line: bytes) -> bool:
        """Whether a line with a number of its own has come before."""
        if b'"seq":' not in line:
            return False
        twice = line in self._said
        self._said.append(line)
        return twice

    def _end(self, why: str) -> None:
        """Have reads and writes fail from now on: the connection is over."""
        with self._changed:
            self._why = self._why or why
            self._changed.notify_all()

    # As pyserial has it

    def read(self, size: int = 1) -> bytes:
        """As many bytes, or those that came in time. Raises SerialException."""
        self._must_be_open()
        wait = NEVER if self.timeout is None else Deadline(self.timeout)
        with self._changed:
            while len(self._came) < size and not self._why and not wait.passed:
                self._changed.wait(min(wait.left, GLANCE))
            if self._why and not self._came:
                raise serial.SerialException(self._why)
            data = bytes(self._came[:size])
            del self._came[:size]
        return data

    def write(self, data: ReadableBuffer, /) -> int:
        """Publish the lines that end in these bytes. Raises SerialException."""
        self._must_be_open()
        data = bytes(data)
        *lines, self._unfinished = _ENDS.split(self._unfinished + data)
        if len(self._unfinished) > LONGEST_PAYLOAD or _CONTROL.search(self._unfinished):
            self._unfinished = b""  # keys of a REPL
        for line in filter(is_line, lines):
            self._make_room()
            assert self._broker
            self._sent.append(self._broker.publish(self._command, line))
        return len(data)

    def _make_room(self) -> None:
        """Wait while too many lines are on their way. Raises SerialException."""
        wait = Deadline(CONNECT_SECONDS if self.write_timeout is None else self.write_timeout)
        while self.out_waiting >= UNCONFIRMED:
            if self._why:
                break
            if wait.passed:
                raise serial.SerialException("the broker does not confirm what is sent")
            wait.pause(0.002)
        if self._why:
            raise serial.SerialException(self._why)

    def _must_be_open(self) -> None:
        if not self.is_open:
            raise serial.PortNotOpenError()

    @property
    def in_waiting(self) -> int:
        """Bytes that have come."""
        self._must_be_open()
        with self._changed:
            if self._why and not self._came:
                raise serial.SerialException(self._why)
            return len(self._came)

    @property
    def out_waiting(self) -> int:
        """Lines that the broker has not confirmed."""
        while self._sent and (self._why or not self._broker or self._broker.is_out(self._sent[0])):
            self._sent.popleft()
        return len(self._sent)

    def reset_input_buffer(self) -> None:
        """Forget what has come."""
        with self._changed:
            self._came.clear()

    def reset_output_buffer(self) -> None:
        """Forget a line without its end."""
        self._unfinished = b""

    def close(self) -> None:
        """Leave the node, and disconnect."""
        broker, self._broker = getattr(self, "_broker", None), None
        self.is_open = False
        if broker:
            if broker.connected:  # also where the node was away: lines may have come since
                broker.publish(self._command, b"")
            broker.close(LAST_WORDS if broker.connected else 0.0)

    def _reconfigure_port(self, *_: object, **__: object) -> None:
        """There are no settings of a serial line."""

    def _update_dtr_state(self) -> None:
        """There is no such line."""

    def _update_rts_state(self) -> None:
        """There is no such line."""

    def _update_break_state(self) -> None:
        """There is no such line."""


def is_line(line: bytes) -> bool:
    """Whether bytes look like a line of the protocol: nothing else goes out.

    Examples
    --------
    >>> is_line(b'{"cmd":"list"}'), is_line(bytes([3]))
    (True, False)
    """
    return line.startswith(b"{") and line.endswith(b"}") and not _CONTROL.search(line)


def as_line(payload: bytes) -> bytes | None:
    r"""An event's payload as a line of the node; None if it is none. Raises ValueError.

    Examples
    --------
    >>> as_line(b'{"event":"end","count":3,"time":7}')
    b'{"event":"end","count":3,"time":7,"crc":"ebf29a3d"}\n'
    """
    given = read_json(payload)
    if not isinstance(given, dict) or not isinstance(name := given.pop("event", None), str):
        return None
    given.pop("crc", None)
    return seal(json.dumps({"event": name, **given}, separators=(",", ":"))[:-1].encode("ascii"))
