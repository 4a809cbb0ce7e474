"""The whole way of a model: `xnornode fleet push`, a broker, `xnornode gateway`, a real node."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import PATIENCE, Watcher
from tests.lab.livenode import active_model, live_node, model_bytes
from tests.system.test_collect import keeping_node, wait_for

XNORNODE = (sys.executable, "-m", "xnornode")
OLD, NEW = model_bytes(1), model_bytes(2, hidden=400)


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def run(mosquitto, *arguments):
    """A command that has ended."""
    named = {"XNORNODE_MQTT_HOST": "127.0.0.1", "XNORNODE_MQTT_PORT": str(mosquitto.port)}
    return subprocess.run(
        [*XNORNODE, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | named,
        timeout=2 * PATIENCE,
        check=False,
    )


@contextmanager
def gateway(tmp_path, mosquitto, bridge, allow=("push", "rollback")):
    """`xnornode gateway` with one node, bench."""
    settings = tmp_path / "fleet.toml"
    settings.write_text(
        f'[broker]\nhost = "127.0.0.1"\nport = {mosquitto.port}\n[gateway]\nname = "attic"\n'
        f'usb = false\nqueue = "{tmp_path}/queue"\nallow = {json.dumps(allow)}\n'
        f'[[node]]\nport = "{bridge.url}"\nname = "bench"\n'
    )
    process = subprocess.Popen([*XNORNODE, "gateway", str(settings)])
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_push_and_rollback_through_a_gateway(tmp_path, mosquitto):
    (tmp_path / "new.bnn").write_bytes(NEW)
    with (
        live_node(tmp_path / "bench", OLD, realtime=True) as (_, bridge),
        Watcher(mosquitto.settings()) as watcher,
        gateway(tmp_path, mosquitto, bridge),
    ):
        watcher.until(
            lambda: {"xnornode/bench/prediction", "xnornode/bench/state"} <= {*watcher.kept}
        )
        short = ("--wait", "2s", "--labels", "100%", "--allow-slow")
        done = run(mosquitto, "fleet", "push", tmp_path / "new.bnn", "--to", "be*", *short)
        assert done.returncode == 0, done.stderr
        assert active_model(tmp_path / "bench") == NEW
        states = ["DOWNLOADING", "DOWNLOADED", "VERIFIED", "UPDATING", "UPDATED"]
        assert watcher.states("bench") == states
        done = run(mosquitto, "fleet", "rollback", "--to", "bench")
        assert done.returncode == 0, done.stderr
        assert active_model(tmp_path / "bench") == OLD
        facts = json.loads(run(mosquitto, "fleet", "status", "--json").stdout)
        (row,) = facts["nodes"]
        assert row["gateway"] == "attic" and row["there"] and not row["latest"]
        assert facts["rollouts"][0]["state"] == "done"
        done = run(mosquitto, "fleet", "collect", "--to", "*", "-o", tmp_path / "data")
        assert done.returncode == 1 and "not_allowed" in done.stderr, done.stderr


def test_collect_through_a_gateway(tmp_path, mosquitto):
    with (
        keeping_node(tmp_path / "node") as (_, bridge),
        Watcher(mosquitto.settings()) as watcher,
        gateway(tmp_path, mosquitto, bridge, ("record",)),
    ):
        watcher.until(
            lambda: {"xnornode/bench/prediction", "xnornode/bench/state"} <= {*watcher.kept}
        )
        wait_for(bridge, 2)
        done = run(mosquitto, "fleet", "collect", "--to", "*", "-o", tmp_path / "data")
        assert done.returncode == 0, done.stderr
        found = sorted((tmp_path / "data" / "unsure" / "bench").glob("*.rec"))
        assert len(found) >= 2 and "bench: " in done.stderr
