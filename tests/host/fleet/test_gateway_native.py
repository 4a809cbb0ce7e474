"""Nodes that speak MQTT themselves, beside a real gateway with `native`."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.extralab import BareGateway, state
from tests.lab.fleetlab import PATIENCE, Watcher
from tests.lab.fleetsim import Fleet, model_file
from xnornode.fleet.gateway_native import Native
from xnornode.fleet.payloads import to_payload

OLD, NEW = model_file(1), model_file(2)


@pytest.fixture
def native(tmp_path):
    """Two nodes; what starts a gateway."""
    with Mosquitto(tmp_path / "broker") as mosquitto:
        settings = mosquitto.settings()
        file = tmp_path / "fleet.toml"
        file.write_text(
            f'[broker]\nhost = "127.0.0.1"\nport = {mosquitto.port}\n[gateway]\nname = "attic"\n'
            f'native = true\nusb = false\nqueue = "{tmp_path}/queue"\n'
        )
        processes = []

        def start():
            command = [sys.executable, "-m", "xnornode", "gateway", str(file)]
            processes.append(subprocess.Popen(command))

        with Fleet(settings, ["a", "b"], tmp_path, OLD, rate=5) as fleet:
            with Watcher(settings) as watcher:
                yield fleet, watcher, start
            for process in processes:
                process.terminate()
                assert process.wait(PATIENCE) == 0


def test_a_node_that_is_away_is_left_alone_until_it_comes_back(native):
    fleet, watcher, start = native
    fleet.away("a")
    watcher.give(NEW, "a", "b")
    start()
    watcher.until(lambda: watcher.states("b")[-1:] == ["UPDATED"])
    assert not watcher.states("a")  # a state that is retained is no sign of life
    fleet.back("a")
    watcher.until(lambda: watcher.states("a")[-1:] == ["UPDATED"])
    assert fleet.nodes["a"].file == fleet.nodes["b"].file == NEW


@pytest.mark.quick
def test_extras_hear_of_nodes_that_are_there_only():
    gateway = BareGateway()
    gateway.ports, gateway.reactor = {}, SimpleNamespace(call=lambda job: job())
    heard = []
    extra = SimpleNamespace(
        state=lambda node, state: heard.append(("state", node)),
        gone=lambda node: heard.append(("gone", node)),
    )
    gateway.each = lambda call: call(extra)
    Native(gateway)

    def come(kind, payload):
        gateway.broker.patterns[f"xnornode/+/{kind}"](f"xnornode/a/{kind}", payload, True)

    said = to_payload(state("a", gateway=None))
    for kind, payload, then in (
        ("availability", b"offline", []),
        ("state", said, []),
        ("availability", b"online", [("state", "a")]),
        ("availability", b"online", []),
        ("state", said, [("state", "a")]),
        ("availability", b"offline", [("gone", "a")]),
        ("state", said, []),
    ):
        come(kind, payload)
        assert heard == then, (kind, payload)
        heard.clear()
