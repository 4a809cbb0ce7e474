"""What others say to a gateway, and what it says of itself."""

import threading
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.gatewaylab import PATIENCE, Watcher, gateway, settings, wait
from tests.lab.linenodes import LineNode, LineNodes
from xnornode.fleet import gateway as gateway_module
from xnornode.fleet import gateway_native, gateway_open, gateway_own, gateway_roster
from xnornode.fleet.gateway_native import Native
from xnornode.fleet.gateway_node import Node
from xnornode.fleet.gateway_port import NodePort
from xnornode.fleet.payloads import State, to_payload
from xnornode.fleet.queue import Message
from xnornode.fleet.view import FleetView
from xnornode.link.addresses import Port
from xnornode.link.messages import Drift
from xnornode.link.mqtt_topics import LONGEST_PAYLOAD, Topics
from xnornode.link.parsing import parse
from xnornode.link.schema import read_json


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


def test_a_late_will_does_not_keep_a_gateway_offline(broker, watcher, tmp_path):
    with gateway(settings(broker, tmp_path)) as running:
        assert running.broker.client._client_id == b"xnornode-_gateway-gw"
        assert watcher.until(lambda: watcher.last("_gateway/gw/availability") == "online")
        watcher.publish("_gateway/gw/availability", b"offline", True)

        def corrected():
            said = [data for at, data, _ in [*watcher.came] if at.endswith("gw/availability")]
            return b"offline" in said and said[-1] == b"online"

        assert watcher.until(corrected)
    assert watcher.until(lambda: watcher.last("_gateway/gw/availability") == "offline")


def test_a_node_that_another_gateway_lets_go_stays_online(broker, watcher, tmp_path):
    """Both had it; the one that ends says that it is away."""
    node = LineNode("shed")
    with LineNodes([node]):
        with gateway(settings(broker, tmp_path, ("shed", node.url))):
            assert watcher.until(lambda: watcher.last("shed/availability") == "online")
            watcher.publish("shed/availability", b"offline", True)

            def corrected():
                said = [data for at, data, _ in [*watcher.came] if at.endswith("shed/availability")]
                return b"offline" in said and said[-1] == b"online"

            assert watcher.until(corrected)
        assert watcher.until(lambda: watcher.last("shed/availability") == "offline")


def test_a_gateway_that_may_not_write_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_own, "PASSES", 0.5)
    acl = "user shy\ntopic read xnornode/#\n"
    with Mosquitto(tmp_path / "closed", users={"shy": "secret"}, acl=acl) as closed:
        made = replace(settings(closed, tmp_path), broker=closed.settings("shy", "secret"))
        with gateway(made) as running:
            assert wait(lambda: any("may the user shy write" in text for text in running.said))


def test_a_state_speaks_for_the_node_of_its_topic_alone(broker, watcher, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_roster, "SETTLE", 0.5)
    watcher.publish("victim/availability", b"online", True)
    for name, said in (("evil", "victim"), ("wild", "#"), ("attic", "attic")):
        watcher.publish(f"{name}/state", to_payload(State(said, "", "gw")), True)
    with gateway(settings(broker, tmp_path)) as running:
        assert watcher.until(lambda: watcher.last("attic/availability") == "offline")
        assert watcher.last("victim/availability") == "online"
        assert running.refused["schema"] == 2


@pytest.mark.quick
def test_a_view_takes_no_state_of_another_node():
    view = FleetView(SimpleNamespace(subscribe=lambda *about: None), Topics())
    view._take("xnornode/evil/state", to_payload(State("victim", "")), True)
    assert (
        view.nodes["evil"].state is None and "another node" in view.nodes["evil"].problems["state"]
    )


def test_a_message_that_cannot_be_published_holds_up_no_other(broker, watcher, tmp_path):
    broker.stop()
    with gateway(settings(broker, tmp_path)) as running:
        outbox = running.outbox
        for topic in ("xnornode/#/availability", "xnornode/shed/event"):
            running.reactor.do(lambda topic=topic: outbox.publish(Message(topic, b"1")))
        assert wait(lambda: outbox.queue.count >= 2)
        broker.start()
        assert watcher.until(lambda: watcher.of("shed/event") == [1])
        assert outbox.all_dropped == 1 and any("is dropped" in text for text in running.said)
        assert wait(lambda: not outbox.waiting)


