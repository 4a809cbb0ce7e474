"""A node that speaks MQTT itself, on a real Mosquitto: what it says, what clients may do."""

import json
import os
import re
import socket
import threading
import time
from contextlib import ExitStack, closing, suppress
from itertools import pairwise
from unittest import mock

import pytest

from tests.lab.brokerlab import Mosquitto, certificates, free_port
from tests.lab.faultlab import QUICK
from tests.lab.livenode import active_model, model_bytes
from tests.lab.mqttnode import NAME, PATIENCE, Watcher, mqtt_node
from tools.firmware.sources import ROOT
from xnornode.cli.main import main as xnornode
from xnornode.errors import LinkError, NodeError
from xnornode.fleet.payloads import State, from_payload
from xnornode.link import mqtt_presence
from xnornode.link.connect import connect
from xnornode.link.framing import unseal
from xnornode.link.ports import open_port
from xnornode.link.protocol import Session
from xnornode.link.push import Push, push
from xnornode.link.timing import Timing

OLD, NEW, LARGE = model_bytes(1), model_bytes(2), model_bytes(3, hidden=900)
ONCE = Timing(hello=PATIENCE, hello_tries=1)
ENVIRONMENT = {"XNORNODE_MQTT_PASSWORD": "secret"}
ALL = ("push", "rollback", "record", "name")


