"""Roll-outs to a simulated fleet, by the commands `xnornode gateway` and `xnornode fleet push`.

Mosquitto, and nodes that speak MQTT (tests/lab/fleetsim.py): the node's own store and receiver. A
tenth of them has links that lose and repeat messages. First a poisoned model, which passes its
self-test and changes the mix of labels: it has to be halted in stage one. Then a good one, which
has to get everywhere. Each node has to have the old, the poisoned or the new model, bit for bit.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import Watcher
from tests.lab.fleetsim import Fleet, model_file
from xnornode.link.mqtt_topics import ONLINE

OLD, POISONED, NEW = model_file(1), model_file(3), model_file(2)
MIX = (0.05, 0.05, 0.9)  # of a poisoned model's labels; a good one has all as often
LOSE = 0.05  # share of messages that bad links lose, and of those that come twice
RATE = 5.0  # predictions a second of a node
STAGES = "1,10%,100%"
SECONDS = 1800.0  # for one roll-out
PATIENCE = 60.0  # seconds for the gateway to begin, and to end
COMMON = ("--stages", STAGES, "--apart", "0.1", "--silence", "60s", "--allow-slow")


def rollouts(count: int = 200) -> bool:
    """A poisoned roll-out and a good one; whether all was as it should be."""
    names = [f"room{k // 20}-{k}" for k in range(count)]
    with tempfile.TemporaryDirectory() as place, Mosquitto(Path(place, "broker")) as broker:
        folder, settings = Path(place), broker.settings()
        os.environ |= {"XNORNODE_MQTT_HOST": "127.0.0.1", "XNORNODE_MQTT_PORT": str(broker.port)}
        with (
            Fleet(settings, names, folder / "nodes", OLD, rate=RATE) as fleet,
            Watcher(settings) as watcher,
            _gateway(folder, watcher),
        ):
            fleet.mixes[hashlib.sha256(POISONED).hexdigest()] = MIX
            for name in random.Random(0).sample(names, count // 10):
                fleet.nodes[name].lose = fleet.nodes[name].twice = LOSE
            good = True
            for what, data, wait, status, most in (
                ("a poisoned model", POISONED, "120s", 1, 1),
                ("a good model", NEW, "5s", 0, count),
            ):
                good &= _roll(folder, fleet, what, data, wait, status, most)
    return good


def _roll(
    folder: Path, fleet: Fleet, what: str, data: bytes, wait: str, status: int, most: int
) -> bool:
    """One roll-out, and its account."""
    file = folder / "model.bnn"
    file.write_bytes(data)
    began = time.monotonic()
    done = _status("fleet", "push", file, "--to", "*", "--wait", wait, *COMMON)
    took = time.monotonic() - began
    models = {OLD: "old", POISONED: "poisoned", NEW: "new"}
    have = Counter(models.get(node.file, "something else") for node in fleet.nodes.values())
    account = ", ".join(f"{number} {name}" for name, number in have.items())
    print(f"{what}: exit status {done} after {took:.0f} s; nodes: {account}", flush=True)
    reached = have[models[data]]
    return (
        done == status
        and not have["something else"]
        and (reached == most if status == 0 else 1 <= reached <= most)
    )


def _status(*arguments: object) -> int:
    """The exit status of a command, which talks while it runs."""
    command = [sys.executable, "-m", "xnornode", *map(str, arguments)]
    return subprocess.run(command, timeout=SECONDS, check=False).returncode


@contextmanager
def _gateway(folder: Path, watcher: Watcher) -> Iterator[None]:
    """`xnornode gateway`, which puts models on nodes that speak MQTT themselves."""
    file = folder / "fleet.toml"
    file.write_text(
        f'[gateway]\nname = "soak"\nusb = false\nnative = true\nqueue = "{folder}/queue"\n'
    )
    with (folder / "gateway.log").open("w") as log:
        command = [sys.executable, "-m", "xnornode", "gateway", str(file)]
        process = subprocess.Popen(command, stderr=log)
        try:
            topic = "xnornode/_gateway/soak/availability"
            watcher.until(lambda: watcher.kept.get(topic) == ONLINE)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)
