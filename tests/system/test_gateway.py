"""Real nodes behind a real gateway: by TCP and on a pseudo-terminal, pushed to over the broker."""

import hashlib
import json
import signal
import subprocess
import sys

import pytest

from tests.lab.bridge import Bridge
from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import PATIENCE, Watcher, command, settings, write_file
from tests.lab.livenode import DEVICE, active_model, model_bytes, prepare
from tests.lab.netnode import net_node
from tests.lab.unixnode import UnixNode
from xnornode.fleet.models import announce
from xnornode.fleet.payloads import to_payload


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    """A gateway with the nodes `wall`, by TCP, and `desk`, on a pseudo-terminal; and a watcher."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    program = prepare(tmp_path / "desk", model_bytes(), realtime=True)
    with (
        Mosquitto(tmp_path / "broker") as broker,
        net_node(tmp_path / "wall", model_bytes(), port=0, allow=["push", "rollback"]) as wall,
        UnixNode([program], tmp_path / "desk", [DEVICE]) as desk,
        Bridge(desk.fd, pty=True, restart=desk.restart) as line,
    ):
        made = settings(broker, tmp_path, ("wall", wall.url), ("desk", line.url))
        watcher = Watcher(broker.settings())
        with command(write_file(tmp_path / "fleet.toml", made)) as process:
            yield tmp_path, broker, watcher, line, process
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
            said = process.stderr.read()
            assert "Traceback" not in said and "error in the gateway" not in said, said
        watcher.close()


def xnornode(*words):
    """What a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "xnornode", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_commands_reach_nodes_over_the_broker_and_beside_it(fleet):
    folder, broker, watcher, line, _ = fleet
    new = folder / "new.bnn"
    new.write_bytes(model_bytes(2, 40))
    sha256 = hashlib.sha256(new.read_bytes()).hexdigest()
    for name in ("wall", "desk"):
        assert watcher.until(lambda name=name: watcher.last(f"{name}/state")), name
        assert watcher.until(lambda name=name: len(watcher.numbers(name)) > 3)
        url = f"mqtt://127.0.0.1:{broker.port}/{name}"
        xnornode("push", new, "--port", url)
        assert active_model(folder / name) == new.read_bytes()
        listed = json.loads(xnornode("list", "--port", url, "--json"))
        assert sha256 in json.dumps(listed)
        assert watcher.until(
            lambda name=name: watcher.last(f"{name}/state")["model"]["sha256"] == sha256
        )
        state = watcher.last(f"{name}/state")
        assert (
            state["session"]
            and state["library"]
            and state["frame"]
            == {
                "wall": 1040,
                "desk": 4160,
            }[name]
        )
    # A command in a terminal shares the port with the gateway
    assert sha256 in json.dumps(json.loads(xnornode("list", "--port", line.url, "--json")))
    for name in ("wall", "desk"):
        numbers = watcher.numbers(name)
        assert numbers == [*range(numbers[0], numbers[0] + len(numbers))], "predictions are lost"


def test_the_latest_model_is_put_on_a_node(fleet):
    folder, _, watcher, _, _ = fleet
    data = model_bytes(3, 40)
    latest = announce(data)
    assert watcher.until(lambda: watcher.last("desk/state"))
    watcher.publish(f"_model/{latest.sha256}", data, True)
    watcher.publish("desk/model/latest", to_payload(latest), True)
    assert watcher.until(
        lambda: (found := watcher.last("desk/model/update")) and found["state"] == "UPDATED"
    ), watcher.of("desk/model/update")
    assert active_model(folder / "desk") == data
    assert active_model(folder / "wall") == model_bytes()