@pytest.fixture
def mosquitto(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


def predictions(watcher, count, first=0):
    """So many predictions from a message on."""
    found, at = [], first

    def one(topic, payload):
        return topic == f"{NAME}/prediction"

    while len(found) < count:
        with watcher._changed:
            found = [json.loads(p) for t, p, _ in watcher.got[first:] if one(t, p)]
            at = len(watcher.got)
        if len(found) < count:
            watcher.wait_for(one, at)
    return found


def cable(node, start=0):
    """The events that the node has written to its standard port, by now."""
    return [e for line in b"".join(node.said).split(b"\n") if (e := unseal(line))]


def wait_for(what):
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def test_a_late_joiner_sees_the_state_and_a_power_cut_is_the_will(tmp_path, mosquitto):
    with mqtt_node(tmp_path, OLD, mosquitto) as node, Watcher(mosquitto.settings()) as early:
        early.object_of("state")
        with Watcher(mosquitto.settings()) as late:
            _, payload = late.wait_for(lambda topic, _: topic == f"{NAME}/state")
            state = from_payload(State, payload)
            assert (state.node, state.gateway, state.running) == (NAME, None, True)
            assert state.model.bytes == len(OLD) and len(state.labels) == 3
            assert len(payload) <= 2048
            assert late.wait_for(lambda topic, _: topic.endswith("availability"))[1] == b"online"
            assert all(retained for topic, _, retained in late.got[:2])
            one, two = predictions(late, 2)[:2]  # more may have come
            assert one["session"] == state.session and two["seq"] == one["seq"] + 1
            assert "crc" not in one
            node.stop()
            late.wait_for(lambda topic, payload: payload == b"offline")
            with pytest.raises(LinkError, match="is not there"):
                open_port(node.url)


def test_the_commands_of_a_pc(tmp_path, mosquitto, capsys):
    (tmp_path / "new.bnn").write_bytes(LARGE)
    with (
        mqtt_node(tmp_path / "node", OLD, mosquitto, ALL) as node,
        Watcher(mosquitto.settings()) as watcher,
    ):
        watcher.object_of("state")
        to = ["--port", node.url]
        assert xnornode(["push", str(tmp_path / "new.bnn"), *to]) == 0
        assert active_model(tmp_path / "node") == LARGE
        watcher.wait_for(lambda t, p: t.endswith("/state") and b'"net 3"' in p)
        assert xnornode(["list", *to]) == 0
        assert NAME in capsys.readouterr().out
        assert xnornode(["monitor", "--count", "5", "--format", "json", *to]) == 0
        rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
        assert [row["lost"] for row in rows] == [0] * 5
        assert xnornode(["rollback", *to]) == 0
        assert active_model(tmp_path / "node") == OLD
        assert xnornode(["doctor", *to]) == 0
        once = ["--label", "x", "--seconds", "0.5", "--pause", "0"]
        assert xnornode(["record", str(tmp_path / "data"), *once, *to]) == 0
        assert len(list((tmp_path / "data").rglob("*.rec"))) == 1
        events = {t for t, _, _ in watcher.got} - {f"{NAME}/reply", f"{NAME}/command"}
        assert f"{NAME}/event" in events
        assert not any(b'"prediction"' in p for t, p, _ in watcher.got if "/reply/" in t)


def test_without_a_key_a_client_may_only_look(tmp_path, mosquitto):
    with mqtt_node(tmp_path, OLD, mosquitto) as node, Watcher(mosquitto.settings()) as watcher:
        watcher.object_of("state")
        with pytest.raises(NodeError, match=r"not_allowed.*without a key"):
            push(node.url, NEW, timing=QUICK)
        with connect(node.url) as session:
            for name, fields in {
                "rollback": {"to": "0" * 64},
                "stream": {"seconds": 1},
                "name": {"name": "attic"},
            }.items():
                with pytest.raises(NodeError, match="not_allowed"):
                    session.request(name, **fields)
            with pytest.raises(NodeError, match="unknown"):
                session.request("quit")


def test_two_clients_have_places_and_a_third_is_told(tmp_path, mosquitto):
    with (
        mqtt_node(tmp_path, OLD, mosquitto, ("push",)) as node,
        Watcher(mosquitto.settings()) as watcher,
    ):
        watcher.object_of("state")
        with connect(node.url) as one, connect(node.url) as two:
            assert one.hello.session == two.hello.session and two.hello.window == 4
            with pytest.raises(NodeError, match="busy"), connect(node.url, ONCE):
                pass
            whole = Push(LARGE)
            one.request("begin", **whole._begin)
            with pytest.raises(NodeError, match="busy"):
                two.request("begin", **Push(NEW)._begin)
            assert two.request("list").active
        with connect(node.url) as three:  # who has gone has said so
            push_over = Push(NEW)
            assert push_over.over(three).name == "net 2"


def test_odd_commands_are_dropped_and_said(tmp_path, mosquitto):
    with mqtt_node(tmp_path, OLD, mosquitto) as node, Watcher(mosquitto.settings()) as watcher:
        watcher.object_of("state")
        publish = watcher.broker.publish
        base = f"xnornode/{NAME}/command"
        publish(f"{base}/me", b'{"cmd":"hello","id":1}')
        watcher.wait_for(lambda t, p: t == f"{NAME}/reply/me" and b'"id":1' in p)
        publish(f"{base}/me", b"x" * 1041)
        publish(f"{base}/big", b"y" * 2_000_000)
        publish(f"{base}/m-e", b'{"cmd":"hello","id":2}')
        publish(f"{base}/me", b"\x00\xff" * 200 + b"\n\n" + b'{"cmd":"list","id":3}\r\n')
        watcher.wait_for(lambda t, p: t.endswith("/event") and b'"oversize"' in p)
        watcher.wait_for(lambda t, p: t == f"{NAME}/reply/me" and b'"id":3' in p)
        publish(f"{base}/ghost", b'{"cmd":"hello","id":4}', 1, True)
        node.restart()
        watcher.wait_for(lambda t, p: t.endswith("/event") and b'"retained"' in p)
        publish(f"{base}/ghost", b"", 1, True)
        publish(f"{base}/me", b'{"cmd":"hello","id":5}')
        watcher.wait_for(lambda t, p: t == f"{NAME}/reply/me" and b'"id":5' in p)
        assert not any(t == f"{NAME}/reply/ghost" for t, _, _ in watcher.got)


def test_the_broker_is_killed_and_comes_back(tmp_path):
    with (
        Mosquitto(tmp_path / "broker") as mosquitto,
        mqtt_node(tmp_path / "node", OLD, mosquitto) as node,
        Watcher(mosquitto.settings()) as watcher,
    ):
        watcher.object_of("state")
        before = predictions(watcher, 3)
        mosquitto.stop(kill=True)
        wait_for(lambda: [e for e in cable(node) if e.get("kind") == "network"])
        first, at = len(watcher.got), max(e["seq"] for e in cable(node) if "seq" in e)
        wait_for(lambda: [e for e in cable(node) if e.get("seq", 0) > at + 60])  # it classifies on
        mosquitto.start()
        later = predictions(watcher, 30, first)
        assert later[0]["session"] == before[0]["session"]
        numbers = [p["seq"] for p in later]
        assert sorted(set(numbers)) == [*range(numbers[0], max(numbers) + 1)]
        state = next(
            found
            for _ in range(100)
            if (found := watcher.object_of("state", first))["reconnections"] == 1
        )
        assert state["dropped"] > 0 and "broker" in state["trouble"]


def test_a_push_goes_on_where_a_broker_s_end_cut_it_off(tmp_path):
    with (
        Mosquitto(tmp_path / "broker") as mosquitto,
        mqtt_node(tmp_path / "node", OLD, mosquitto, ("push",)) as node,
        Watcher(mosquitto.settings()) as watcher,
    ):
        watcher.object_of("state")
        cut = threading.Event()

        def progress(done, total):
            if done > 4000 and not cut.is_set():
                cut.set()
                mosquitto.restart(kill=True)

        done = push(node.url, LARGE, progress=progress)
        assert done.breaks and active_model(tmp_path / "node") == LARGE
        parts = [
            json.loads(p)["at"]
            for t, p, _ in watcher.got
            if "/reply/" in t and b'"push":' in p and b'"event":"reply"' in p
        ]
        assert parts[0] == 0 and parts[-1] > 0  # the second `begin` is answered with an offset


def black_hole():
    """A port whose connections are taken by nobody, and hang."""
    hole = socket.socket()
    hole.bind(("127.0.0.1", 0))
    hole.listen(0)
    fill = [socket.socket() for _ in range(4)]
    for one in fill:
        one.setblocking(False)
        one.connect_ex(hole.getsockname())
    return hole, fill


def test_sampling_goes_on_without_a_broker(tmp_path):
    """Nobody listens, nobody answers, nobody takes the connection: the times that the node itself
    gives to its predictions have no gap of seconds."""
    hole, fill = black_hole()
    silent = socket.create_server(("127.0.0.1", 0))
    ports = [free_port(), silent.getsockname()[1], hole.getsockname()[1]]
    try:
        with ExitStack() as stack:
            folders = [tmp_path / str(i) for i in range(len(ports))]
            nodes = [
                stack.enter_context(mqtt_node(folder, OLD, port))
                for folder, port in zip(folders, ports, strict=True)
            ]
            for node in nodes:
                wait_for(lambda node=node: [e for e in cable(node) if e.get("ms", 0) > 2600])
                events = cable(node)
                found = [e for e in events if e["event"] == "prediction"]
                steps = [(b["ms"] - a["ms"], b["seq"] - a["seq"]) for a, b in pairwise(found)]
                assert max(steps)[0] < 2000, "an attempt to connect lasts 10 s"
                assert {step for _, step in steps} == {1}
                assert not [e for e in events if e["event"] == "error" or e.get("kind") == "lost"]
    finally:
        for one in (hole, silent, *fill):
            one.close()


def test_wrong_credentials_are_said_on_the_cable(tmp_path):
    users = {"node": "secret", "watcher": "word"}
    with Mosquitto(tmp_path / "broker", users=users) as mosquitto:
        with mqtt_node(tmp_path / "one", OLD, mosquitto, user="node", password="wrong") as node:
            said = wait_for(lambda: [e for e in cable(node) if e.get("kind") == "network"])
            assert "refuses this node: check `user` and `password`" in said[0]["warning"]
            assert "wrong" not in said[0]["warning"]
        with (
            mqtt_node(tmp_path / "two", OLD, mosquitto, user="node", password="secret"),
            Watcher(mosquitto.settings("watcher", "word")) as watcher,
        ):
            assert watcher.object_of("state")["node"] == NAME


def test_tls_and_a_certificate_that_is_not_the_broker_s(tmp_path):
    """By a ready-made interpreter, which has TLS; ours for tests has none."""
    with Mosquitto(tmp_path / "broker", users={"n": "secret"}, tls=True) as mosquitto:
        told = {"host": "localhost", "user": "n", "password": "secret", "tls": True}
        ca, other = (tmp_path / name for name in ("broker/ca.der", "other"))
        other.mkdir()
        certificates(other)
        with (
            mqtt_node(
                tmp_path / "one", OLD, mosquitto, ("push",), by="native/x64", ca=str(ca), **told
            ) as node,
            Watcher(mosquitto.settings("n", "secret")) as watcher,
        ):
            watcher.object_of("state")
            assert predictions(watcher, 40)
            secure = Push(LARGE)
            settings = ENVIRONMENT | {"XNORNODE_MQTT_CA": str(mosquitto.ca)}
            url = f"mqtts://n@localhost:{mosquitto.port}/{NAME}"
            with mock.patch.dict(os.environ, settings), closing(open_port(url)) as port:
                session = Session(port)
                assert session.greet(PATIENCE)
                assert secure.over(session).name == "net 3"
            assert active_model(tmp_path / "one") == LARGE
            assert node.running
        with mqtt_node(
            *(tmp_path / "two", OLD, mosquitto), by="native/x64", ca=str(other / "ca.der"), **told
        ) as node:
            said = wait_for(lambda: [e for e in cable(node) if e.get("kind") == "network"])
            assert "CERT" in said[0]["warning"].upper()


def test_the_access_list_of_the_documents(tmp_path):
    """A node and its operator need no more; who has one node's password reaches no other."""
    page = (ROOT / "docs" / "reference" / "mqtt.md").read_text()
    acl = re.search(r"```text\n(# a node that speaks MQTT itself\n.*?)```", page, re.S)[1]
    users = {NAME: "secret", "attic": "word", "operator": "key"}
    with (
        Mosquitto(tmp_path / "broker", users=users, acl=acl) as mosquitto,
        mqtt_node(
            tmp_path / "node", OLD, mosquitto, ("push",), user=NAME, password="secret"
        ) as node,
        Watcher(mosquitto.settings("operator", "key")) as watcher,
        Watcher(mosquitto.settings("attic", "word"), "#") as hostile,
    ):
        watcher.object_of("state")
        hostile.broker.publish(f"xnornode/{NAME}/command/me", b'{"cmd":"list","id":1}')
        hostile.broker.publish_all([(f"xnornode/{NAME}/availability", b"offline")])
        as_operator = {"XNORNODE_MQTT_USER": "operator", "XNORNODE_MQTT_PASSWORD": "key"}
        with mock.patch.dict(os.environ, as_operator):
            assert push(node.url, NEW, timing=QUICK).sent
        as_other = {"XNORNODE_MQTT_USER": "attic", "XNORNODE_MQTT_PASSWORD": "word"}
        with (
            mock.patch.dict(os.environ, as_other),
            mock.patch.object(mqtt_presence, "LOOK_SECONDS", 1.0),
            pytest.raises(LinkError, match=r"may the user attic read xnornode/#"),
        ):
            open_port(node.url)
        assert active_model(tmp_path / "node") == NEW
        assert hostile.got == []
        assert not any("/me" in topic for topic, _, _ in watcher.got)


def test_a_new_name_moves_the_topics(tmp_path, mosquitto):
    with (
        mqtt_node(tmp_path, OLD, mosquitto, ("push", "name"), hasty=True) as node,
        Watcher(mosquitto.settings(), "+/availability") as watcher,
    ):
        watcher.wait_for(lambda t, p: p == b"online")
        assert xnornode(["name", "attic", "--port", node.url]) == 0
        watcher.wait_for(lambda t, p: t == f"{NAME}/availability" and p == b"")
        watcher.wait_for(lambda t, p: t == "attic/availability" and p == b"online")
        url = node.url.replace(NAME, "attic")
        with closing(open_port(url)) as port:
            assert Session(port).greet(PATIENCE)


ODD = (
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x20\x02\x00\x00" * 2,
    b"\x20\x02\x00\x05",
    b"\x20\x02\x00\x00\x30\x00",
    b"\x20\x02\x00\x00\x32\xff\xff\xff\x7f\x00\x10xnornode/kitchen",
    b"\x20\x02\x00\x00\x90\x03\x00\x01\x80",
    b"\x20\x02\x00\x00\x40\x02\x00\x63" * 3,
    bytes(range(256)) * 40,
)


def test_a_hostile_broker_does_not_end_the_program(tmp_path):
    """Each connection gets other bytes; the node classifies on, and asks again."""
    server = socket.create_server(("127.0.0.1", 0))
    met = []

    def serve():
        while True:
            try:
                end, _ = server.accept()
            except OSError:
                return
            with end:
                end.settimeout(5)
                met.append(end.recv(4096))
                data = ODD[len(met) % len(ODD)]
                end.sendall(data)
                end.settimeout(0.2)
                with suppress(OSError):
                    for _ in range(10):  # and then it hangs up
                        end.recv(4096)

    threading.Thread(target=serve, daemon=True).start()
    with closing(server), mqtt_node(tmp_path, OLD, server.getsockname()[1], hasty=True) as node:
        wait_for(lambda: len(met) >= 2 * len(ODD))
        assert met[0].startswith(b"\x10") and b"xnornode/kitchen/availability" in met[0]
        at = cable(node)[-1].get("seq", 0)
        wait_for(lambda: [e for e in cable(node) if e.get("seq", 0) > at + 10])
        assert node.running
        assert not [e for e in cable(node) if e.get("kind") == "link"]
