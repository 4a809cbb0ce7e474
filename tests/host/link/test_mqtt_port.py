"""A node on a broker as a port: a real Mosquitto, and a client that plays the node."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
import serial

from tests.lab.brokerlab import Mosquitto, free_port
from xnornode.cli.main import main
from xnornode.errors import LinkError
from xnornode.link import mqtt_presence
from xnornode.link.addresses import Port, PortNameError
from xnornode.link.connect import connect
from xnornode.link.framing import command, seal
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_port import MqttPort
from xnornode.link.mqtt_url import settings_of
from xnornode.link.ports import open_port
from xnornode.link.protocol import Session
from xnornode.link.timing import Timing

WAIT = 30.0
PREDICTION = b'{"event":"prediction","seq":%d,"ms":1,"label":"a","index":0,"scores":[1],"us":1}'


class Node:
    """Plays a node: keeps what is sent to it, and answers `hello` where it has an answer."""

    def __init__(self, settings, name="kitchen", gateway=None, availability=b"online"):
        self.name, self.got, self._changed = name, [], threading.Condition()
        self.hello = None
        self.broker = Broker(settings)
        self.broker.start()
        self.broker.wait(WAIT)
        self.broker.subscribe(f"xnornode/{name}/command/+", self._on_command)
        state = {"mqtt": 1, "node": name, "device": "", "gateway": gateway, "seen": 1796050000000}
        retained = [(f"xnornode/{name}/state", json.dumps(state).encode())]
        self.broker.publish_all([*retained, (f"xnornode/{name}/availability", availability)])

    def _on_command(self, topic, payload, retained):
        if payload.startswith(b'{"cmd":"hello"') and self.hello:
            answer = {"event": "hello", "id": json.loads(payload)["id"], **self.hello}
            line = seal(json.dumps(answer, separators=(",", ":"))[:-1].encode())
            self.broker.publish(topic.replace("/command/", "/reply/"), line)
        with self._changed:
            self.got.append((topic.rpartition("/")[2], payload))
            self._changed.notify_all()

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.got) >= count, WAIT), self.got
        return self.got

    def say(self, kind, payload, retain=False):
        info = self.broker.publish(f"xnornode/{self.name}/{kind}", payload, 1, retain)
        info.wait_for_publish(WAIT)

    def close(self):
        self.broker.close(1)


HELLO = {
    **{"protocol": 1, "session": "1", "library": "0.2.0", "bnn": "0.2.0", "format": 3},
    **{"firmware": "1.25.0", "machine": "test", "frame": 1040, "window": 4, "flash": 1, "ram": 1},
    **{"model": None, "channels": None, "running": True, "signed": False},
}


@pytest.fixture(scope="module")
def mosquitto(tmp_path_factory):
    with Mosquitto(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@contextmanager
def node(mosquitto, **more):
    found = Node(mosquitto.settings(), **more)
    try:
        yield found, f"mqtt://127.0.0.1:{mosquitto.port}/{found.name}"
    finally:
        found.say("availability", b"", retain=True)
        found.say("state", b"", retain=True)
        found.close()


def read(port, count):
    """So many lines, in time."""
    came, end = b"", time.monotonic() + WAIT
    port.timeout = 0.2
    while came.count(b"\n") < count:
        assert time.monotonic() < end, came
        came += port.read(1) + port.read(port.in_waiting)
    return came


def test_only_lines_go_out_and_each_client_has_a_word_and_says_goodbye(mosquitto):
    with node(mosquitto) as (kitchen, url):
        one, two = open_port(url), open_port(url)
        line = command("list", 4)
        one.write(b"\r\x03\x03\r\x01\x05A\x01import os\r\n" + line[:9])
        one.write(line[9:] + b"{print(1)\n\x04\x02\r")
        chunk = '{"push":1,"at":0,"data":"\u00ff"}'.encode("latin-1")
        two.write(b"\r\n" + chunk + b"\r\n")
        one.close()
        two.close()
        first, second = {}, {}
        for word, payload in kitchen.wait_for(4):
            (first if not first or word in first else second).setdefault(word, []).append(payload)
        assert sorted([*first.values(), *second.values()]) == [[line.strip(), b""], [chunk, b""]]
        assert len(first) == len(second) == 1


def test_what_comes_is_lines_with_a_crc_and_nothing_comes_twice(mosquitto):
    with node(mosquitto) as (kitchen, url), open_port(url) as port:
        port.write(command("list", 1))
        word = kitchen.wait_for(1)[0][0]
        for seq in (1, 2, 1, 2, 3):
            kitchen.say("prediction", PREDICTION % seq)
        kitchen.say("prediction", b"x" * 70_000)
        kitchen.say("event", b"no json")
        kitchen.say("event", '{"time":1,"event":"source","name":"r\u00fc"}'.encode())
        reply = seal(b'{"event":"reply","id":1')
        kitchen.say(f"reply/{word}", reply)
        kitchen.say("reply/another", reply)
        kitchen.say(f"reply/{word}", reply.strip())
        lines = read(port, 6).splitlines(keepends=True)
        assert [line.split(b",")[1] for line in lines[:3]] == [b'"seq":1', b'"seq":2', b'"seq":3']
        assert lines[3] == seal(b'{"event":"source","time":1,"name":"r\\u00fc"')
        assert lines[4:] == [reply, reply]
        session = Session(port)
        kitchen.hello = HELLO
        assert session.greet(WAIT) and session.hello.machine == "test"


def test_a_retained_prediction_is_of_before(mosquitto):
    with node(mosquitto) as (kitchen, url):
        kitchen.say("prediction", PREDICTION % 1, retain=True)
        with open_port(url) as port:
            kitchen.say("prediction", b"", retain=True)
            kitchen.say("prediction", PREDICTION % 2)
            assert b'"seq":2' in read(port, 1)


def test_a_node_that_goes_away_and_a_broker_that_ends(mosquitto, tmp_path):
    with node(mosquitto) as (kitchen, url), open_port(url) as port:
        kitchen.say("availability", b"offline", retain=True)
        with pytest.raises(serial.SerialException, match="not there any more"):
            read(port, 1)
    with Mosquitto(tmp_path) as other:
        kitchen = Node(other.settings())
        url = f"mqtt://127.0.0.1:{other.port}/kitchen"
        with open_port(url) as port:
            other.stop(kill=True)
            with pytest.raises(serial.SerialException, match="the connection was lost"):
                read(port, 1)
        with pytest.raises(LinkError, match="nothing listens there"):
            open_port(url)
        kitchen.broker.close(0)


@pytest.mark.parametrize(
    ("of_node", "gateway", "text"),
    [
        ({"availability": b"offline"}, b"", "kitchen is not there .since 20[0-9-]{8} [0-9:]{8}"),
        ({"gateway": "attic"}, b"offline", "the gateway attic, which carries the node kitchen"),
        ({"name": "cellar"}, b"", "no node kitchen is known to .*: known are cellar$"),
    ],
)
def test_a_node_that_is_not_there(mosquitto, of_node, gateway, text, monkeypatch):
    monkeypatch.setattr(mqtt_presence, "LOOK_SECONDS", 1.0)
    with node(mosquitto, **of_node) as (found, url):
        topic = "xnornode/_gateway/attic/availability"
        found.broker.publish_all([(topic, gateway)])
        with pytest.raises(LinkError, match=text):
            open_port(url.replace("cellar", "kitchen"))
        found.broker.publish_all([(topic, b"")])


def test_the_gateway_s_end_ends_the_port(mosquitto):
    with node(mosquitto, gateway="attic") as (kitchen, url):
        topic = "xnornode/_gateway/attic/availability"
        kitchen.broker.publish_all([(topic, b"online")])
        with open_port(url) as port:
            kitchen.broker.publish_all([(topic, b"offline")])
            with pytest.raises(serial.SerialException, match="gateway is not there"):
                read(port, 1)
        kitchen.broker.publish_all([(topic, b"")])


def test_who_does_not_answer_is_not_interrupted(mosquitto, capsys):
    with node(mosquitto) as (kitchen, url):
        soon = Timing(hello=0.2, hello_tries=3)
        with pytest.raises(LinkError, match="may this user write"), connect(url, soon):
            pass
        said = {payload[:14] for _, payload in kitchen.wait_for(4)}
        assert said == {b'{"cmd":"hello"', b""}
        assert main(["update", "--port", url]) == 1
        assert "take the cable" in " ".join(capsys.readouterr().err.split())


@pytest.mark.quick
@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("mqtt://broker", "names no node"),
        ("mqtt://broker/", "names no node"),
        ("mqtt:///kitchen", "names no broker"),
        ("mqtt://broker:0/kitchen", "is a number from 1 to 65535"),
        ("mqtt://broker:x/kitchen", "is a number from 1 to 65535"),
        ("mqtt://broker/a/b", "is no name of a node"),
        ("mqtts://broker/k%C3%BCche", "is no name of a node"),
        ("mqtt://broker/_model", "is no name of a node"),
        ("mqtt://broker/kitchen?retain=1", "'retain' is no option of such ports: prefix"),
        ("mqtt://broker/kitchen?prefix=a%2B", "is no prefix of topics"),
        ("mqtt://broker/kitchen#a", "has no #"),
        ("mqtt://[broker/kitchen", "is no address"),
        ("mqtt://me:secret@broker/kitchen", "XNORNODE_MQTT_PASSWORD"),
    ],
)
def test_urls_that_cannot_be(url, text, capsys):
    with pytest.raises(PortNameError, match=text) as caught:
        Port(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(SystemExit) as ended:
        main(["list", "--port", url])
    assert ended.value.code == 2
    assert "secret" not in capsys.readouterr().err


@pytest.mark.quick
def test_what_a_url_does_not_say_the_environment_does(monkeypatch):
    for name, value in {"USER": "me", "PASSWORD": "secret", "PREFIX": "lab"}.items():
        monkeypatch.setenv(f"XNORNODE_MQTT_{name}", value)
    found = settings_of("mqtt://b:99/kitchen")
    assert (found.where, found.user, found.password, found.prefix, found.tls) == (
        *("b:99", "me", "secret", "lab"),
        False,
    )
    found = settings_of("mqtts://you@b/kitchen?prefix=home/one")
    assert (found.where, found.user, found.prefix, found.tls) == ("b:8883", "you", "home/one", True)


def test_where_nothing_listens():
    with pytest.raises(LinkError, match="nothing listens there"):
        MqttPort(f"mqtt://127.0.0.1:{free_port()}/kitchen")
