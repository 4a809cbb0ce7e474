"""What must not end a connection to a broker, nor have it say what is not so."""

import threading

import pytest

from tests.host.fleet.test_broker import WAIT, connected
from tests.lab.brokerlab import Mosquitto, free_port
from xnornode.link import mqtt_broker, mqtt_loop
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_port import MqttPort
from xnornode.link.mqtt_settings import BrokerSettings


def test_a_mistake_in_a_handler_ends_nothing(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        said, came = [], threading.Event()
        broker = connected(mosquitto.settings(), say=said.append)

        def wrong(*message):
            raise RuntimeError("can't start new thread")

        broker.subscribe("t", wrong)
        broker.subscribe("u", lambda *message: came.set())
        for topic in ("t", "t", "u"):
            broker.publish(topic, b"1")
        assert came.wait(WAIT)
        assert broker.alive and broker.connected and broker.mistakes.count == 2
        assert [text for text in said if "can't start" in text] == said
        broker.close()


def test_nobody_who_listens_ends_nothing(tmp_path):
    """As where standard error is a pipe whose reader has ended."""

    def say(text):
        raise BrokenPipeError

    with Mosquitto(tmp_path) as mosquitto:
        broker, again = connected(mosquitto.settings(), say=say), threading.Event()
        broker.on_lost.append(lambda: say("lost"))
        broker.on_connected.append(again.set)
        mosquitto.restart()
        assert again.wait(WAIT)
        broker.close()


def test_an_error_within_the_connection_counts_as_a_lost_one(tmp_path, monkeypatch):
    with Mosquitto(tmp_path) as mosquitto:
        broker, again, raised = connected(mosquitto.settings()), threading.Event(), []
        broker.on_connected.append(again.set)
        read = broker.client.loop_read

        def once():
            if raised:
                return read()
            raised.append(True)
            raise MemoryError

        monkeypatch.setattr(broker.client, "loop_read", once)
        broker.publish("t", b"1")  # which is confirmed, so something is read
        assert again.wait(WAIT)
        assert (broker.lost, broker.reconnections, broker.mistakes.count) == (1, 1, 1)
        broker.close()


def test_a_client_with_a_name_takes_its_old_connections_place(tmp_path, monkeypatch):
    """One that is half open: the broker takes it for alive, and would publish its will later."""
    monkeypatch.setattr(mqtt_broker, "FIRST_PAUSE", 1000.0)  # the old one does not come back
    with Mosquitto(tmp_path) as mosquitto:
        heard, came, there = [], threading.Event(), threading.Event()

        def hear(topic, payload, retained):
            heard.append(payload)
            came.set()
            if payload == b"online":
                there.set()

        watcher = connected(mosquitto.settings())
        watcher.subscribe("a", hear)
        will = ("a", b"offline")
        old = connected(mosquitto.settings(), name="gw", will=will)
        new = connected(mosquitto.settings(), name="gw", will=will)
        assert came.wait(WAIT)
        new.publish_all([("a", b"online")], WAIT)
        assert there.wait(WAIT)
        assert heard == [b"offline", b"online"]
        for broker in (old, new, watcher):
            broker.close()


def test_brief_connections_are_no_storm(tmp_path, monkeypatch):
    """Two clients of one name throw each other out."""
    monkeypatch.setattr(mqtt_broker, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(mqtt_loop, "BRIEF", 2)
    waits = []

    with Mosquitto(tmp_path) as mosquitto:
        one = Broker(mosquitto.settings(), "gw")
        wait = one._loop._ends.wait

        def shorter(seconds):
            waits.append(seconds)
            return wait(0.01)

        monkeypatch.setattr(one._loop._ends, "wait", shorter)
        enough = threading.Event()
        one.on_connected.append(lambda: one.client.socket().shutdown(2))
        one.on_lost.append(lambda: enough.set() if len(waits) > 14 else None)
        one.start()
        assert enough.wait(WAIT)
        one.close(0)
    assert waits[:4] == [0.01, 0.01, 0.02, 0.04]
    assert max(waits) == mqtt_loop.BRIEF_PAUSE


def test_what_was_not_confirmed_goes_before_what_comes_later(tmp_path):
    """A connection counts as there once paho has sent again what the broker has not confirmed."""
    with Mosquitto(tmp_path) as mosquitto:
        heard, all_came = [], threading.Event()

        def hear(topic, payload, retained):
            heard.append(int(payload))
            if payload == b"9":
                all_came.set()

        watcher = connected(mosquitto.settings())
        watcher.subscribe("t", hear)
        broker = Broker(mosquitto.settings())
        for number in range(9):
            broker.publish("t", b"%d" % number)
        broker.on_connected.append(lambda: broker.publish("t", b"9"))
        broker.start()
        assert all_came.wait(WAIT)
        assert heard == [*range(10)]
        broker.close()
        watcher.close()


@pytest.mark.quick
@pytest.mark.parametrize(
    "words, fatal",
    [
        ("Bad user name or password", True),
        ("Client identifier not valid", True),
        ("Server unavailable", False),
        ("Server busy", False),
    ],
)
def test_only_what_does_not_pass_is_fatal(words, fatal):
    class Reason:
        is_failure = True

        def __str__(self):
            return words

    broker = Broker(BrokerSettings("127.0.0.1", free_port()))
    broker._on_connect(broker.client, None, None, Reason(), None)
    assert bool(broker.refused) is fatal
    assert "it refuses this client" in broker.why


@pytest.mark.quick
def test_a_subscription_during_the_greeting_is_made():
    """By another thread, behind the list of those that are made at once."""
    broker = Broker(BrokerSettings("127.0.0.1", free_port()))
    asked = []
    broker.client.subscribe = lambda pattern, qos=0: asked.append(pattern)
    broker._on_connect(broker.client, None, None, type("R", (), {"is_failure": False}), None)
    broker.subscribe("t", print)
    assert asked == ["t"]


@pytest.mark.quick
def test_a_port_whose_connection_is_just_gone_has_a_line_that_waits():
    """paho refuses to say whether a message is out that it was given without a connection."""
    port = MqttPort()
    port._broker = broker = Broker(BrokerSettings("127.0.0.1", free_port()))
    port._sent.append(broker.publish("t", b"{}"))
    assert port.out_waiting == 1
