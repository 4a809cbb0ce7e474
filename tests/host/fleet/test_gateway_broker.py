"""The broker goes away and comes back, the gateway is killed: nothing is lost."""

import signal
import threading
import time

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import Watcher, command, gateway, settings, wait, write_file
from tests.lab.linenodes import LineNode, LineNodes


@pytest.fixture
def broker(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def watcher(broker):
    watcher = Watcher(broker.settings())
    yield watcher
    watcher.close()


def in_order(watcher, name, made):
    """Whether each prediction came, in the order of the node's, but for those that came twice."""
    first = [*dict.fromkeys(watcher.numbers(name))]
    return first == [*range(made)]


@pytest.mark.parametrize("kill", [False, True])
def test_nothing_is_lost_while_the_broker_is_away(broker, watcher, tmp_path, kill):
    """Under load: 20 nodes with 50 predictions a second. It is stopped twice."""
    nodes = [LineNode(f"0{number:x}") for number in range(20)]
    with LineNodes(nodes, 0.0 if kill else 50.0) as farm:
        pairs = [(f"n{number}", node.url) for number, node in enumerate(nodes)]
        with gateway(settings(broker, tmp_path, *pairs)) as running:
            assert wait(lambda: len(running.ports) == 20)
            for _ in range(2):
                if kill:  # what it has confirmed and not handed on goes with it: let that be none
                    assert watcher.until(
                        lambda: len(_all(watcher)) >= sum(node.made for node in nodes)
                    )
                broker.stop(kill)
                assert wait(lambda: not running.broker.connected)
                for _ in range(50 if kill else 0):
                    for node in nodes:
                        farm.do(node.predict)
                time.sleep(0.5)
                assert wait(lambda: running.outbox.queue.count > 100)
                broker.start()
                assert wait(lambda: running.broker.connected)
                assert wait(lambda: running.outbox.queue.count == 0)
            if not kill:
                farm.do(farm.stop)
            made = {node.url: node.made for node in nodes}
            for number, node in enumerate(nodes):
                name = f"n{number}"
                whole = watcher.until(lambda name=name, node=node: _whole(watcher, name, node.made))
                missing = {*range(node.made)} - {*watcher.numbers(name)}
                assert whole, (name, node.made, sorted(missing), running.said)
                assert in_order(watcher, name, made[node.url]), name
            assert running.outbox.all_dropped == 0
            assert watcher.until(lambda: watcher.last("n0/availability") == "online")


def _all(watcher):
    return [topic for topic, _, _ in watcher.came if topic.endswith("/prediction")]


def _whole(watcher, name, made):
    return len(set(watcher.numbers(name))) == made


def test_a_queue_that_is_full_drops_the_oldest_and_says_so(broker, watcher, tmp_path):
    node = LineNode("01")
    with LineNodes([node]) as farm:
        made = settings(broker, tmp_path, ("shed", node.url), queue_bytes=100_000)
        with gateway(made) as running:
            assert watcher.until(lambda: watcher.last("shed/state"))
            broker.stop()
            assert wait(lambda: not running.broker.connected)
            for _ in range(1000):
                farm.do(node.predict)
            assert wait(lambda: running.nodes["shed"].counter.predictions == 1000)
            assert wait(lambda: not running.outbox._pending)
            assert running.outbox.queue.bytes <= 100_000
            broker.start()
            assert watcher.until(lambda: 999 in watcher.numbers("shed"))
            dropped = running.outbox.dropped("shed")
            assert dropped and watcher.numbers("shed") == [*range(dropped, 1000)]
            assert watcher.until(lambda: watcher.of("_gateway/gw/state")[-1]["dropped"] == dropped)


def test_what_waits_outlasts_a_gateway_that_is_killed(broker, watcher, tmp_path):
    node = LineNode("01")
    with LineNodes([node]) as farm:
        file = write_file(tmp_path / "fleet.toml", settings(broker, tmp_path, ("shed", node.url)))
        with command(file) as process:
            assert watcher.until(lambda: watcher.last("shed/state"))
            broker.stop()
            for _ in range(300):
                farm.do(node.predict)
            time.sleep(1.0)  # more than it takes until they are on disk
            process.kill()
        broker.start()
        with command(file) as process:
            assert watcher.until(lambda: len(set(watcher.numbers("shed"))) == 300)
            assert [*dict.fromkeys(watcher.numbers("shed"))] == [*range(300)]
            farm.do(node.predict)
            assert watcher.until(lambda: 300 in watcher.numbers("shed"))
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert watcher.until(lambda: watcher.last("shed/availability") == "offline")


def test_a_gateway_that_ends_without_a_broker_keeps_what_is_left(broker, watcher, tmp_path):
    node = LineNode("01")
    with LineNodes([node]) as farm:
        with gateway(settings(broker, tmp_path, ("shed", node.url))) as running:
            assert watcher.until(lambda: watcher.last("shed/state"))
            broker.stop()
            assert wait(lambda: not running.broker.connected)
            for _ in range(10):
                farm.do(node.predict)
            assert wait(lambda: running.nodes["shed"].counter.predictions == 10)
        broker.start()
        with gateway(settings(broker, tmp_path, ("shed", node.url))):
            assert watcher.until(lambda: watcher.numbers("shed") == [*range(10)])
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")


def test_a_disk_that_fails_is_said_and_memory_is_used(broker, watcher, tmp_path):
    node = LineNode("01")
    nodes = LineNodes([node])
    with nodes as farm, gateway(settings(broker, tmp_path, ("shed", node.url))) as running:
        assert watcher.until(lambda: watcher.last("shed/state"))
        base = running.outbox.queue._base
        running.reactor.do(lambda: base.execute("pragma query_only = 1"))
        broker.stop()
        assert wait(lambda: not running.broker.connected)
        for _ in range(100):
            farm.do(node.predict)
        assert wait(lambda: any("queue cannot be written" in text for text in running.said))
        broker.start()
        assert watcher.until(lambda: len(set(watcher.numbers("shed"))) == 100)
        running.reactor.do(lambda: base.execute("pragma query_only = 0"))


def test_what_another_thread_gave_first_is_published_first(broker, watcher, tmp_path):
    """An update's thread says UPDATING; the gateway's own says UPDATED right after."""

    def came():
        return [data for topic, data, _ in [*watcher.came] if topic == "xnornode/a/event"]

    with gateway(settings(broker, tmp_path)) as running:
        assert watcher.until(lambda: watcher.last("_gateway/gw/state"))

        def give():
            words = ("xnornode/a/event", b"1", False)
            other = threading.Thread(target=running.publish, args=words)
            other.start()  # the gateway's thread is busy here
            other.join()
            running.publish("xnornode/a/event", b"2", False)

        running.reactor.call(give)
        assert watcher.until(lambda: len(came()) == 2)
    assert came() == [b"1", b"2"]
