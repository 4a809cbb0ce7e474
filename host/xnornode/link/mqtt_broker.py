"""A connection to an MQTT broker, by paho-mqtt: kept, and made again with growing pauses."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from typing import Any

from xnornode._extras import load_extra
from xnornode.errors import LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.mqtt_failures import REFUSED, Mistakes, why_not
from xnornode.link.mqtt_loop import Loop
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_subscriptions import Handler, Subscriptions
from xnornode.link.schema import printable

EXTRA = "mqtt"
"""The extra of the package that brings paho-mqtt."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds between two attempts to connect."""
KEEPALIVE = 30
"""Seconds without a message after which both sides ask whether the other one is there."""
UNSAID = "Unspecified error"
"""What paho says of a connection that just ends."""
CONNECT_SECONDS = 20.0
"""Seconds for the first connection."""
CLOSES = 2
"""Connections that are lost while something is published; then the broker does not want it."""


class Broker:
    """One client of a broker. It connects in a thread of its own, again and again.

    Parameters
    ----------
    settings : BrokerSettings
        Which broker, and who this client is.
    name : str, default ""
        The client's name at the broker; empty: a random one. A client with a name takes the place
        of its own old connection: else that one's will could come behind what this one says.
    will : tuple of str and bytes, optional
        Topic and payload that the broker publishes, retained, when this client is gone.
    say : callable, optional
        Gets a line where the connection is lost, refused, or there again.

    Attributes
    ----------
    connected : bool
        Whether the broker has let this client in.
    why : str
        Why there is no connection; empty while there is one.
    reconnections : int
        How often it was made again.
    lost : int
        How often it was lost.
    mistakes : Mistakes
        Errors in handlers, which end nothing.

    Raises
    ------
    XnorNodeError
        If paho-mqtt is missing.
    LinkError
        If a certificate cannot be read.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        name: str = "",
        will: tuple[str, bytes] | None = None,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        mqtt: Any = load_extra("paho.mqtt.client", EXTRA)
        self.settings, self.mistakes = settings, Mistakes(say)
        self.connected, self.why, self.reconnections = False, "it was not tried yet", 0
        self.lost = 0
        self.on_connected: list[Callable[[], None]] = []
        """Called at each connection, in its thread, once the subscriptions are made, and what was
        not confirmed before is on its way again."""
        self.on_lost: list[Callable[[], None]] = []
        """Called when a connection is gone, in its thread."""
        self._changed = threading.Event()
        self._met = self._closed = self._failed = False
        self._fatal = ""
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv311
        )
        client.max_inflight_messages_set(0)  # else each confirmation looks at all that are to come
        if settings.user:
            client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            try:
                client.tls_set(settings.ca or None, settings.cert or None, settings.key or None)
            except (OSError, ssl.SSLError) as error:
                raise LinkError(f"a certificate cannot be read: {error}") from error
        if will:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message = self._on_message
        self.client = client
        self._subscriptions = Subscriptions(client, self.mistakes)
        self._loop = Loop(client, FIRST_PAUSE, LONGEST_PAUSE, self)

    def start(self) -> None:
        """Begin to connect. Does not wait."""
        self.client.connect_async(self.settings.host, self.settings.tcp_port, KEEPALIVE)
        self._loop.start()

    def wait(self, seconds: float = CONNECT_SECONDS, once: bool = False) -> None:
        """Wait for the first connection.

        Parameters
        ----------
        seconds : float, default CONNECT_SECONDS
            How long at most.
        once : bool, default False
            Whether to give up as soon as an attempt has failed.

        Raises
        ------
        LinkError
            If there is none in time, or the broker refuses this client.
        """
        wait = Deadline(seconds)
        while not (self.connected or self._fatal or wait.passed or (once and self._failed)):
            self._changed.wait(min(wait.left, 1.0))
            self._changed.clear()
        if not self.connected:
            raise LinkError(f"the broker {self.settings.where}: {self._fatal or self.why}")

    @property
    def alive(self) -> bool:
        """Whether its thread runs."""
        return self._loop.alive

    @property
    def refused(self) -> str:
        """Why the broker will never let this client in; empty if it may."""
        return self._fatal

    def subscribe(self, pattern: str, handler: Handler, qos: int = 1) -> None:
        """Have messages of topics, now and after each new connection.

        Parameters
        ----------
        pattern : str
            A topic, or a filter with `+` and `#`. Different filters may not overlap; the same one
            may have several handlers, and each gets what is retained when another one comes.
        handler : callable
            Gets topic, payload, and whether the message was retained.
        qos : int, default 1
            Quality of service.
        """
        self._subscriptions.add(pattern, handler, qos)

    def unsubscribe(self, pattern: str, handler: Handler | None = None) -> None:
        """Have these messages no more: by one of their handlers, or by none."""
        self._subscriptions.remove(pattern, handler)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> Any:
        """Publish a message.

        Parameters
        ----------
        topic : str
            Where.
        payload : bytes
            What; empty and retained: take the message back.
        qos : int, default 1
            Quality of service.
        retain : bool, default False
            Whether late joiners get it.

        Returns
        -------
        paho.mqtt.client.MQTTMessageInfo
            Its number is `mid`; `is_published()` says whether the broker has confirmed it.
        """
        return self.client.publish(topic, payload, qos, retain)

    def publish_all(self, messages: list[tuple[str, bytes]], seconds: float = 10.0) -> None:
        """Publish retained messages, and wait until the broker has them.

        Parameters
        ----------
        messages : list of tuple of str and bytes
            Topics and payloads.
        seconds : float, default 10.0
            How long to wait at most.

        Raises
        ------
        LinkError
            If the broker does not confirm them in time, or closes the connection again and again.
        """
        lost = self.lost
        infos = [self.publish(topic, payload, 1, True) for topic, payload in messages]
        wait = Deadline(seconds)
        while not all(self.is_out(info) for info in infos):
            if self.lost - lost >= CLOSES:
                raise LinkError(
                    f"the broker {self.settings.where} closes the connection where "
                    f"{self.settings.user or 'this program'} publishes at {messages[0][0]}: may it "
                    "write there? See the broker's access list, and how long messages may be"
                )
            if wait.passed:
                raise LinkError(
                    f"the broker {self.settings.where} does not confirm: "
                    f"{self.why or 'it may refuse messages of this size'}"
                )
            wait.pause(0.01)

    def is_out(self, info: Any) -> bool:
        """Whether the broker has confirmed a message; also one that was given while it was away."""
        try:
            return bool(info.is_published())
        except RuntimeError:
            return info.mid not in self.client._out_messages

    def close(self, seconds: float = 5.0) -> None:
        """Disconnect, once what was published is confirmed or the time is over."""
        self._closed = True
        wait = Deadline(seconds)
        while self.connected and not wait.passed and self.client._out_messages:
            wait.pause(0.01)
        self.client.disconnect()
        self._loop.stop()

    # Called in the connection's thread

    def _on_connect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        if reason.is_failure:
            text = str(reason)
            self.why = f"it refuses this client: {REFUSED.get(text, text)}"
            if not self._met and text in REFUSED:
                self._fatal = self.why
            self._failed = True
            self.mistakes.say(f"the broker {self.settings.where}: {self.why}")
            self._changed.set()
            return
        self._subscriptions.make()

    def let_in(self) -> None:
        """The broker has let this client in, and paho has sent again what was not confirmed.

        Not earlier: what others publish from now on would overtake it.
        """
        if self._met:
            self.reconnections += 1
            self.mistakes.say(f"the broker {self.settings.where} is there again")
        self._met, self.connected, self.why = True, True, ""
        for call in self.on_connected:
            self.mistakes.safely(call)
        self._changed.set()

    def _on_disconnect(self, client: Any, data: Any, flags: Any, reason: Any, more: Any) -> None:
        text = printable(str(reason))
        self._is_lost("it has ended, or cannot be reached" if text == UNSAID else text)

    def _is_lost(self, why: str) -> None:
        was = self._subscriptions.made
        self._subscriptions.made = self.connected = False
        self.lost += was
        if self._closed:
            return
        if was:
            self.why = f"the connection was lost: {why}"
            self.mistakes.say(f"the broker {self.settings.where}: {self.why}; trying again")
            for call in self.on_lost:
                self.mistakes.safely(call)
        self._changed.set()

    def broke(self, error: Exception) -> None:
        """Something was raised where the connection is read or written: it counts as lost."""
        self.mistakes.count_in(error)
        self._is_lost(printable(repr(error)))

    def failed(self, error: Exception) -> None:
        """An attempt to connect has failed."""
        self.why, self._failed = why_not(error), True
        if isinstance(error, ssl.SSLCertVerificationError) and not self._met:
            self._fatal = self.why
        self._changed.set()

    def _on_message(self, client: Any, data: Any, message: Any) -> None:
        """A message that no handler is for."""
