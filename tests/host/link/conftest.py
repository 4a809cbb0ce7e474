"""Ports in this process, whose time is a clock of its own (tests/lab/talkers.py)."""

import time

import pytest

from tests.lab.faultlab import lab_models
from tests.lab.sharelab import FarEnd
from tests.lab.simulated import SimulatedNode, push_into
from tests.lab.talkers import Clock, TalkingPort
from xnornode.board import look
from xnornode.link import connect as connect_module
from xnornode.link import ports, repl, share, share_talk
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
        for module in (connect_module, ports, repl, look):
            monkeypatch.setattr(module, "open_port", lambda url: port.open())
        return port

    return plug


@pytest.fixture
def node(tmp_path):
    node = SimulatedNode(tmp_path)
    push_into(node, to_bytes(lab_models()[2]))
    return node


@pytest.fixture
def meeting_folder(tmp_path, monkeypatch):
    """Where programs that share a port meet, for this test alone."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(share, "_told", set())
    return tmp_path


@pytest.fixture
def said(monkeypatch):
    """What the user is told of sharing."""
    said = []
    monkeypatch.setattr(share_talk, "say", said.append)
    return said


@pytest.fixture
def far(meeting_folder):
    """The node's end of a port that is shared."""
    far = FarEnd()
    yield far
    far.close()
