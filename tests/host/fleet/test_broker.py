"""A connection to a real broker: let in, refused, lost and made again."""

import os
import threading
from contextlib import ExitStack

import pytest

from tests.lab.brokerlab import Mosquitto, free_port
from xnornode.errors import LinkError
from xnornode.fleet.gateway_service import raise_file_limit
from xnornode.link.mqtt_broker import Broker
from xnornode.link.mqtt_settings import BrokerSettings

WAIT = 30.0


def connected(settings, **more):
    broker = Broker(settings, **more)
    broker.start()
    try:
        broker.wait(WAIT)
    except BaseException:
        broker.close(0)
        raise
    return broker


def test_messages_come_and_retained_ones_are_told(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        one = connected(mosquitto.settings())
        one.publish_all([("t/kept", b"1")])
        got, came = [], threading.Event()

        def heard(*message):
            got.append(message)
            if len(got) == 2:
                came.set()

        two = connected(mosquitto.settings())
        two.subscribe("t/#", heard)
        two.publish("t/new", b"2")
        assert came.wait(WAIT)
        assert sorted(got) == [("t/kept", b"1", True), ("t/new", b"2", False)]
        one.close()
        two.close()


def test_subscriptions_outlast_a_restart_of_the_broker(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        said = []
        broker = connected(mosquitto.settings(), say=said.append)
        came = threading.Event()
        broker.subscribe("t", lambda *message: came.set())
        again = threading.Event()
        broker.on_connected.append(again.set)
        mosquitto.restart(kill=True)
        assert again.wait(WAIT)
        broker.publish("t", b"x")
        assert came.wait(WAIT)
        assert broker.reconnections == 1
        assert "lost" in said[0] and "there again" in said[-1]
        broker.close()


def test_more_files_than_select_takes(tmp_path):
    """A gateway of some hundred ports finds its broker, and finds it again."""
    raise_file_limit()
    with ExitStack() as files, Mosquitto(tmp_path) as mosquitto:
        last = files.enter_context(open(os.devnull))
        while last.fileno() < 1100:
            last = files.enter_context(open(os.devnull))
        broker, again = connected(mosquitto.settings()), threading.Event()
        assert broker.client.socket().fileno() > 1023
        broker.on_connected.append(again.set)
        mosquitto.restart()
        assert again.wait(WAIT)
        broker.publish_all([("t", b"x")], WAIT)
        broker.close()


def test_tls_and_passwords(tmp_path):
    with Mosquitto(tmp_path, users={"node": "secret"}, tls=True) as mosquitto:
        connected(mosquitto.settings("node", "secret")).close()
        with pytest.raises(LinkError, match="refuses this client"):
            connected(mosquitto.settings("node", "wrong"))
        untrusting = BrokerSettings("localhost", mosquitto.port, "node", "secret", tls=True)
        with pytest.raises(LinkError, match="not trusted"):
            connected(untrusting)


def test_where_nothing_listens(tmp_path):
    broker = Broker(BrokerSettings("127.0.0.1", free_port()))
    broker.start()
    with pytest.raises(LinkError, match="nothing listens there"):
        broker.wait(1.5)
    broker.close(0)


def test_the_will_is_published(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        came = threading.Event()
        watcher = connected(mosquitto.settings())
        watcher.subscribe("gone", lambda topic, payload, retained: came.set())
        node = connected(mosquitto.settings(), will=("gone", b"offline"))
        node.client.socket().shutdown(2)  # without a word
        assert came.wait(WAIT)
        node.close(0)
        watcher.close()


def test_several_handlers_of_one_filter(tmp_path):
    with Mosquitto(tmp_path) as mosquitto:
        broker = connected(mosquitto.settings())
        broker.publish_all([("t/kept", b"1")])
        one, two = threading.Event(), threading.Event()
        broker.subscribe("t/+", lambda *message: one.set())
        assert one.wait(WAIT)
        broker.subscribe("t/+", lambda *message: two.set())
        assert two.wait(WAIT)
        broker.close()
