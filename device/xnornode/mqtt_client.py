"""A node as client of a broker: one connection after the other, and what goes over it."""

import time

from xnornode import mqtt_packets as packets
from xnornode.events import emit
from xnornode.identity import is_name, read_name
from xnornode.mqtt_inbox import Inbox
from xnornode.mqtt_places import CLIENTS, Place
from xnornode.mqtt_queue import Queue
from xnornode.mqtt_state import State
from xnornode.mqtt_wire import Wire
from xnornode.stream import device

TYPE_CHECKING = False  # there is no `typing` on the node
if TYPE_CHECKING:
    from typing import Any

PORT, TLS_PORT = 1883, 8883
PREFIX = "xnornode"
KEEP_S = 60  # after which the broker takes a silent node for gone
UNHEARD_MS = 20_000  # after which the broker is asked whether it is there
DEAD_MS = 45_000  # and after which it is not
STATE_MS = 60_000  # from one state to the next
FULL_MS = 1000  # from a state that has no room to the next attempt
NAME_MS = 5000  # from one look for a new name to the next
WARN_MS = 60_000  # from one warning to the next of its kind
REASONS = (
    "",
    "it does not speak MQTT 3.1.1",
    "it does not take this client's name",
    "it is not ready",
    "check `user` and `password`",
    "check `user` and `password`: it does not let this one in",
)


