"""Simulated nodes on a real broker, as many as one likes: the node's own store and receiver, run by
CPython, behind the topics of docs/reference/mqtt.md.

All nodes of a `Fleet` share one connection and one thread, so the broker's wills are not theirs:
`away` publishes what a will would. Nothing is classified: predictions are drawn from the mix of
labels that the node's model has by `Fleet.mixes`. Models are checked and tested by the Python
reader. A thousand nodes at one prediction a second take a fifth of a core.
"""

import heapq
import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.lab.fleetnode import FleetNode, milliseconds, model_file
from xnornode._version import __version__
from xnornode.fleet.payloads import GatewayState, Last, to_payload
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, OFFLINE, ONLINE, Topics

STATE_EVERY = 60.0  # seconds
PATIENCE = 30.0  # seconds for what is to happen
__all__ = ["Fleet", "FleetNode", "model_file"]

STARTS = 4  # of a node whose new model never classifies; the last one is with the old model


class Fleet:
    """Nodes, and the connection that carries them. A context manager.

    rate: predictions in a second of each. gateway: name of the gateway that carries them, which is
    simulated too; empty: they speak MQTT themselves. mixes: from a model's SHA-256 to the weight of
    each label; equal ones where it is not there. answers: whether models have answers.
    """

    def __init__(
        self,
        settings: BrokerSettings,
        names: Sequence[str],
        folder: Path,
        model: bytes | None,
        rate: float = 1.0,
        gateway: str = "",
        answers: bool = False,
        seed: int = 0,
    ) -> None:
        self.rate, self.gateway, self.answers, self.seed = rate, gateway, answers, seed
        self.topics = Topics(settings.prefix)
        self.mixes: dict[str, Sequence[float]] = {}
        self.nodes = {
            name: FleetNode(name, folder / name, model, rate, gateway, seed) for name in names
        }
        will = (self._of_gateway("availability"), OFFLINE) if gateway else None
        self.broker = Broker(settings, will=will)
        self._work: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._due: list[tuple[float, str]] = []
        self._states: list[tuple[float, str]] = []
        self._ends = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Fleet":
        self.broker.subscribe(self.topics.node("+", "command", "+"), self._on_command)
        self.broker.start()
        self.broker.wait(PATIENCE)
        self.broker.on_connected.append(lambda: self._work.put(self._say_all))
        now = time.monotonic()
        for k, (name, node) in enumerate(self.nodes.items()):
            share = k / len(self.nodes)
            if node.rate:
                self._due.append((now + share / node.rate, name))
            self._states.append((now + STATE_EVERY * (1 + share), name))
        self._say_all()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._ends = True
        self._thread.join(PATIENCE)
        self.broker.close()

    def do(self, what: Callable[[], None]) -> None:
        """Have something done in the fleet's thread, and wait until it is."""
        done = threading.Event()
        self._work.put(lambda: (what(), done.set())[1])
        assert done.wait(PATIENCE)

    def restart(self, name: str) -> None:
        """Take a node's power and give it back."""
        self.do(lambda: self._restart(self.nodes[name]))

    def away(self, name: str) -> None:
        """Take a node off the network, without a word: its will is published."""
        self.do(lambda: self._set_online(self.nodes[name], False))

    def back(self, name: str) -> None:
        """Put it there again."""
        self.do(lambda: self._set_online(self.nodes[name], True))

    def _run(self) -> None:
        while not self._ends:
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                due, name = self._due[0]
                node = self.nodes[name]
                heapq.heapreplace(self._due, (max(due, now - 1) + 1 / node.rate, name))
                self._predict(node)
            while self._states[0][0] <= now:
                due, name = self._states[0]
                heapq.heapreplace(self._states, (due + STATE_EVERY, name))
                self._say_state(self.nodes[name])
            wait = min(self._due[0][0] - now if self._due else 1.0, 0.2)
            try:
                work = self._work.get(timeout=max(wait, 0.001))
                while True:
                    work()
                    work = self._work.get_nowait()
            except queue.Empty:
                pass

    def _predict(self, node: FleetNode) -> None:
        if node.silent or not node.online or not node.active:
            return
        if node.active["trial"] is not None:
            if node.sha256 in node.crashes:
                for _ in range(STARTS):
                    self._restart(node)
                return
            node.active["trial"] = None
            node.store.confirm(node.number)
            self._say_state(node)
        labels = node.labels
        (k,) = node.random.choices(range(len(labels)), self.mixes.get(node.sha256))
        scores = [20 if i == k else -3 for i in range(len(labels))]
        event = {"event": "prediction", "seq": node.seq, "ms": int(time.monotonic() * 1000)}
        event |= {"label": labels[k], "index": k, "scores": scores, "us": 9000}
        if self.answers:
            event |= {"answer": labels[k], "confidence": node.random.randint(700, 999)}
        node.last = Last(node.seq, labels[k], event.get("answer"), event.get("confidence"))
        node.seq += 1
        node.predictions += 1
        self._say(node, "prediction", event)

    def _restart(self, node: FleetNode) -> None:
        node.restart()
        if node.active:
            self._say_ready(node)
        self._say_state(node)

    def _say_ready(self, node: FleetNode) -> None:
        data, facts = node.file, node.facts()
        event = {"event": "ready", "seq": node.seq, "labels": node.labels, "note": node.note}
        event |= {key: facts[key] for key in ("bnn", "firmware", "machine")}
        event |= {"model": node.active["name"], "revision": node.active["revision"]}
        event |= {
            "model_crc": f"{int.from_bytes(data[-4:], 'little'):08x}",
            "bytes": len(data),
            "ram": 4096,
        }
        self._say(node, "event", event)

    def _set_online(self, node: FleetNode, online: bool) -> None:
        node.online = online
        self._publish(node, "availability", ONLINE if online else OFFLINE)
        if online:
            self._restart(node)

    def _say_all(self) -> None:
        if self.gateway:
            names = tuple(self.nodes)
            state = GatewayState(self.gateway, __version__, False, names[:255], len(names))
            self.broker.publish(
                self._of_gateway("state"), to_payload(state, refused={}), retain=True
            )
            self.broker.publish(self._of_gateway("availability"), ONLINE, retain=True)
        for node in self.nodes.values():
            self._publish(node, "availability", ONLINE if node.online else OFFLINE)
            self._say_state(node)

    def _say_state(self, node: FleetNode) -> None:
        self._publish(node, "state", to_payload(node.state()))

    def _say(self, node: FleetNode, kind: str, event: dict[str, Any]) -> None:
        said = {**event, "session": node.session, "time": milliseconds()}
        payload = json.dumps(said, separators=(",", ":")).encode()
        for _ in range(node.times()):
            self.broker.publish(self.topics.node(node.name, kind), payload)

    def _publish(self, node: FleetNode, kind: str, payload: bytes) -> None:
        self.broker.publish(self.topics.node(node.name, kind), payload, retain=True)

    def _of_gateway(self, kind: str) -> str:
        return self.topics.shared(f"_gateway/{kind}", self.gateway)

    def _on_command(self, topic: str, payload: bytes, retained: bool) -> None:
        address = self.topics.read(topic)
        node = self.nodes.get(address.name) if address else None
        if address and node and not retained and len(payload) <= LONGEST_PAYLOAD:
            client = address.client
            self._work.put(lambda: self._command(node, client, payload))

    def _command(self, node: FleetNode, client: str, line: bytes) -> None:
        before = node.sha256
        for _ in range(node.times() if node.online else 0):
            answer = node.answers(line.strip())
            for _ in range(node.times() if answer else 0):
                self.broker.publish(self.topics.node(node.name, "reply", client), answer)
        if node.sha256 != before:
            self._say_ready(node)
            self._say_state(node)
