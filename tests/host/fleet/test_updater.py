"""Models on their way from `model/latest` to simulated nodes, over a real broker."""

import hashlib
from dataclasses import replace

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetlab import NativeGateway, Watcher
from tests.lab.fleetsim import Fleet, model_file
from xnornode.errors import NodeError
from xnornode.fleet import updater
from xnornode.fleet.models import announce
from xnornode.fleet.payloads import Latest, Update, from_payload, to_payload
from xnornode.fleet.updater_push import attempt, over_broker

OLD, NEW = model_file(1), model_file(2)
ALL = ["DOWNLOADING", "DOWNLOADED", "VERIFIED", "UPDATING", "UPDATED"]


def sha(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def mosquitto(tmp_path):
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def watcher(mosquitto):
    with Watcher(mosquitto.settings()) as watching:
        yield watching


@pytest.fixture
def fleet(mosquitto, tmp_path):
    """Carried by the gateway, as far as they say."""
    names, name = ["a", "b", "c"], NativeGateway.name
    with Fleet(mosquitto.settings(), names, tmp_path, OLD, rate=20, gateway=name) as nodes:
        yield nodes


def test_all_states_of_an_update(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()) as gateway:
        watcher.give(NEW, "a", "b", rollout="0123abcd")
        watcher.until(lambda: watcher.states("a")[-1:] == watcher.states("b")[-1:] == ["UPDATED"])
    assert watcher.states("a") == ALL
    # Two threads that publish could overtake each other, and the last state would stay
    assert not [name for name in gateway.publishers if name.startswith("update ")]
    last = watcher.updates["a"][-1]
    assert (last.sha256, last.previous) == (sha(NEW), sha(OLD))
    assert (last.progress, last.rollout, last.error) == (100, "0123abcd", "")
    assert fleet.nodes["a"].file == fleet.nodes["b"].file == NEW
    assert fleet.nodes["c"].file == OLD


def test_an_offered_model_waits_for_install(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()) as gateway:
        watcher.give(NEW, "a", install=False)
        watcher.give(NEW, "b")
        watcher.until(lambda: watcher.states("b")[-1:] == ["UPDATED"])
        assert not watcher.states("a")
        topic = "xnornode/a/model/install"
        watcher.broker.publish(topic, b"INSTALL", retain=True)
        watcher.until(lambda: gateway.updater.refused == 0 and topic in watcher.kept)
        watcher.until(lambda: watcher.states("a")[-1:] == ["UPDATED"])
    with NativeGateway(mosquitto.settings()) as gateway:  # which finds the retained one
        watcher.until(lambda: gateway.updater.refused)
        assert "retained" in gateway.said[-1]


@pytest.mark.parametrize(
    "change, error",
    [
        ({"sha256": "0" * 64}, "missing"),
        ({"bytes": 2 << 20}, "oversize"),
        ({"bytes": 7}, "damaged"),
        ({"revision": 7}, "damaged"),
    ],
)
def test_models_that_are_not_what_was_announced(mosquitto, watcher, fleet, change, error):
    with NativeGateway(mosquitto.settings()) as gateway:
        gateway.updater._shelf._seconds = 0.5
        watcher.give(NEW)
        latest = replace(announce(NEW), **change)
        watcher.broker.publish("xnornode/a/model/latest", to_payload(latest), retain=True)
        watcher.until(lambda: watcher.states("a"))
    assert watcher.updates["a"][-1].error == error
    assert fleet.nodes["a"].file == OLD


def test_a_gateway_that_wants_signed_models(mosquitto, watcher, fleet):
    key = bytes(range(32))
    with NativeGateway(mosquitto.settings(), key=key):
        watcher.give(NEW, "a")
        watcher.give(NEW, "b", key=bytes(32))
        watcher.give(NEW, "c", key=key)
        watcher.until(lambda: all(watcher.states(n)[-1:] for n in "ab"))
        watcher.until(lambda: watcher.states("c")[-1:] == ["UPDATED"])
    errors = {name: watcher.updates[name][-1].error for name in "abc"}
    assert errors == {"a": "unsigned", "b": "signature", "c": ""}
    assert fleet.nodes["a"].file == fleet.nodes["b"].file == OLD


def test_what_is_no_model_reaches_no_node(mosquitto, watcher, fleet):
    data = NEW[:-1] + b"?"
    with NativeGateway(mosquitto.settings()):
        watcher.broker.publish(f"xnornode/_model/{sha(data)}", data, retain=True)
        latest = replace(announce(NEW), sha256=sha(data))
        watcher.broker.publish("xnornode/a/model/latest", to_payload(latest), retain=True)
        watcher.until(lambda: watcher.states("a"))
    assert watcher.updates["a"][-1].error == "format"


def test_a_refused_model_is_not_tried_again_until_it_is_latest_again(mosquitto, watcher, fleet):
    fleet.nodes["a"].fails.add(sha(NEW))
    with NativeGateway(mosquitto.settings()):
        watcher.give(NEW, "a")
        watcher.until(lambda: "FAILED" in watcher.states("a"))
    assert watcher.updates["a"][-1].error == "selftest"
    assert fleet.nodes["a"].file == OLD
    fleet.nodes["a"].fails.clear()
    with NativeGateway(mosquitto.settings()):  # a restart does not forget it
        watcher.give(NEW, "b")
        watcher.until(lambda: "UPDATED" in watcher.states("b"))
        assert watcher.states("a")[-1] == "FAILED"
        watcher.give(NEW, "a")
        watcher.until(lambda: watcher.states("a")[-1] == "UPDATED")


def test_a_model_that_never_classifies_falls_back(mosquitto, watcher, fleet):
    fleet.nodes["a"].crashes.add(sha(NEW))
    with NativeGateway(mosquitto.settings()):
        watcher.give(NEW, "a")
        watcher.until(lambda: "FAILED" in watcher.states("a"))
    assert watcher.states("a") == [*ALL[:4], "FAILED"]
    assert watcher.updates["a"][-1].error == "fell_back"
    assert fleet.nodes["a"].file == OLD


def test_a_node_that_was_away_catches_up(mosquitto, watcher, fleet):
    fleet.away("a")
    with NativeGateway(mosquitto.settings()):
        watcher.give(NEW, "a", "b")
        watcher.until(lambda: "UPDATED" in watcher.states("b"))
        assert not watcher.states("a")
        fleet.back("a")
        watcher.until(lambda: "UPDATED" in watcher.states("a"))
    assert fleet.nodes["a"].file == NEW


def test_a_node_that_does_not_answer_is_said_and_tried_on(mosquitto, watcher, fleet):
    fleet.nodes["a"].lose = 1.0
    fleet.nodes["a"].silent = True
    with NativeGateway(mosquitto.settings(), pauses=(0.1, 0.2)) as gateway:
        gateway.updater._timing = replace(gateway.updater._timing, hello=0.1, hello_tries=2)
        watcher.give(NEW, "a")
        watcher.until(lambda: "FAILED" in watcher.states("a"))
        assert watcher.updates["a"][-1].error == "unreachable"
        fleet.nodes["a"].lose, fleet.nodes["a"].silent = 0.0, False
        watcher.until(lambda: "UPDATED" in watcher.states("a"))


def test_a_rollback_by_hand_stays(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()):
        watcher.give(NEW, "a")
        watcher.until(lambda: "UPDATED" in watcher.states("a"))
        fleet.do(lambda: fleet.nodes["a"].answers(b""))
        from xnornode.link.protocol import Session

        port = over_broker(mosquitto.settings())("a")
        session = Session(port)
        assert session.greet(10)
        session.request("rollback", to=sha(OLD))
        port.close()
        watcher.give(NEW, "b")
        watcher.until(lambda: "UPDATED" in watcher.states("b"))
    assert fleet.nodes["a"].file == OLD
    assert watcher.states("a")[-1] == "UPDATED"


def test_two_updaters_do_no_harm(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()) as one, NativeGateway(mosquitto.settings()) as two:
        watcher.give(NEW, "a", "b", "c")
        watcher.until(lambda: all(watcher.states(node)[-1:] == ["UPDATED"] for node in fleet.nodes))
        watcher.until(lambda: not one.updater._threads and not two.updater._threads)
    assert not any("FAILED" in watcher.states(node) for node in fleet.nodes)
    assert all(node.file == NEW for node in fleet.nodes.values())


@pytest.mark.parametrize("name", ["busy", "replaced"])
def test_a_node_that_somebody_else_updates_has_not_failed(mosquitto, watcher, fleet, name):
    calls = []

    def open_node(node):
        calls.append(node)
        if len(calls) < 3:
            raise NodeError(name)
        return over_broker(mosquitto.settings())(node)

    with NativeGateway(mosquitto.settings(), open_node):
        watcher.give(NEW, "a")
        watcher.until(lambda: "UPDATED" in watcher.states("a"))
    assert watcher.states("a") == ALL and len(calls) == 3


def test_an_update_goes_on_after_a_restart_of_the_gateway(mosquitto, watcher, fleet):
    watcher.give(NEW, "a", "b", "c", install=False)
    latest = from_payload(Latest, watcher.kept["xnornode/a/model/latest"])
    for node, state in (("a", "DOWNLOADING"), ("b", "VERIFIED"), ("c", "UPDATED")):
        said = to_payload(Update(state, sha(NEW), sha(OLD), latest=latest.time))
        watcher.broker.publish_all([(f"xnornode/{node}/model/update", said)])
    with NativeGateway(mosquitto.settings()):
        watcher.until(lambda: watcher.states("a")[-1] == "UPDATED")
        watcher.until(lambda: watcher.states("b")[-1] == "FAILED")
    assert watcher.updates["b"][-1].error == "fell_back"  # while the gateway was away
    assert fleet.nodes["c"].file == OLD  # it was carried out, and somebody has rolled it back


def test_payloads_that_are_none_are_counted(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()) as gateway:
        for payload in (b"{", b'{"mqtt":0}', b"x" * 100_000, b'{"mqtt":1,"sha256":"0"}'):
            watcher.broker.publish("xnornode/a/model/latest", payload)
        watcher.until(lambda: gateway.updater.refused == 4)
        assert "version 0" in "".join(gateway.said)


def test_at_most_so_many_at_once(mosquitto, watcher, fleet):
    now, most = [0], [0]
    real = over_broker(mosquitto.settings())

    def open_node(node):
        now[0] += 1
        most[0] = max(most[0], now[0])
        port = real(node)
        close = port.close
        port.close = lambda: (close(), now.__setitem__(0, now[0] - 1))[0]
        return port

    with NativeGateway(mosquitto.settings(), open_node, pushes=1):
        watcher.give(NEW, "a", "b", "c")
        watcher.until(lambda: all(watcher.states(node)[-1:] == ["UPDATED"] for node in fleet.nodes))
    assert most == [1]


def test_an_error_that_nobody_has_foreseen_is_tried_again_after_a_pause(mosquitto, watcher, fleet):
    calls = []

    def open_node(node):
        calls.append(node)
        raise RuntimeError  # it has no text, either

    with NativeGateway(mosquitto.settings(), open_node, pauses=(600.0, 600.0)) as gateway:
        watcher.give(NEW, "a")
        watcher.until(lambda: calls and not gateway.updater._threads)
        for _ in range(5):
            gateway.updater.step()
        assert calls == ["a"]


def test_a_model_that_comes_a_little_later_is_not_missing(mosquitto, watcher, fleet):
    with NativeGateway(mosquitto.settings()) as gateway:
        gateway.updater._shelf._seconds = 0.2
        job = gateway.updater._job("a")
        topic = "xnornode/a/model/latest"
        watcher.broker.publish(topic, to_payload(announce(NEW)), retain=True)
        watcher.until(lambda: job._missed)
        watcher.give(NEW)
        watcher.until(lambda: watcher.states("a")[-1:] == ["UPDATED"])
    assert watcher.states("a") == ALL


def test_a_model_that_is_overtaken_on_its_last_bytes_is_said(
    mosquitto, watcher, fleet, monkeypatch
):
    with NativeGateway(mosquitto.settings()) as gateway:
        job = gateway.updater._job("a")

        def overtaken(*arguments):
            done = attempt(*arguments)
            watcher.give(OLD, "a", install=False)
            watcher.until(lambda: job.latest.sha256 == sha(OLD))
            return done

        monkeypatch.setattr(updater, "attempt", overtaken)
        watcher.give(NEW, "a", rollout="0123abcd")
        watcher.until(lambda: "VERIFIED" in watcher.states("a"))
    last = watcher.updates["a"][-1]
    assert (last.sha256, last.rollout) == (sha(NEW), "0123abcd")
