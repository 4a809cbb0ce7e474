"""A gateway without nodes, for its extras: a test calls their hooks, and moves their clock."""

import time

from xnornode.fleet.payloads import State
from xnornode.link.messages import NodeModel, Prediction
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import Topics

PATIENCE = 30.0  # seconds for what is to happen
MODEL = NodeModel("gesture", 3, 2048, "ab" * 32, None)


class Clock:
    """Seconds since 1970, as a test sets them."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class NoBroker:
    """Subscriptions that nothing ever comes of."""

    connected = True
    settings = None

    def __init__(self) -> None:
        self.patterns: dict[str, object] = {}

    def subscribe(self, pattern, handler, qos: int = 1) -> None:
        self.patterns[pattern] = handler

    def unsubscribe(self, pattern) -> None:
        del self.patterns[pattern]

    def come(self, topic: str, payload: bytes, retained: bool = True) -> None:
        """A message of a topic that is subscribed to by its name."""
        self.patterns[topic](topic, payload, retained)


class BareGateway:
    """What extras need of a gateway. `kept` has what was published retained, by topic."""

    name, library = "attic", "0.2.0"

    def __init__(self, settings: BrokerSettings | None = None, prefix: str = "xnornode") -> None:
        self.topics = Topics(settings.prefix if settings else prefix)
        self.broker = Broker(settings) if settings else NoBroker()
        self.kept: dict[str, bytes] = {}
        self.extra = None

    def publish(self, topic: str, payload: bytes, retain: bool) -> None:
        """As the gateway does it, without a queue."""
        assert retain
        self.kept[topic] = payload
        if isinstance(self.broker, Broker):
            self.broker.publish(topic, payload, retain=True)

    def run(self, extra) -> None:
        """Have an extra of its own, and connect."""
        self.extra = extra
        if isinstance(self.broker, Broker):
            self.broker.start()
            self.broker.wait(PATIENCE)
        extra.connected()

    def until(self, true) -> None:
        """Go on, a step at a time, until it is so."""
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end
            self.extra.step()
            time.sleep(0.01)

    def close(self) -> None:
        """End, with what the extra has still to say."""
        self.extra.close()
        if isinstance(self.broker, Broker):
            self.broker.close()


def state(node: str = "kitchen", **more) -> State:
    """A node's state."""
    facts = {"device": "e660583883", "gateway": "attic", "session": "9f3ac01b", "model": MODEL}
    return State(node, **(facts | more))


def prediction(label: str, confidence: int | None = 900, answer: str | None = None) -> Prediction:
    """Of a node."""
    return Prediction(0, 0, label, 0, (1,), 9000, answer, confidence)
