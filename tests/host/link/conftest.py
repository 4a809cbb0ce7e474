"""Ports in this process, whose time is a clock of its own (tests/lab/talkers.py)."""

import hashlib
import json
import time

import pytest

from tests.lab.faultlab import lab_models
from tests.lab.simulated import SimulatedNode
from tests.lab.talkers import Clock, TalkingPort
from xnornode.link import connect as connect_module
from xnornode.link import ports, repl
from xnornode.link.framing import seal
from xnornode.link.send_window import escape
from xnornode.model.file_format import to_bytes


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


@pytest.fixture
def plug(clock, monkeypatch):
    """Plug a talker in: `plug(talker, dead)` is the port that each command opens."""

    def plug(talker, dead=0.0):
        port = TalkingPort(talker, clock, dead)
        for module in (connect_module, ports, repl):
            monkeypatch.setattr(module, "open_port", lambda url: port.open())
        return port

    return plug


@pytest.fixture
def node(tmp_path):
    node = SimulatedNode(tmp_path)
    push_into(node, to_bytes(lab_models()[2]))
    return node


def push_into(node, data):
    """Give a node a model, without a line."""
    begin = {"cmd": "begin", "id": 1, "protocol": 1, "length": len(data), "revision": 0}
    begin["sha256"] = hashlib.sha256(data).hexdigest()
    answer = json.loads(node.answers(seal(json.dumps(begin)[:-1].encode())[:-1]))
    push = node.receiver.push
    push.take(0, memoryview(escape(data)))
    node.answers(seal(b'{"cmd":"end","id":2,"push":%d' % answer["push"])[:-1])