def test_what_another_gateway_did_is_forgotten(broker, watcher, tmp_path, monkeypatch):
    node = LineNode("01")
    with LineNodes([node]), gateway(settings(broker, tmp_path, ("shed", node.url))) as running:
        assert watcher.until(lambda: watcher.last("shed/availability") == "online")
        watcher.publish("shed/state", to_payload(State("shed", "09", "cellar")))
        assert wait(lambda: [*running.roster.troubles()])
        monkeypatch.setattr(gateway_roster, "FORGET", 0.0)
        assert watcher.until(lambda: watcher.last("_gateway/gw/state")["trouble"] == [])
        assert not [*running.roster.troubles()]


def test_a_gateway_that_had_its_name_before_is_no_other(broker, watcher, tmp_path):
    with gateway(settings(broker, tmp_path)):
        assert watcher.until(lambda: watcher.last("_gateway/gw/state"))
    again = replace(settings(broker, tmp_path), queue=str(tmp_path / "other"))
    with gateway(again) as running:
        assert wait(lambda: running.own._seen)
        assert not [*running.roster.troubles()]


def test_a_gateway_ends_while_a_port_is_opened_in_vain(broker, tmp_path, monkeypatch):
    monkeypatch.setattr(gateway_module, "PORTS_SECONDS", 0.1)
    ended, waited = threading.Event(), []
    with gateway(settings(broker, tmp_path)) as running:
        running.in_thread(lambda: waited.append(ended.wait(PATIENCE)))
    ended.set()
    assert wait(lambda: waited) and waited == [True]


@pytest.mark.quick
def test_a_port_that_is_closed_is_not_opened_any_more(monkeypatch):
    """It may have waited for its turn, among hundreds that cannot be reached."""
    jobs, tried = [], []
    owner = SimpleNamespace(reactor=SimpleNamespace(call=tried.append), in_thread=jobs.append)
    port = NodePort(owner, Port("socket://127.0.0.1:9"), "x")
    monkeypatch.setattr(gateway_open, "open_port", lambda *about: tried.append(about))
    port.begin()
    port.close()
    jobs[0]()
    assert tried == []


@pytest.mark.quick
def test_a_port_that_is_closed_has_no_node():
    """Another one has the name: nothing is asked on the closed port, nor its lines remembered."""
    timers = []

    def later(seconds, function):
        timers.append(function)
        return SimpleNamespace(cancel=lambda: timers.remove(function))

    owner = SimpleNamespace(
        reactor=SimpleNamespace(later=later),
        starts=False,
        in_thread=lambda job: None,
        say=lambda text: None,
        claim=lambda port, name, device: "two nodes are called x",
    )
    port = NodePort(owner, Port("/dev/x"), "x")
    port._port, port._kept = SimpleNamespace(close=lambda: None), [(None, 0)]
    port._opened -= 1000.0
    port._ask()
    assert timers == [port.begin] and port._kept == []


@pytest.mark.quick
def test_drift_ends_with_its_model():
    model = SimpleNamespace(sha256="a", name="m", revision=1)
    hello = SimpleNamespace(device="", session="s", model=model)
    other = SimpleNamespace(device="", session="s", model=SimpleNamespace(**vars(model)))
    other.model.sha256 = "b"
    node = Node("shed", "gw")
    node.counter = node._labels = SimpleNamespace(heard=lambda *about: "")
    drift = Drift(seq=1, ms=1, drift=900, flagged=False, features=("x",), moved=(1,))
    node.greeted(hello)
    node.heard(drift, 0)
    node.greeted(hello)
    assert node._drift == (900, ("x",))
    node.greeted(other)
    assert node._drift is None
    node.heard(drift, 0)
    node.heard(parse(read_json(LineNode().ready())), 0)
    assert node._drift is None


@pytest.mark.quick
def test_a_flood_of_a_native_node_does_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(gateway_native, "LINES_AT_ONCE", 10)
    monkeypatch.setattr(gateway_native, "LINES", 0)
    calls, handlers, refused = [], {}, {"oversize": 0, "flood": 0}
    made = SimpleNamespace(
        topics=Topics(),
        ports={},
        refused=refused,
        reactor=SimpleNamespace(call=calls.append),
        broker=SimpleNamespace(subscribe=handlers.__setitem__),
    )
    Native(made)
    take = handlers["xnornode/+/event"]
    take("xnornode/a/event", b"x" * (LONGEST_PAYLOAD + 1), False)
    assert refused == {"oversize": 1, "flood": 0} and not calls
    for _ in range(50):
        take("xnornode/a/event", b"{}", False)
    assert refused["flood"] > 30
    monkeypatch.setattr(gateway_native, "WAITING", 0)
    before = len(calls)
    take("xnornode/b/event", b"{}", False)
    assert len(calls) == before
