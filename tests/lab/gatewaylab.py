"""A gateway in this process or in its own, and a watcher of all that it publishes."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt

from tests.lab.brokerlab import Mosquitto
from xnornode.fleet import gateway as gateway_module
from xnornode.fleet.gateway import Gateway
from xnornode.fleet.gateway_config import GatewaySettings, NodeSettings
from xnornode.link.mqtt_settings import BrokerSettings

PATIENCE = 30.0  # seconds for what is to happen, on a busy computer


class Watcher:
    """A client of the broker that keeps what comes. It connects again at once, with its session."""

    def __init__(
        self, settings: BrokerSettings, topics: str = "xnornode/#", name: str = "watcher"
    ) -> None:
        self.came: list[tuple[str, bytes, bool]] = []
        self._changed = threading.Condition()
        self._topics = topics
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, client_id=name, clean_session=False
        )
        if settings.user:
            self.client.username_pw_set(settings.user, settings.password)
        if settings.tls:
            self.client.tls_set(settings.ca)
        self.client.reconnect_delay_set(0.02, 0.02)
        self.client.on_connect = self._connected
        self.client.on_message = self._message
        self._subscribed = threading.Event()
        self.client.on_subscribe = lambda *about: self._subscribed.set()
        self.client.connect(settings.host, settings.port)
        self.client.loop_start()
        assert self._subscribed.wait(PATIENCE)

    def _connected(self, client: Any, *about: Any) -> None:
        client.subscribe(self._topics, 1)

    def _message(self, client: Any, data: Any, message: Any) -> None:
        with self._changed:
            self.came.append((message.topic, message.payload, message.retain))
            self._changed.notify_all()

    def until(self, holds: Callable[[], Any], seconds: float = PATIENCE) -> bool:
        """Whether something comes to hold."""
        with self._changed:
            return bool(self._changed.wait_for(holds, seconds))

    def of(self, topic: str) -> list[Any]:
        """The objects that came to a topic below xnornode/."""
        return [json.loads(data) for at, data, _ in [*self.came] if at == f"xnornode/{topic}"]

    def last(self, topic: str) -> Any:
        """The last payload of a topic: an object, or a text; None if there is none."""
        found = [data for at, data, _ in [*self.came] if at == f"xnornode/{topic}"]
        if not found:
            return None
        return json.loads(found[-1]) if found[-1].startswith(b"{") else found[-1].decode()

    def numbers(self, node: str) -> list[int]:
        """`seq` of a node's predictions, in their order."""
        return [fields["seq"] for fields in self.of(f"{node}/prediction")]

    def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish below xnornode/, and wait until the broker has it."""
        self.client.publish(f"xnornode/{topic}", payload, 1, retain).wait_for_publish(PATIENCE)

    def ask(self, node: str, payload: bytes, client: str = "me") -> Any:
        """A command's answer."""
        before = len(self.of(f"{node}/reply/{client}"))
        self.publish(f"{node}/command/{client}", payload)
        assert self.until(lambda: len(self.of(f"{node}/reply/{client}")) > before), payload[:99]
        return self.of(f"{node}/reply/{client}")[before]

    def close(self) -> None:
        """Leave."""
        self.client.disconnect()
        self.client.loop_stop()


def settings(broker: Mosquitto, folder: Path, *ports: Any, **more: Any) -> GatewaySettings:
    """Of a gateway `gw` with nodes on ports: URLs, or pairs of name and URL."""
    pairs = [("", port) if isinstance(port, str) else port for port in ports]
    nodes = tuple(NodeSettings(url, name) for name, url in pairs)
    made = GatewaySettings(name="gw", usb=False, queue=str(folder / "queue"))
    return replace(made, **{"broker": broker.settings(), "nodes": nodes} | more)


@contextmanager
def gateway(made: GatewaySettings, *extras: Any) -> Iterator[Gateway]:
    """A gateway in this process; `said` is what it told people."""
    said: list[str] = []
    gateway_module.STEP = 0.1  # a second is long in a test
    running = Gateway(made, said.append)
    running.said = said  # type: ignore[attr-defined]
    running.extras += [extra(running) for extra in extras]
    running.start()
    try:
        yield running
    finally:
        running.close()
    assert not running.refused["internal"], said


def write_file(path: Path, made: GatewaySettings, **more: Any) -> Path:
    """A file of settings for the command."""
    broker = {"host": made.broker.host, "port": made.broker.port, "prefix": made.broker.prefix}
    broker |= {"user": made.broker.user} if made.broker.user else {}
    broker |= {"tls": True, "ca": made.broker.ca} if made.broker.tls else {}
    own = {"name": made.name, "usb": False, "queue": made.queue} | more
    tables = [("[broker]", broker), ("[gateway]", own)]
    tables += [("[[node]]", {"port": node.port, "name": node.name}) for node in made.nodes]
    text = ""
    for head, table in tables:
        text += head + "".join(f"\n{key} = {json.dumps(value)}" for key, value in table.items())
        text += "\n"
    path.write_text(text)
    return path


@contextmanager
def command(*arguments: Any, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`xnornode gateway` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xnornode", "gateway", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait(holds: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    """Whether something comes to hold, looked at again and again."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
