"""Commands from MQTT: who may do what, and that a hostile client harms nobody else."""

import hashlib
import json
import threading

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import Watcher, gateway, settings, wait
from tests.lab.linenodes import LineNode, LineNodes
from xnornode.fleet import gateway_clients
from xnornode.link.framing import command, seal, unseal
from xnornode.link.keys import signature


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker"), keeps=False) as broker:
        yield broker


@pytest.fixture
def watcher(broker, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    watcher = Watcher(broker.settings())
    yield watcher
    for topic in {topic for topic, _, _ in watcher.came}:
        watcher.client.publish(topic, b"", 1, True).wait_for_publish(10)
    watcher.close()


@pytest.fixture
def node():
    return LineNode("01")


def heard(node, word):
    return [text for text in node.heard if word in text]


def test_a_line_reaches_the_node_as_the_gateway_wrote_it(broker, watcher, tmp_path, node):
    with LineNodes([node]), gateway(settings(broker, tmp_path, ("shed", node.url))):
        assert watcher.until(lambda: watcher.last("shed/state"))
        assert watcher.ask("shed", b'{"cmd":"list"}\n')["part"] == []
        assert watcher.ask("shed", b'{"cmd":"hello","id":77}')["id"] == 77
        assert watcher.ask("shed", command("rollback", 5, to="a" * 64))["error"] == "unknown"
        text = seal(b'{"cmd":"end","id":9,"push":3,"later":["x"]').strip()
        assert watcher.ask("shed", text)["id"] == 9
        (end,) = heard(node, b'"end"')
        assert b"later" not in end and unseal(end + b"\n") is None  # a command, and no event
        chunk = seal(b'{"push":3,"at":0,"data":"abc"').strip()
        watcher.publish("shed/command/me", chunk)
        assert wait(lambda: chunk in node.heard)
        text = next(data for topic, data, _ in watcher.came if topic == "xnornode/shed/reply/me")
        assert unseal(text), "an answer keeps its CRC"
        # Others get neither the answers, nor does this client get what all get
        assert not watcher.of("shed/reply/other")


def test_what_is_not_allowed_or_no_command_is_answered(broker, watcher, tmp_path, node):
    begin = {"protocol": 1, "length": 9, "sha256": "a" * 64, "revision": 1}
    asked = {
        "not_allowed": [
            command("begin", 1, **begin),
            command("stream", 1, seconds=5),
            command("name", 1, name="mine"),
            seal(b'{"push":3,"at":0,"data":"abc"'),
        ],
        "damaged": [b'{"cmd":"list","crc":"00000000"}', b"import os", b'{"cmd":"end"}'],
        "arguments": [
            b"\x03",
            command("quit", 1),
            command("end", -1, push=1),
            seal(b'{"cmd":"list","id":1,"cmd":"quit"'),
            b'{"cmd":"list","id":"x"}',
            seal(b'{"push":99999999999,"at":0,"data":""'),
        ],
    }
    nodes = LineNodes([node])
    with nodes, gateway(settings(broker, tmp_path, ("shed", node.url), allow=("rollback",))) as it:
        assert watcher.until(lambda: watcher.last("shed/state"))
        before = len(node.heard)
        for error, lines in asked.items():
            for text in lines:
                assert watcher.ask("shed", text)["error"] == error, text
        assert watcher.ask("shed", b'{"cmd":"list"}')["part"] == []
        assert len(node.heard) == before + 1
        assert it.refused["not_allowed"] == 4
        assert watcher.until(lambda: watcher.last("_gateway/gw/state")["refused"])


def test_models_can_be_required_to_be_signed(broker, watcher, tmp_path, node):
    key = bytes(range(32))
    (tmp_path / "key").write_text(key.hex())
    more = {"require_signed": True, "key": str(tmp_path / "key"), "secret": key}
    begin = {"protocol": 1, "length": 9, "sha256": hashlib.sha256(b"x").hexdigest(), "revision": 1}
    with LineNodes([node]), gateway(settings(broker, tmp_path, ("shed", node.url), **more)):
        assert watcher.until(lambda: watcher.last("shed/state"))
        assert watcher.ask("shed", command("begin", 1, **begin))["error"] == "unsigned"
        wrong = command("begin", 2, **begin, signature="0" * 64)
        assert watcher.ask("shed", wrong)["error"] == "signature"
        assert not heard(node, b'"begin"')
        right = command("begin", 3, **begin, signature=signature(key, begin))
        assert watcher.ask("shed", right)["error"] == "unknown"
        assert len(heard(node, b'"begin"')) == 1


def test_a_node_has_16_places_which_are_free_again_after_a_minute(
    broker, watcher, tmp_path, node, monkeypatch
):
    with LineNodes([node]), gateway(settings(broker, tmp_path, ("shed", node.url))) as running:
        assert watcher.until(lambda: watcher.last("shed/state"))
        for number in range(16):
            assert "part" in watcher.ask("shed", b'{"cmd":"list"}', f"c{number}")
        assert watcher.ask("shed", b'{"cmd":"list"}', "late")["error"] == "busy"
        assert "part" in watcher.ask("shed", b'{"cmd":"list"}', "c3")
        watcher.publish("shed/command/c3", b"")  # a goodbye
        assert "part" in watcher.ask("shed", b'{"cmd":"list"}', "later")
        assert watcher.ask("shed", b'{"cmd":"list","id":7}', "late")["id"] == 7
        monkeypatch.setattr(gateway_clients, "IDLE_SECONDS", 0.0)
        assert "part" in watcher.ask("shed", b'{"cmd":"list"}', "late")
        assert len(running.clients) == 16
        monkeypatch.setattr(gateway_clients, "GONE_SECONDS", 0.0)
        assert wait(lambda: not len(running.clients))
        monkeypatch.setattr(gateway_clients, "GONE_SECONDS", 60.0)
        assert "part" in watcher.ask("shed", b'{"cmd":"list"}', "late")
        assert node.opened == 1


def test_retained_and_huge_commands_are_dropped_and_said(broker, watcher, tmp_path, node):
    watcher.publish("shed/command/before", b'{"cmd":"list"}', True)
    with LineNodes([node]) as farm:
        with gateway(settings(broker, tmp_path, ("shed", node.url))) as running:
            assert watcher.until(lambda: watcher.last("shed/state"))
            before = len(node.heard)
            watcher.publish("shed/command/me", b'{"cmd":"list"}' + b" " * 10_000_000)
            watcher.publish("shed/command/me", b'{"cmd":"list"}' + b" " * 70_000)
            farm.do(node.predict)
            assert watcher.until(lambda: watcher.numbers("shed") == [0])
            assert running.refused["oversize"] == 2
            kinds = [event.get("kind") for event in watcher.of("shed/event")]
            assert kinds.count("oversize") == 1, "one warning a minute"
            assert len(node.heard) == before
        # One that waits from before comes at the connection, where the node is there by then
        made = settings(broker, tmp_path, ("shed", node.url))
        with gateway(made) as running:
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")
            running.reactor.do(lambda: running.broker.client.reconnect(), 10)
            assert wait(lambda: running.refused["retained"])
            assert not watcher.of("shed/reply/before")


def test_a_flood_to_one_node_does_not_hold_up_another(broker, watcher, tmp_path, node):
    other = LineNode("02")
    flooding = threading.Event()

    def flood():
        flooder = Watcher(broker.settings(), "nothing", "flooder")
        while not flooding.is_set():
            for text in (command("list", 1), b"{" * 60_000, command("end", 1, push=2)):
                flooder.client.publish("xnornode/shed/command/evil", text, 0)
            flooding.wait(0.002)
        flooder.close()

    with LineNodes([node, other]) as farm:
        made = settings(broker, tmp_path, ("shed", node.url), ("barn", other.url))
        with gateway(made) as running:
            assert watcher.until(lambda: watcher.last("shed/state") and watcher.last("barn/state"))
            node.slow = True  # it reads nothing more: its port fills up
            thread = threading.Thread(target=flood)
            thread.start()
            try:
                assert wait(lambda: running.refused.total() > 500)
                for number in range(10):
                    farm.do(other.predict)
                    asked = watcher.ask("barn", json.dumps({"cmd": "list", "id": number}).encode())
                    assert asked["id"] == number
                assert watcher.until(lambda: watcher.numbers("barn") == [*range(10)])
            finally:
                flooding.set()
                thread.join()
            node.slow = False