class Client:
    """One connection to a broker after the other, and what goes over it.

    settings: keys of `mqtt` in net.json. allow: as of `mqtt.connect`. name: of the node. file:
    where a new name would stand; empty if it does not change.
    """

    def __init__(
        self, settings: "dict[str, Any]", allow: "tuple[str, ...]", name: str, file: str
    ) -> None:
        self.name, self._file = name, file
        self._settings = settings
        self._prefix = settings.get("prefix") or PREFIX
        self.qos = settings.get("qos", 1)
        self.queue = Queue()
        self.state = State(self)
        self.places = [Place(self, allow) for _ in range(CLIENTS)]
        port = settings.get("port") or (TLS_PORT if settings.get("ca") else PORT)
        self._where = f"the broker {settings['host']}:{port}"
        self._wire = Wire(settings["host"], port, settings.get("ca", ""))
        self.inbox = Inbox(self, self._read)
        self._says: list[tuple[str, str]] = []
        self._counts: dict[str, int] = {}  # of warnings, since one was written
        self._said: dict[str, int] = {}
        self._let_in = self._was_there = self._turning = self._told = False
        self._heard = self._asked = self._stated = self._named = self._mids = 0
        self._oldest = self._sent = 0  # message that is not confirmed, and since when
        self._length = 0  # of the last state
        self._full_since: int | None = None  # when there was no room for one
        self.connections = 0
        self._new_name = ""
        self._use_name()

    def _use_name(self) -> None:
        base = self._prefix + "/" + self.name + "/"
        self.commands = (base + "command/").encode()
        self._replies = (base + "reply/").encode()
        self._availability, self._state_topic = base + "availability", base + "state"
        self.prediction = packets.text(base + "prediction")
        self.event = packets.text(base + "event")

    def mid(self) -> int:
        """A number for a message."""
        self._mids = self._mids % 65535 + 1
        return self._mids

    def reply_topic(self, word: bytes) -> bytes:
        """Where a client's answers go."""
        return packets.text(self._replies + word)

    def turn(self) -> None:
        """See to the connection. To be called often."""
        if self._turning:  # by an event that this has caused
            return
        self._turning = True
        try:
            self._turn()
        except Exception as error:  # whatever a broker sends, the program goes on
            self.lost(error)
        finally:
            self._turning = False
        while self._says:
            self._warn(*self._says.pop(0))

    def _turn(self) -> None:
        wire = self._wire
        wire.keep_network()
        if not wire.connected:
            if self._was_there:  # it broke under a read or a write
                self.lost(OSError("the connection was closed"))
            if wire.look():
                self._greet()
            elif wire.failed:
                wire.failed = False
                self._tell("it cannot be reached")
            return
        self.inbox.take_packets()
        now = time.ticks_ms()
        self._ask(now)
        if self._let_in and not self._new_name:
            self._look_for_name(now)
            if not 0 <= time.ticks_diff(now, self._stated) < STATE_MS:
                self.state.due = True
            for place in self.places:
                place.look(now)
            if self.state.due:
                self._publish_state(now)
        self.queue.send(wire.write)

    def _greet(self) -> None:
        self._was_there = True
        self.inbox.restart()
        self.queue.restart()
        self._heard = self._asked = self._sent = time.ticks_ms()
        given = self._settings
        name = self._prefix.replace("/", "-") + "-" + self.name
        will = (self._availability, b"offline")
        user, password = given.get("user", ""), given.get("password", "")
        self.queue.control(packets.connect(name, KEEP_S, user, password, will))

    def lost(self, error: Exception) -> None:
        """Leave a connection that is of no use any more."""
        self._wire.hang_up()
        if self._new_name:
            self.queue.clear()
            self.name, self._new_name = self._new_name, ""
            self._use_name()
        elif self._was_there:
            self._tell(str(error) or type(error).__name__)
        self._was_there = self._let_in = False
        self.queue.open = False
        self.inbox.restart()
        for place in self.places:
            place.leave()

    def _tell(self, why: str) -> None:
        """Say that the broker is away, once until it is back."""
        if not self._told:
            self._told = True
            self.say("network", f"{self._where}: {why}; trying again")

    def say(self, kind: str, text: str) -> None:
        """Have a warning counted, and written at the end of this turn."""
        self._counts[kind] = self._counts.get(kind, 0) + 1
        if len(self._says) < 4:
            self._says.append((kind, text))

    def _warn(self, kind: str, text: str) -> None:
        now = time.ticks_ms()
        last = self._said.get(kind)
        if last is None or not 0 <= time.ticks_diff(now, last) < WARN_MS:
            self._said[kind] = now
            try:  # noqa: SIM105 (no contextlib on the node)
                emit("warning", kind=kind, warning=text, count=self._counts.pop(kind, 1))
            except MemoryError:
                pass  # the program goes on

    def _read(self, buffer: "memoryview") -> int | None:
        count = self._wire.readinto(buffer)
        if count:
            self._heard = time.ticks_ms()
        return count

    def _ask(self, now: int) -> None:
        """Ask a silent broker whether it is there, and give it up."""
        unheard = time.ticks_diff(now, self._heard)
        if not 0 <= unheard < DEAD_MS:
            raise OSError("it does not answer any more")
        if unheard > UNHEARD_MS and time.ticks_diff(now, self._asked) > UNHEARD_MS:
            self._asked = now
            if self._let_in:
                self.queue.control(packets.PINGREQ)
        oldest = self.queue.oldest
        if oldest != self._oldest or not oldest:
            self._oldest, self._sent = oldest, now
        elif not 0 <= time.ticks_diff(now, self._sent) < DEAD_MS:
            raise OSError("it does not confirm what it gets")

    def answered(self, code: int) -> None:
        """What the broker says to a connection. code: of the CONNACK."""
        if self._let_in:
            raise ValueError("it answers twice")
        if code:
            why = REASONS[code] if code < len(REASONS) else f"reason {code}"
            raise OSError(f"it refuses this node: {why}")
        self._let_in = True
        self._told = False
        self._wire.well()
        self.connections += 1
        self.queue.control(packets.subscribe(self.commands + b"+", self.mid()))
        self.queue.control(self._retained(self._availability, b"online"))
        self.state.due = True
        self.queue.open = True

    def _retained(self, topic: str, payload: bytes) -> bytearray:
        return packets.publish(packets.text(topic), self.mid(), True, payload)

    def _publish_state(self, now: int) -> None:
        full = self._full_since
        if full is not None and 0 <= time.ticks_diff(now, full) < FULL_MS:
            return
        if self.queue.has_room(self._length):  # to write one in vain would hold up the samples
            try:
                payload = self.state.payload()
            except MemoryError:  # the next one may have room
                payload = None
                self.state.due = False
                self._stated = now
            if not payload:
                return
            self._length = len(payload)
            if self.queue.has_room(self._length):
                self._full_since = None
                self.state.due = False
                self._stated = now
                self.queue.put(self._retained(self._state_topic, payload), self._mids)
                return
        self._full_since = now

    def _look_for_name(self, now: int) -> None:
        """Begin again where the node has got another name."""
        if not self._file or 0 <= time.ticks_diff(now, self._named) < NAME_MS:
            return
        self._named = now
        name = read_name(self._file) or device()
        if is_name(name) and name != self.name:
            self._rename(name)

    def _rename(self, name: str) -> None:
        """Begin again under another name, and take back what is under the old one."""
        for topic in (self._state_topic, self._availability):
            self.queue.control(self._retained(topic, b""))
        self.queue.control(packets.DISCONNECT)
        self.queue.open = False
        self._new_name = name  # from when the broker has closed the connection
