"""The PC's commands over MQTT: a node behind a gateway, and a gateway that hears a native node."""

import json

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import gateway, settings
from tests.lab.livenode import active_model, live_node, model_bytes
from tests.lab.mqttnode import NAME, Watcher, mqtt_node
from xnornode.cli.main import main as xnornode
from xnornode.fleet.gateway_parts import assemble
from xnornode.link.push import push

OLD, LARGE = model_bytes(1), model_bytes(3, hidden=900)


@pytest.fixture
def mosquitto(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def test_the_commands_of_a_pc_through_a_gateway(tmp_path, mosquitto, capsys):
    """As over a cable, bit for bit."""
    (tmp_path / "new.bnn").write_bytes(LARGE)
    url = f"mqtt://127.0.0.1:{mosquitto.port}/{NAME}"
    to = ["--port", url]
    allow = ("push", "rollback", "record")
    with live_node(tmp_path / "node", OLD, realtime=True) as (_, bridge):
        made = settings(mosquitto, tmp_path, (NAME, bridge.url), allow=allow)
        with gateway(made), Watcher(mosquitto.settings()) as watcher:
            assert watcher.object_of("state")["gateway"] == "gw"
            assert xnornode(["push", str(tmp_path / "new.bnn"), *to]) == 0
            assert active_model(tmp_path / "node") == LARGE
            assert xnornode(["list", *to]) == 0
            capsys.readouterr()
            assert xnornode(["monitor", "--count", "5", "--format", "json", *to]) == 0
            rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
            assert [row["lost"] for row in rows] == [0] * 5
            assert xnornode(["rollback", *to]) == 0
            assert active_model(tmp_path / "node") == OLD
            assert xnornode(["doctor", *to]) == 0
            once = ["--label", "x", "--seconds", "0.5", "--pause", "0"]
            assert xnornode(["record", str(tmp_path / "data"), *once, *to]) == 0
            assert xnornode(["name", "attic", *to]) == 1  # it is a gateway's to give names
            assert "not_allowed" in capsys.readouterr().err
        assert xnornode(["list", *to]) == 1
        said = " ".join(capsys.readouterr().err.split())
        assert "is not there" in said and "gw" in said


def test_a_push_goes_on_where_a_gateway_s_end_cut_it_off(tmp_path, mosquitto):
    url, ended = f"mqtt://127.0.0.1:{mosquitto.port}/{NAME}", []
    with live_node(tmp_path / "node", OLD, realtime=True) as (_, bridge):
        made = settings(mosquitto, tmp_path, (NAME, bridge.url))
        with Watcher(mosquitto.settings()) as watcher:
            first = gateway(made)
            first.__enter__()
            watcher.object_of("state")

            def progress(done, total):
                if done > 3000 and not ended:
                    ended.append(first.__exit__(None, None, None))
                    ended.append(gateway(made))
                    ended[1].__enter__()

            done = push(url, LARGE, progress=progress)
            ended[1].__exit__(None, None, None)
        assert done.breaks and active_model(tmp_path / "node") == LARGE


def test_a_fleet_s_push_reaches_a_node_that_speaks_mqtt_itself(tmp_path, mosquitto, capsys):
    """The gateway has no port of it, and puts the model there over the broker."""
    (tmp_path / "new.bnn").write_bytes(LARGE)
    running, end_parts = assemble(settings(mosquitto, tmp_path, native=True), print)
    running.start()
    try:
        with (
            mqtt_node(tmp_path / "node", OLD, mosquitto, ("push",)),
            Watcher(mosquitto.settings()) as watcher,
        ):
            watcher.object_of("state")
            where = ["--broker", f"127.0.0.1:{mosquitto.port}"]
            model = str(tmp_path / "new.bnn")
            once = ["--stages", "100%", "--wait", "1s", "--labels", "100%"]
            assert xnornode(["fleet", "push", model, "--to", NAME, *once, *where]) == 0
            assert active_model(tmp_path / "node") == LARGE
            update = [json.loads(p) for t, p, _ in watcher.got if t == f"{NAME}/model/update" and p]
            assert update[-1]["state"] == "UPDATED" and update[-1]["progress"] == 100
            assert xnornode(["fleet", "status", *where]) == 0
            assert NAME in capsys.readouterr().out
    finally:
        end_parts()
        running.close()
