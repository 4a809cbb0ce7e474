"""A node that speaks MQTT itself: device/classify.py on the unix build, with a broker's address."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.lab.brokerlab import Mosquitto
from tests.lab.livenode import DEVICE, prepare
from tests.lab.netnode import CallingNode, configure
from tests.lab.targets import Interpreter, interpreter
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings

NAME = "kitchen"
HASTE = """from xnornode import mqtt_client, net
net.FIRST_MS, net.LONGEST_MS = 20, 50
mqtt_client.NAME_MS = 200
"""
PATIENCE = 60.0  # seconds for what takes one or two


class MqttNode(CallingNode):
    """Its standard port is read and thrown away, but for the last pieces: `said`."""

    broker_port: int

    def use(self, stock: Interpreter) -> None:
        """Run by another interpreter from the next start on, such as one with TLS."""
        self._command = [*stock.command, *self._command[1:]]
        path = stock.environment()["MICROPYPATH"]
        self._env = {**stock.environment(), "MICROPYPATH": path}

    def restart(self) -> tuple[str, int]:  # type: ignore[override]
        self.stop()
        self.start()
        return "127.0.0.1", self.broker_port

    @property
    def url(self) -> str:
        """What a PC opens."""
        return f"mqtt://127.0.0.1:{self.broker_port}/{NAME}"


def prepare_mqtt(
    folder: Path,
    model: bytes | None,
    port: int,
    allow: tuple[str, ...] = (),
    hasty: bool = False,
    **config: object,
) -> Path:
    """The flash of such a node, with its program, which is returned."""
    program = prepare(folder, model or b"", realtime=True)
    if model is None:
        (folder / "models" / "1.bnn").unlink()
    (folder / "node.json").write_text(json.dumps({"name": NAME}))
    configure(folder, program, mqtt={"host": "127.0.0.1", "port": port, **config}, allow=[*allow])
    if hasty:
        program.write_text(HASTE + program.read_text())
    return program


@contextmanager
def mqtt_node(
    folder: Path,
    model: bytes | None,
    broker: Mosquitto | int,
    allow: tuple[str, ...] = (),
    hasty: bool = False,
    by: str = "unix",
    **config: object,
) -> Iterator[MqttNode]:
    """A node with the name NAME on a broker, or on what listens on a port instead.

    hasty: it connects again, and sees a new name, at once. by: one of targets.INTERPRETERS, which
    runs it.
    """
    port = broker if isinstance(broker, int) else broker.port
    program = prepare_mqtt(folder, model, port, allow, hasty, **config)
    node = MqttNode([program], folder, [DEVICE])
    node.broker_port = port
    if by != "unix":
        node.use(interpreter(by))
    with node:
        yield node


class Watcher:
    """A client that keeps what comes below a prefix: topics without it, and payloads."""

    def __init__(self, settings: BrokerSettings, pattern: str = f"{NAME}/#") -> None:
        self.got: list[tuple[str, bytes, bool]] = []
        self._prefix = f"{settings.prefix}/"
        self._changed = threading.Condition()
        self.broker = Broker(settings)
        self.broker.subscribe(self._prefix + pattern, self._heard)
        self.broker.start()
        self.broker.wait()

    def _heard(self, topic: str, payload: bytes, retained: bool) -> None:
        with self._changed:
            self.got.append((topic.removeprefix(self._prefix), payload, retained))
            self._changed.notify_all()

    def wait_for(self, which: Callable[[str, bytes], Any], first: int = 0) -> tuple[str, bytes]:
        """The first message from number `first` on that is this one."""
        end, at = time.monotonic() + PATIENCE, first
        with self._changed:
            while True:
                for topic, payload, _ in self.got[at:]:
                    if which(topic, payload):
                        return topic, payload
                at = len(self.got)
                assert self._changed.wait(max(0.0, end - time.monotonic())), self.got[-20:]

    def object_of(self, kind: str, first: int = 0) -> dict[str, Any]:
        """The first JSON object of a kind from number `first` on."""
        found: dict[str, Any] = json.loads(self.wait_for(_is(kind), first)[1])
        return found

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.broker.close(0)


def _is(kind: str) -> Callable[[str, bytes], bool]:
    return lambda topic, payload: topic == f"{NAME}/{kind}" and bool(payload)
