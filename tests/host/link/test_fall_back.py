"""Nodes whose newest model cannot be loaded, or never classified: what runs, and what they say."""

import os

import pytest

from tests.lab.bridge import Bridge
from tests.lab.livenode import DEVICE, model_bytes, prepare, receiving_node
from tests.lab.unixnode import UnixNode
from xnornode.cli.main import main
from xnornode.link.connect import connect
from xnornode.link.messages import Prediction
from xnornode.link.push import push

OLD, NEW = model_bytes(1), model_bytes(2)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "node"


def test_list_after_a_fall_back(home, capsys):
    """The newest model cannot be loaded: what runs is active, and rollback says what is wrong."""
    program = prepare(home, OLD)
    (home / "models" / "2.bnn").write_bytes(NEW[:-1])
    with UnixNode([program], home, [DEVICE]) as node, Bridge(node.fd) as bridge:
        with connect(bridge.url) as session:
            models = session.request("list")
        assert (models.active.name, models.previous.name) == ("net 1", None)
        assert main(["rollback", "--port", bridge.url]) == 1
        assert "previous model cannot be loaded" in capsys.readouterr().err
        push(bridge.url, model_bytes(3))
        with connect(bridge.url) as session:
            models = session.request("list")
        assert (models.active.name, models.previous.name) == ("net 3", "net 1")


def test_list_without_a_program_after_a_fall_back(home):
    (home / "models").mkdir(parents=True)
    (home / "models" / "1.bnn").write_bytes(OLD)
    (home / "models" / "2.bnn").write_bytes(NEW[:-1])
    with receiving_node(home) as bridge, connect(bridge.url) as session:
        models = session.request("list")
        assert session.hello.model.name == "net 1"
    assert (models.active.name, models.previous.name) == ("net 1", None)


def test_a_trial_goes_on_while_the_previous_model_cannot_be_loaded(home):
    program = prepare(home, OLD[:-1])
    (home / "models" / "2.3.bnn").write_bytes(NEW)
    with UnixNode([program], home, [DEVICE]) as node, Bridge(node.fd) as bridge:
        seen = []
        with connect(bridge.url, on_event=seen.append) as session:
            assert session.hello.model.name == "net 2"
            while not any(isinstance(event, Prediction) for event in seen):
                seen.append(session.receive(10))
            previous = session.request("list").previous
    assert sorted(os.listdir(home / "models")) == ["1.bnn", "2.bnn"] and previous.name is None
