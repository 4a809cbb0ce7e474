"""Counts the predictions that come from a broker, by node, session and number.

`python -m tests.lab.fleetcount BROKER_PORT` prints a line once it is subscribed, and for each line
of its input what has come so far: a JSON object. Its session at the broker is a lasting one, so
messages wait there for it while it is away.
"""

import json
import sys
import threading
import time
from collections import Counter
from typing import Any

import paho.mqtt.client as mqtt

PAUSE = 1  # seconds between two attempts to connect
PATIENCE = 30.0  # seconds for the first subscription


class Numbers:
    """The numbers of one session of a node: which have come, and which not."""

    def __init__(self) -> None:
        self.next = self.came = self.twice = self.late = 0
        self.missing: set[int] = set()

    def take(self, seq: int) -> None:
        """One has come."""
        if seq >= self.next:
            self.missing.update(range(self.next, seq))
            self.next = seq + 1
        elif seq in self.missing:
            self.missing.remove(seq)
            self.late += 1
        else:
            self.twice += 1
            return
        self.came += 1


class Counts:
    """All that came. Delays are in milliseconds, by the clock that nodes put into `ms`."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], Numbers] = {}
        self.delays: Counter[int] = Counter()
        self.lock = threading.Lock()

    def take(self, topic: str, payload: bytes) -> None:
        """A prediction."""
        now = time.monotonic_ns() // 1_000_000
        line = json.loads(payload)
        key = topic.split("/")[-2], line["session"]
        with self.lock:
            if key not in self.numbers:
                self.numbers[key] = Numbers()
            self.numbers[key].take(line["seq"])
            self.delays[now - line["ms"]] += 1

    def facts(self) -> dict[str, Any]:
        """What has come so far."""
        came: Counter[str] = Counter()
        for (name, _), numbers in self.numbers.items():
            came[name] += numbers.came
        return {
            "came": came,
            "sessions": len(self.numbers),
            "twice": sum(n.twice for n in self.numbers.values()),
            "late": sum(n.late for n in self.numbers.values()),
            "missing": sum(len(n.missing) for n in self.numbers.values()),
            "median_ms": self.share(0.5),
            "p99_ms": self.share(0.99),
            "most_ms": max(self.delays, default=0),
        }

    def share(self, share: float) -> int:
        """The delay that so many did not exceed."""
        left = share * self.delays.total()
        for delay in sorted(self.delays):
            left -= self.delays[delay]
            if left <= 0:
                return delay
        return 0


def main() -> None:
    """Count until the input ends."""
    counts = Counts()
    there = threading.Event()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id="fleetcount",
        clean_session=False,
        protocol=mqtt.MQTTv311,
    )
    client.reconnect_delay_set(PAUSE, PAUSE)
    client.on_connect = lambda c, *_: c.subscribe("xnornode/+/prediction", 1)
    client.on_subscribe = lambda *_: there.set()
    client.on_message = lambda c, d, message: counts.take(message.topic, message.payload)
    client.connect("127.0.0.1", int(sys.argv[1]))
    client.loop_start()
    assert there.wait(PATIENCE)
    print("there", flush=True)
    for said in sys.stdin:
        with counts.lock:
            if said.strip() == "forget":
                counts.delays.clear()
            facts = counts.facts()
        print(json.dumps(facts), flush=True)
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main()
