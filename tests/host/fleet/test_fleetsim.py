"""The simulated fleet says what real nodes say: by the checks of real payloads and real lines."""

import json
import queue

import pytest

from tests.lab.brokerlab import Mosquitto
from tests.lab.fleetsim import Fleet, model_file
from xnornode.fleet.payloads import State, from_payload
from xnornode.link.framing import seal, unseal
from xnornode.link.messages import Hello, Models, Prediction
from xnornode.link.mqtt_broker import Broker
from xnornode.link.parsing import parse

WAIT = 30.0


@pytest.fixture
def watched(tmp_path):
    """Two nodes at work, a watcher's connection, and what it gets by the topic."""
    came: dict[str, queue.Queue[bytes]] = {}
    with Mosquitto(tmp_path / "broker") as mosquitto:
        broker = Broker(mosquitto.settings())
        broker.subscribe(
            "xnornode/#",
            lambda topic, payload, _: came.setdefault(topic, queue.Queue()).put(payload),
        )
        broker.start()
        broker.wait(WAIT)
        for name in ("a", "b"):
            for kind in ("state", "prediction", "event", "reply/me", "availability"):
                came[f"xnornode/{name}/{kind}"] = queue.Queue()
        with Fleet(mosquitto.settings(), ["a", "b"], tmp_path, model_file(1), rate=20) as fleet:
            yield fleet, broker, came
        broker.close()


def test_what_it_says_by_itself_is_as_specified(watched):
    fleet, _, came = watched
    state = from_payload(State, came["xnornode/a/state"].get(timeout=WAIT))
    assert state.node == "a" and state.model.sha256 == fleet.nodes["a"].sha256
    said = json.loads(came["xnornode/b/prediction"].get(timeout=WAIT))
    assert isinstance(parse(said), Prediction) and said["session"] == fleet.nodes["b"].session
    fleet.restart("a")
    ready = json.loads(came["xnornode/a/event"].get(timeout=WAIT))
    assert parse(ready).labels == state.labels


def test_it_answers_commands(watched):
    _, broker, came = watched
    for name, kind in (("hello", Hello), ("list", Models)):
        broker.publish("xnornode/a/command/me", seal(b'{"cmd":"%s","id":4' % name.encode()))
        answer = parse(unseal(came["xnornode/a/reply/me"].get(timeout=WAIT)))
        assert isinstance(answer, kind) and answer.id == 4


def test_a_link_that_loses_all_loses_all(watched):
    fleet, broker, came = watched
    fleet.nodes["a"].lose = 1.0
    broker.publish("xnornode/a/command/me", seal(b'{"cmd":"list","id":4'))
    broker.publish("xnornode/b/command/me", seal(b'{"cmd":"list","id":5'))
    came["xnornode/b/reply/me"].get(timeout=WAIT)
    assert came["xnornode/a/reply/me"].empty()
