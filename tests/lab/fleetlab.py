"""A gateway that only puts models on nodes which speak MQTT themselves, and a watcher."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.lab.fleetsim import Fleet
from xnornode.fleet.hour_items import Hour, hours_payload
from xnornode.fleet.models import announce, publish_model
from xnornode.fleet.payloads import LARGEST, State, Update, from_payload, to_payload
from xnornode.fleet.updater import Updater
from xnornode.fleet.updater_push import Open, over_broker
from xnornode.fleet.view import now_ms
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import OFFLINE, ONLINE, Topics
from xnornode.link.parsing import parse
from xnornode.link.schema import read_json
from xnornode.link.timing import Timing

PATIENCE = 60.0  # seconds for what is to happen
QUICK = Timing(hello=0.5, answer=2.0, ack=1.0, stall=10.0)
"""For a broker on this computer, whose links may lose messages."""
STEP = 0.05  # seconds


class NativeGateway:
    """An Updater with a connection of its own, and the hooks that the real gateway calls."""

    name = "attic"

    def __init__(
        self, settings: BrokerSettings, open_node: Open | None = None, **more: Any
    ) -> None:
        self.topics = topics = Topics(settings.prefix)
        will = (topics.shared("_gateway/availability", self.name), OFFLINE)
        self.broker = Broker(settings, will=will)
        self.said: list[str] = []
        self.publishers: set[str] = set()
        """Names of the threads that have published."""
        given = {"pauses": (0.2, 1.0), "timing": QUICK, "grace": 2.0, "say": self.said.append}
        self.updater = Updater(self, open_node or over_broker(settings), **(given | more))
        for kind in ("state", "availability", "event", "prediction"):
            self.broker.subscribe(topics.node("+", kind), self._take)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        self.publishers.add(threading.current_thread().name)
        self.broker.publish(topic, payload, retain=retain)

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        address = self.topics.read(topic)
        assert address
        if address.kind == "availability":
            if payload != ONLINE:
                self.updater.gone(address.name)
        elif address.kind == "state":
            self.updater.state(address.name, from_payload(State, payload))
        else:
            given = read_json(payload)
            assert isinstance(given, dict)
            self.updater.event(address.name, parse(given), given["time"], given["session"])

    def _run(self) -> None:
        while not self._ends.wait(STEP):
            self.updater.step()

    def __enter__(self) -> "NativeGateway":
        self.broker.start()
        self.broker.wait(PATIENCE)
        say_gateway(self.broker, self.topics, self.name)
        self.updater.connected()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join(PATIENCE)
        self.updater.close()
        self.broker.publish_all(
            [(self.topics.shared("_gateway/availability", self.name), OFFLINE)], PATIENCE
        )
        self.broker.close()


def say_gateway(broker: Broker, topics: Topics, name: str, nodes: tuple[str, ...] = ()) -> None:
    """What a gateway with `native` says of itself."""
    from xnornode.fleet.payloads import GatewayState

    state = GatewayState(name, "0", True, nodes, len(nodes))
    broker.publish_all(
        [
            (topics.shared("_gateway/state", name), to_payload(state, refused={})),
            (topics.shared("_gateway/availability", name), ONLINE),
        ],
        PATIENCE,
    )


def say_hours(fleet: Fleet) -> None:
    """What gateways say of the last hour: equal shares of all labels."""
    start = now_ms() // 3_600_000 * 3_600_000
    told = []
    for name, node in fleet.nodes.items():
        hour = Hour(900, {label: 900 // len(node.labels) for label in node.labels})
        payload = hours_payload({(start, node.sha256): hour})
        told.append((fleet.topics.node(name, "hour"), payload))
    fleet.broker.publish_all(told, PATIENCE)


class Watcher:
    """An operator's connection. `updates`: all that was said of each node's update; `kept`: the
    last payload of each topic."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.topics = Topics(settings.prefix)
        self.broker = Broker(settings)
        self.updates: dict[str, list[Update]] = {}
        self.kept: dict[str, bytes] = {}
        self.broker.subscribe(f"{settings.prefix}/#", self._take)

    def _take(self, topic: str, payload: bytes, retained: bool) -> None:
        self.kept[topic] = payload
        address = self.topics.read(topic)
        if address and address.kind == "model/update" and payload:
            update = from_payload(Update, payload, LARGEST)
            self.updates.setdefault(address.name, []).append(update)

    def states(self, node: str) -> list[str]:
        """Of a node's update; each once in a row."""
        said = [update.state for update in self.updates.get(node, [])]
        return [state for k, state in enumerate(said) if not k or said[k - 1] != state]

    def give(self, data: bytes, *nodes: str, install: bool = True, **more: Any) -> None:
        """Publish a model, and have nodes get it."""
        publish_model(self.broker, self.topics, data)
        latest = to_payload(announce(data, install, **more))
        self.broker.publish_all(
            [(self.topics.node(node, "model/latest"), latest) for node in nodes], PATIENCE
        )

    def until(self, true: Callable[[], object]) -> None:
        """Wait for something."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, self.updates
            time.sleep(0.01)

    def __enter__(self) -> "Watcher":
        self.broker.start()
        self.broker.wait(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self.broker.close()
